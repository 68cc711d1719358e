#include "client/admin.h"

#include <charconv>

#include "client/refusal.h"
#include "protocol/generated/list_offsets.h"

namespace barnabas::client {
namespace {

using protocol::ListOffsetsRequest;
using protocol::ListOffsetsResponse;

// Kafka's source of a topic's or broker's config is its own node, or any for topics and groups.
Result<Connection*> keeper(Cluster& cluster, const Resource& resource) {
  const bool node = resource.type == ResourceType::kBroker || resource.type == ResourceType::kBrokerLogger;
  if (!node || resource.name.empty()) return cluster.any();
  BrokerId id = -1;
  const char* end = resource.name.data() + resource.name.size();
  if (std::from_chars(resource.name.data(), end, id).ptr != end) return fail(Errc::kInvalidArgument, "a broker is named by its number");
  return cluster.broker(id);
}

ListOffsetsRequest request_for(const OffsetsWanted& wanted, bool read_committed) {
  ListOffsetsRequest request;
  request.replica_id = -1;
  request.isolation_level = read_committed ? 1 : 0;
  for (const auto& [partition, timestamp] : wanted) {
    if (request.topics.empty() || request.topics.back().name != partition.topic) request.topics.emplace_back().name = partition.topic;
    auto& one = request.topics.back().partitions.emplace_back();
    one.partition_index = partition.partition;
    one.timestamp = timestamp;
  }
  return request;
}

}  // namespace

Result<OffsetsFound> list_offsets(Cluster& cluster, const protocol::MetadataResponse& topics, const OffsetsWanted& wanted,
                                  bool read_committed) {
  OffsetsFound found;
  std::map<NamedPartition, BrokerId> leaders;
  for (const auto& topic : topics.topics) {
    for (const auto& partition : topic.partitions) leaders[{topic.name.value_or(""), partition.partition_index}] = partition.leader_id;
  }
  std::map<BrokerId, OffsetsWanted> by_leader;
  for (const auto& [partition, timestamp] : wanted) {
    const auto leader = leaders.find(partition);
    if (leader == leaders.end()) {
      found[partition].error = ErrorCode::kUnknownTopicOrPartition;
    } else if (leader->second < 0) {
      found[partition].error = ErrorCode::kLeaderNotAvailable;
    } else {
      by_leader[leader->second][partition] = timestamp;
    }
  }
  for (const auto& [leader, asked] : by_leader) {
    TRY_ASSIGN(Connection * broker, cluster.broker(leader));
    TRY_ASSIGN(const auto answer, broker->call<ListOffsetsResponse>(request_for(asked, read_committed), INT16_MAX, cluster.deadline()));
    for (const auto& topic : answer->topics) {
      for (const auto& one : topic.partitions) {
        found[{topic.name, one.partition_index}] = {one.offset, one.timestamp, one.leader_epoch, static_cast<ErrorCode>(one.error_code)};
      }
    }
  }
  return found;
}

std::string describe(const Resource& resource) {
  switch (resource.type) {
    case ResourceType::kTopic: return "topic " + resource.name;
    case ResourceType::kBroker: return resource.name.empty() ? "all brokers" : "broker " + resource.name;
    case ResourceType::kBrokerLogger: return "loggers of broker " + resource.name;
    case ResourceType::kClientMetrics: return "client metrics " + resource.name;
    case ResourceType::kGroup: return "group " + resource.name;
  }
  return resource.name;
}

Result<std::vector<protocol::DescribeConfigsResponse::DescribeConfigsResourceResult>> describe_configs(Cluster& cluster,
                                                                                                       const Resource& resource,
                                                                                                       const std::vector<std::string>& keys,
                                                                                                       bool documentation) {
  TRY_ASSIGN(Connection * broker, keeper(cluster, resource));
  TRY_ASSIGN(const std::int16_t version, broker->version(protocol::ApiKey::kDescribeConfigs));
  protocol::DescribeConfigsRequest request;
  request.include_documentation = documentation && version >= 3;
  request.include_synonyms = version >= 1;
  auto& one = request.resources.emplace_back();
  one.resource_type = static_cast<std::int8_t>(resource.type);
  one.resource_name = resource.name;
  one.configuration_keys.reset();
  if (!keys.empty()) one.configuration_keys = keys;
  TRY_ASSIGN(auto answer, broker->call<protocol::DescribeConfigsResponse>(request, version, cluster.deadline()));
  if (answer->results.size() != 1) return fail(Errc::kCorrupt, describe(resource) + ": the broker answered for something else");
  auto& result = answer.message.results.front();
  TRY(accepted(result.error_code, describe(resource), result.error_message));
  return std::move(result.configs);
}

Result<> alter_configs(Cluster& cluster, const Resource& resource, const std::vector<ConfigChange>& changes, bool validate_only) {
  TRY_ASSIGN(Connection * broker, keeper(cluster, resource));
  protocol::IncrementalAlterConfigsRequest request;
  request.validate_only = validate_only;
  auto& one = request.resources.emplace_back();
  one.resource_type = static_cast<std::int8_t>(resource.type);
  one.resource_name = resource.name;
  for (const ConfigChange& change : changes) {
    auto& config = one.configs.emplace_back();
    config.name = change.name;
    config.config_operation = change.value ? 0 : 1;
    config.value = change.value;
  }
  TRY_ASSIGN(const auto answer, broker->call<protocol::IncrementalAlterConfigsResponse>(request, INT16_MAX, cluster.deadline()));
  for (const auto& response : answer->responses) TRY(accepted(response.error_code, describe(resource), response.error_message));
  return {};
}

}  // namespace barnabas::client
