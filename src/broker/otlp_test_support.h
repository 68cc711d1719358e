#pragma once
// OTLP metrics as a test writes them (otlp.h says which fields those are).
#include <initializer_list>
#include <protozero/pbf_writer.hpp>
#include <string>
#include <utility>

namespace barnabas::broker::otlp_write {

using protozero::pbf_writer;
using Attributes = std::initializer_list<std::pair<std::string, std::string>>;

template <class F>
std::string message(F&& fill) {
  std::string out;
  pbf_writer writer(out);
  fill(writer);
  return out;
}

inline std::string attribute(const std::string& key, const std::string& value) {
  return message([&](pbf_writer& pair) {
    pair.add_string(1, key);
    pair.add_message(2, message([&](pbf_writer& any) { any.add_string(1, value); }));
  });
}

inline std::string point(double value, Attributes attributes) {
  return message([&](pbf_writer& point) {
    point.add_double(4, value);
    for (const auto& [key, text] : attributes) point.add_message(7, attribute(key, text));
  });
}

inline std::string gauge(const std::string& name, double value, Attributes attributes = {}) {
  return message([&](pbf_writer& metric) {
    metric.add_string(1, name);
    metric.add_message(5, message([&](pbf_writer& gauge) { gauge.add_message(1, point(value, attributes)); }));
  });
}

// temporality 1: what came since the last push, 2: the whole
inline std::string sum(const std::string& name, double value, int temporality, bool monotonic, Attributes attributes = {}) {
  return message([&](pbf_writer& metric) {
    metric.add_message(7, message([&](pbf_writer& sum) {
                         sum.add_message(1, point(value, attributes));
                         sum.add_enum(2, temporality);
                         sum.add_bool(3, monotonic);
                       }));
    metric.add_string(1, name);  // fields may come in any order
  });
}

inline std::string counter(const std::string& name, double value, Attributes attributes = {}) {
  return sum(name, value, 1, true, attributes);
}

inline std::string metrics(std::initializer_list<std::string> all, Attributes resource = {}) {
  return message([&](pbf_writer& data) {
    data.add_message(1, message([&](pbf_writer& of_resource) {
                       of_resource.add_message(1, message([&](pbf_writer& about) {
                                                 for (const auto& [key, text] : resource) about.add_message(1, attribute(key, text));
                                               }));
                       of_resource.add_message(2, message([&](pbf_writer& scope) {
                                                 for (const std::string& metric : all) scope.add_message(2, metric);
                                               }));
                     }));
  });
}

}  // namespace barnabas::broker::otlp_write
