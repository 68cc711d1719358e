#pragma once
// One subscription of client metrics (KIP-714): which clients push which metrics, how often.
//
//   interval.ms=10000  metrics=org.apache.kafka.producer.  match=client_id=shop-.*,client_software_name=apache-kafka-java
//
// A client matches when every pattern fits the whole of what it says of itself; a subscription without patterns is for
// all. Patterns are an operator's, the texts are a client's: they are matched by RE2, whose time grows with the text and never
// explodes, whatever the pattern (docs/decisions/0110). Back references and looking around, which Java has, it has not.
//
// Threads: a subscription is a constant; any.
#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "config/settings.h"

namespace re2 {
class RE2;
}

namespace barnabas {

// What a client says of itself and a match may ask for: client_instance_id, client_id, client_software_name,
// client_software_version, client_source_address, client_source_port.
inline constexpr std::size_t kClientAttributes = 6;
using ClientAttributes = std::array<std::string_view, kClientAttributes>;

inline constexpr std::int32_t kPushIntervalDefaultMs = 300'000;
inline constexpr std::string_view kAllClientMetrics = "*";

class ClientSubscription {
 public:
  // kInvalidArgument: a name nobody knows, or an interval out of bounds (an INVALID_REQUEST to a client, as in Kafka).
  // kUnsupported: an interval that is no number, or a `match` that nobody can follow (an INVALID_CONFIG).
  static Result<ClientSubscription> make(const ConfigMap& configs);

  bool matches(const ClientAttributes& client) const;
  const std::vector<std::string>& metrics() const { return metrics_; }  // prefixes, or "*" among them
  std::int32_t interval_ms() const { return interval_ms_; }

 private:
  std::array<std::shared_ptr<const re2::RE2>, kClientAttributes> patterns_;  // null: anything
  std::vector<std::string> metrics_;
  std::int32_t interval_ms_ = kPushIntervalDefaultMs;
};

}  // namespace barnabas
