#include "broker/client_series.h"

#include <algorithm>
#include <tuple>

#include "broker/otlp.h"

namespace barnabas::broker {
namespace {

constexpr std::size_t kLabelMaxBytes = 255;

auto labels_of(const ClientSeries& series) {
  return std::tie(series.counter, series.metric, series.topic, series.partition, series.node, series.attributes);
}

void add_escaped(std::string& out, std::string_view text) {
  for (const char c : text) {
    switch (c) {
      case '%': out += "%25"; break;
      case ',': out += "%2C"; break;
      case '=': out += "%3D"; break;
      default: out += c;
    }
  }
}

void set_attributes(ClientSeries& series, const std::vector<OtlpAttribute>& attributes) {
  std::vector<const OtlpAttribute*> others;
  for (const OtlpAttribute& attribute : attributes) {
    if (attribute.key == "topic") {
      series.topic = attribute.value;
    } else if (attribute.key == "partition") {
      series.partition = attribute.value;
    } else if (attribute.key == "node_id" || attribute.key == "node.id") {
      series.node = attribute.value;
    } else if (attribute.key != "client_id") {  // a label of all of the client's series
      others.push_back(&attribute);
    }
  }
  std::ranges::sort(others, {},
                    [](const OtlpAttribute* attribute) { return std::pair(attribute->key, std::string_view(attribute->value)); });
  for (const OtlpAttribute* attribute : others) {
    if (!series.attributes.empty()) series.attributes += ',';
    add_escaped(series.attributes, attribute->key);
    series.attributes += '=';
    add_escaped(series.attributes, attribute->value);
  }
}

bool labels_fit(const ClientSeries& series) {
  return !series.metric.empty() && series.metric.size() <= kLabelMaxBytes && series.topic.size() <= kLabelMaxBytes &&
         series.partition.size() <= kLabelMaxBytes && series.node.size() <= kLabelMaxBytes && series.attributes.size() <= kLabelMaxBytes;
}

// Ordered, and one for all of the same labels: differences add up, of other values (a client's mistake) any one counts.
void unite(std::vector<ClientSeries>& series) {
  std::sort(series.begin(), series.end(), [](const ClientSeries& a, const ClientSeries& b) { return a < b; });
  std::size_t kept = 0;
  for (std::size_t i = 0; i < series.size(); ++i) {
    if (kept > 0 && series[kept - 1].same_labels(series[i])) {
      ClientSeries& one = series[kept - 1];
      one.value = series[i].adds_up && one.adds_up ? one.value + series[i].value : series[i].value;
      one.adds_up = series[i].adds_up;
    } else {
      if (kept != i) series[kept] = std::move(series[i]);
      ++kept;
    }
  }
  series.resize(kept);
}

}  // namespace

std::strong_ordering ClientSeries::operator<=>(const ClientSeries& other) const { return labels_of(*this) <=> labels_of(other); }

bool is_asked_for(std::string_view metric, const std::vector<std::string>& prefixes) {
  return std::ranges::any_of(prefixes, [&](const std::string& prefix) { return prefix == "*" || metric.starts_with(prefix); });
}

Result<ClientPush> read_client_push(ByteView payload, const std::vector<std::string>& prefixes, std::size_t most) {
  ClientPush push;
  OtlpVisitor visitor;
  visitor.resource = [&](const OtlpAttribute& attribute) {
    if (attribute.key == "group_id" && attribute.value.size() <= kLabelMaxBytes) push.group_id = attribute.value;
  };
  visitor.point = [&](const OtlpPoint& point) {
    ClientSeries series{.counter = point.counter, .metric = {}, .topic = {}, .partition = {}, .node = {}, .attributes = {}};
    bool taken = point.metric.size() <= kLabelMaxBytes && is_asked_for(point.metric, prefixes) && push.series.size() < most;
    if (taken) {
      series.metric = point.metric;
      series.value = point.value;
      series.adds_up = point.delta;
      set_attributes(series, point.attributes);
      taken = labels_fit(series);
    }
    if (taken) {
      push.series.push_back(std::move(series));
    } else {
      ++push.left_out;
    }
  };
  TRY_ASSIGN(const std::uint64_t untold, read_otlp(payload, visitor));
  push.left_out += untold;
  unite(push.series);
  return push;
}

std::vector<ClientSeries> after_push(const std::vector<ClientSeries>& before, ClientPush&& push, const std::vector<std::string>& prefixes,
                                     std::size_t most, std::uint64_t& left_out) {
  std::vector<ClientSeries> after;
  after.reserve(std::min(most, before.size() + push.series.size()));
  const auto add = [&](ClientSeries&& series) { after.size() < most ? after.push_back(std::move(series)) : void(++left_out); };
  auto old = before.begin();
  for (ClientSeries& now : push.series) {
    for (; old != before.end() && *old < now; ++old) {
      if (old->adds_up && is_asked_for(old->metric, prefixes)) add(ClientSeries(*old));
    }
    if (old != before.end() && old->same_labels(now)) {
      if (now.adds_up) now.value += old->value;
      ++old;
    }
    add(std::move(now));
  }
  for (; old != before.end(); ++old) {
    if (old->adds_up && is_asked_for(old->metric, prefixes)) add(ClientSeries(*old));
  }
  return after;
}

}  // namespace barnabas::broker
