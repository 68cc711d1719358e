#pragma once
// Questions and orders that several commands have in common, over as many brokers as they need. One thread.
#include <map>

#include "client/cluster.h"
#include "model/error_code.h"
#include "protocol/generated/describe_configs.h"
#include "protocol/generated/incremental_alter_configs.h"

namespace barnabas::client {

struct NamedPartition {
  std::string topic;
  PartitionIndex partition = 0;
  friend auto operator<=>(const NamedPartition&, const NamedPartition&) = default;
};

// ListOffsets' special timestamps.
inline constexpr std::int64_t kLatest = -1, kEarliest = -2, kMaxTimestamp = -3;

struct FoundOffset {
  std::int64_t offset = -1;  // -1: there is no such record
  std::int64_t timestamp = -1;
  std::int32_t leader_epoch = -1;
  ErrorCode error = ErrorCode::kNone;
};
using OffsetsWanted = std::map<NamedPartition, std::int64_t>;  // to a timestamp in ms or a special one
using OffsetsFound = std::map<NamedPartition, FoundOffset>;

// Asks the leader of every partition. A partition that `topics` does not know, or without a leader, is found with that
// error; the whole fails only when a broker cannot be talked to.
Result<OffsetsFound> list_offsets(Cluster& cluster, const protocol::MetadataResponse& topics, const OffsetsWanted& wanted,
                                  bool read_committed = false);

// The numbers of DescribeConfigs.
enum class ResourceType : std::int8_t { kTopic = 2, kBroker = 4, kBrokerLogger = 8, kClientMetrics = 16, kGroup = 32 };

struct Resource {
  ResourceType type = ResourceType::kTopic;
  std::string name;  // a broker's id; "": the default of all brokers
};
std::string describe(const Resource& resource);  // "topic orders", "broker 1", "all brokers"

// One resource's configs; keys empty: all.
Result<std::vector<protocol::DescribeConfigsResponse::DescribeConfigsResourceResult>> describe_configs(Cluster& cluster,
                                                                                                       const Resource& resource,
                                                                                                       const std::vector<std::string>& keys,
                                                                                                       bool documentation = false);

struct ConfigChange {
  std::string name;
  std::optional<std::string> value;  // nullopt: back to what holds without it
};
Result<> alter_configs(Cluster& cluster, const Resource& resource, const std::vector<ConfigChange>& changes, bool validate_only);

}  // namespace barnabas::client
