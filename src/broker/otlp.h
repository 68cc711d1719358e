#pragma once
// What a client's push holds (KIP-714): OpenTelemetry's MetricsData, in protobuf, as far as Kafka's clients fill it.
//
//   MetricsData 1:ResourceMetrics*    ResourceMetrics 1:Resource 2:ScopeMetrics*    ScopeMetrics 2:Metric*
//   Metric 1:name 5:Gauge|7:Sum       Gauge 1:point*    Sum 1:point* 2:temporality 3:is_monotonic
//   point  4:double|6:sfixed64        7:attribute*      attribute 1:key 2:value
//
// protozero reads the wire (docs/decisions/0110); this says which fields are meant. Histograms and summaries, which no
// client of Kafka sends, are counted and left out. Every byte is a client's: the depth is fixed, nothing is kept, and
// what is taken is a few strings a point. Pure; any thread.
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace barnabas::broker {

struct OtlpAttribute {
  std::string_view key;
  std::string value;  // numbers as text
};

struct OtlpPoint {
  std::string_view metric;
  bool counter = false;  // a monotonic sum
  bool delta = false;    // of a sum: what came since the last push, else the whole
  double value = 0;
  const std::vector<OtlpAttribute>& attributes;
};

// Views are good during the call only.
struct OtlpVisitor {
  std::function<void(const OtlpAttribute&)> resource;
  std::function<void(const OtlpPoint&)> point;
};

// The number of points and metrics that could not be told: without a value, with an attribute that is a list, of a kind
// that is not read. kCorrupt: no such message; some of it may have been told before.
Result<std::uint64_t> read_otlp(ByteView payload, const OtlpVisitor& visitor);

}  // namespace barnabas::broker
