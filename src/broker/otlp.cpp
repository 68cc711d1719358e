#include "broker/otlp.h"

#include <fmt/format.h>

#include <optional>
#include <protozero/pbf_reader.hpp>

namespace barnabas::broker {
namespace {

using protozero::data_view;
using protozero::pbf_reader;
using protozero::pbf_wire_type;
using protozero::tag_and_type;

constexpr std::size_t kAttributesMax = 16;
constexpr int kDelta = 1;  // AggregationTemporality

std::string_view text(const data_view& view) { return {view.data(), view.size()}; }

// AnyValue; nullopt: a list, a map, bytes, or nothing.
std::optional<std::string> any_value(pbf_reader value) {
  std::optional<std::string> found;
  while (value.next()) {
    switch (value.tag_and_type()) {
      case tag_and_type(1, pbf_wire_type::length_delimited): found = std::string(text(value.get_view())); break;
      case tag_and_type(2, pbf_wire_type::varint): found = value.get_bool() ? "true" : "false"; break;
      case tag_and_type(3, pbf_wire_type::varint): found = std::to_string(value.get_int64()); break;
      case tag_and_type(4, pbf_wire_type::fixed64): found = fmt::to_string(value.get_double()); break;
      default: value.skip();
    }
  }
  return found;
}

std::optional<OtlpAttribute> attribute(pbf_reader pair) {
  OtlpAttribute made;
  std::optional<std::string> value;
  while (pair.next()) {
    switch (pair.tag_and_type()) {
      case tag_and_type(1, pbf_wire_type::length_delimited): made.key = text(pair.get_view()); break;
      case tag_and_type(2, pbf_wire_type::length_delimited): value = any_value(pair.get_message()); break;
      default: pair.skip();
    }
  }
  if (!value) return std::nullopt;
  made.value = *std::move(value);
  return made;
}

struct Metric {
  std::string_view name;
  std::optional<pbf_reader> gauge, sum;
  bool other = false;  // a kind that is not read
};

Metric metric_of(pbf_reader message) {
  Metric metric;
  while (message.next()) {
    switch (message.tag_and_type()) {
      case tag_and_type(1, pbf_wire_type::length_delimited): metric.name = text(message.get_view()); break;
      case tag_and_type(5, pbf_wire_type::length_delimited): metric.gauge = message.get_message(); break;
      case tag_and_type(7, pbf_wire_type::length_delimited): metric.sum = message.get_message(); break;
      case tag_and_type(9, pbf_wire_type::length_delimited):
      case tag_and_type(10, pbf_wire_type::length_delimited):
      case tag_and_type(11, pbf_wire_type::length_delimited): metric.other = true; [[fallthrough]];
      default: message.skip();
    }
  }
  return metric;
}

class Reader {
 public:
  explicit Reader(const OtlpVisitor& visitor) : visitor_(visitor) {}

  void metrics_data(pbf_reader data) {
    while (data.next(1, pbf_wire_type::length_delimited)) resource_metrics(data.get_message());
  }
  std::uint64_t untold() const { return untold_; }

 private:
  void resource_metrics(pbf_reader message) {
    while (message.next()) {
      switch (message.tag_and_type()) {
        case tag_and_type(1, pbf_wire_type::length_delimited): resource(message.get_message()); break;
        case tag_and_type(2, pbf_wire_type::length_delimited): scope_metrics(message.get_message()); break;
        default: message.skip();
      }
    }
  }

  void resource(pbf_reader message) {
    while (message.next(1, pbf_wire_type::length_delimited)) {
      if (const auto told = attribute(message.get_message())) visitor_.resource(*told);
    }
  }

  void scope_metrics(pbf_reader message) {
    while (message.next(2, pbf_wire_type::length_delimited)) {
      const Metric metric = metric_of(message.get_message());
      if (metric.gauge) points(metric.name, *metric.gauge, /*counter=*/false, /*delta=*/false);
      if (metric.sum) sum(metric.name, *metric.sum);
      if (metric.other) ++untold_;
    }
  }

  void sum(std::string_view name, pbf_reader message) {
    bool monotonic = false, delta = false;
    for (pbf_reader looked = message; looked.next();) {
      switch (looked.tag_and_type()) {
        case tag_and_type(2, pbf_wire_type::varint): delta = looked.get_enum() == kDelta; break;
        case tag_and_type(3, pbf_wire_type::varint): monotonic = looked.get_bool(); break;
        default: looked.skip();
      }
    }
    points(name, message, monotonic, delta);
  }

  void points(std::string_view name, pbf_reader message, bool counter, bool delta) {
    while (message.next(1, pbf_wire_type::length_delimited)) {
      attributes_.clear();
      const std::optional<double> value = point(message.get_message());
      if (!value) {
        ++untold_;
        continue;
      }
      visitor_.point({.metric = name, .counter = counter, .delta = delta, .value = *value, .attributes = attributes_});
    }
  }

  // Its attributes are in attributes_ then; nullopt: it cannot be told.
  std::optional<double> point(pbf_reader message) {
    std::optional<double> value;
    bool tellable = true;
    while (message.next()) {
      switch (message.tag_and_type()) {
        case tag_and_type(4, pbf_wire_type::fixed64): value = message.get_double(); break;
        case tag_and_type(6, pbf_wire_type::fixed64): value = static_cast<double>(message.get_sfixed64()); break;
        case tag_and_type(7, pbf_wire_type::length_delimited): {
          auto told = attribute(message.get_message());
          tellable = tellable && told && attributes_.size() < kAttributesMax;
          if (tellable) attributes_.push_back(*std::move(told));
          break;
        }
        default: message.skip();
      }
    }
    return tellable ? value : std::nullopt;
  }

  const OtlpVisitor& visitor_;
  std::vector<OtlpAttribute> attributes_;
  std::uint64_t untold_ = 0;
};

}  // namespace

Result<std::uint64_t> read_otlp(ByteView payload, const OtlpVisitor& visitor) {
  Reader reader(visitor);
  try {
    reader.metrics_data(pbf_reader(reinterpret_cast<const char*>(payload.data()), payload.size()));
  } catch (const protozero::exception& error) { return fail(Errc::kCorrupt, error.what()); }
  return reader.untold();
}

}  // namespace barnabas::broker
