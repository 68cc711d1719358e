// kafka-topics.sh
#include <fmt/format.h>

#include <algorithm>

#include "cli/shim.h"
#include "client/admin.h"
#include "client/refusal.h"
#include "protocol/generated/create_partitions.h"
#include "protocol/generated/create_topics.h"
#include "protocol/generated/delete_topics.h"

namespace barnabas::cli {
namespace {

using client::Cluster;
using Topic = protocol::MetadataResponse::MetadataResponseTopic;

constexpr std::int8_t kSourceTopic = 1;

std::unexpected<Error> bad(std::string why) { return fail(Errc::kInvalidArgument, std::move(why)); }

Result<std::vector<Topic>> chosen(Cluster& cluster, const ShimOptions& options) {
  TRY_ASSIGN(auto answer, cluster.topics(std::nullopt));
  std::vector<Topic> topics;
  for (Topic& topic : answer.message.topics) {
    bool wanted = true;
    if (options.has("topic")) { TRY_ASSIGN(wanted, fits(options.get("topic"), topic.name.value_or(""))); }
    if (wanted && !(topic.is_internal && options.has("exclude-internal"))) topics.push_back(std::move(topic));
  }
  std::ranges::sort(topics, {}, &Topic::name);
  if (topics.empty() && options.has("topic") && !options.has("if-exists") && !options.has("list")) {
    return bad("Error while executing topic command : Topic '" + options.get("topic") + "' does not exist as expected");
  }
  return topics;
}

Result<> create(const Context& context, Cluster& cluster, const ShimOptions& options) {
  protocol::CreateTopicsRequest request;
  request.timeout_ms = cluster.timeout_ms();
  auto& topic = request.topics.emplace_back();
  topic.name = options.get("topic");
  if (topic.name.empty()) return bad("Missing required argument \"[topic]\"");
  TRY_ASSIGN(const std::int64_t partitions, options.number("partitions", -1));
  TRY_ASSIGN(const std::int64_t replicas, options.number("replication-factor", -1));
  topic.num_partitions = static_cast<std::int32_t>(partitions);
  topic.replication_factor = static_cast<std::int16_t>(replicas);
  for (const std::string& text : options.all("config")) {
    TRY_ASSIGN(const auto pair, key_value(text));
    auto& config = topic.configs.emplace_back();
    config.name = pair.first;
    config.value = pair.second;
  }
  TRY_ASSIGN(client::Connection * controller, cluster.controller());
  TRY_ASSIGN(const auto answer, controller->call<protocol::CreateTopicsResponse>(request, INT16_MAX, cluster.deadline()));
  for (const auto& result : answer->topics) {
    if (result.error_code == wire(ErrorCode::kTopicAlreadyExists) && options.has("if-not-exists")) return {};
    TRY(client::accepted(result.error_code, "Error while executing topic command", result.error_message));
  }
  context.console.out("Created topic " + topic.name + ".\n");
  return {};
}

std::string ids(const std::vector<std::int32_t>& all) {
  std::string out;
  for (const std::int32_t id : all) out += (out.empty() ? "" : ",") + std::to_string(id);
  return out;
}

Result<> describe(const Context& context, Cluster& cluster, const ShimOptions& options) {
  TRY_ASSIGN(const auto topics, chosen(cluster, options));
  for (const Topic& topic : topics) {
    const std::string name = topic.name.value_or("");
    std::string configs;
    const auto all = client::describe_configs(cluster, {client::ResourceType::kTopic, name}, {});
    if (!all && all.error().code != Errc::kUnsupported) return std::unexpected(all.error());
    for (std::size_t i = 0; all && i < all->size(); ++i) {
      const auto& config = (*all)[i];
      if (config.config_source == kSourceTopic) configs += (configs.empty() ? "" : ",") + config.name + "=" + config.value.value_or("");
    }
    const std::size_t replicas = topic.partitions.empty() ? 0 : topic.partitions.front().replica_nodes.size();
    context.console.out(fmt::format("Topic: {}\tTopicId: {}\tPartitionCount: {}\tReplicationFactor: {}\tConfigs: {}\n", name,
                                    topic.topic_id.text(), topic.partitions.size(), replicas, configs));
    auto partitions = topic.partitions;
    std::ranges::sort(partitions, {}, [](const auto& each) { return each.partition_index; });
    for (const auto& partition : partitions) {
      const std::string leader = partition.leader_id < 0 ? "none" : std::to_string(partition.leader_id);
      context.console.out(fmt::format("\tTopic: {}\tPartition: {}\tLeader: {}\tReplicas: {}\tIsr: {}\n", name, partition.partition_index,
                                      leader, ids(partition.replica_nodes), ids(partition.isr_nodes)));
    }
  }
  return {};
}

Result<> alter(Cluster& cluster, const ShimOptions& options) {
  TRY_ASSIGN(const auto topics, chosen(cluster, options));
  TRY_ASSIGN(const std::int64_t partitions, options.number("partitions", -1));
  if (partitions < 0) return bad("Missing required argument \"[partitions]\"");
  TRY_ASSIGN(client::Connection * controller, cluster.controller());
  protocol::CreatePartitionsRequest request;
  request.timeout_ms = cluster.timeout_ms();
  for (const Topic& topic : topics) {
    auto& one = request.topics.emplace_back();
    one.name = topic.name.value_or("");
    one.count = static_cast<std::int32_t>(partitions);
    one.assignments.reset();
  }
  TRY_ASSIGN(const auto answer, controller->call<protocol::CreatePartitionsResponse>(request, INT16_MAX, cluster.deadline()));
  for (const auto& result : answer->results)
    TRY(client::accepted(result.error_code, "Error while executing topic command", result.error_message));
  return {};
}

Result<> remove(Cluster& cluster, const ShimOptions& options) {
  if (!options.has("topic")) return bad("Missing required argument \"[topic]\"");
  TRY_ASSIGN(const auto topics, chosen(cluster, options));
  TRY_ASSIGN(client::Connection * controller, cluster.controller());
  TRY_ASSIGN(const std::int16_t version, controller->version(protocol::ApiKey::kDeleteTopics));
  protocol::DeleteTopicsRequest request;
  request.timeout_ms = cluster.timeout_ms();
  for (const Topic& topic : topics) {
    if (version >= 6) {
      request.topics.emplace_back().name = topic.name;
    } else {
      request.topic_names.push_back(topic.name.value_or(""));
    }
  }
  TRY_ASSIGN(const auto answer, controller->call<protocol::DeleteTopicsResponse>(request, version, cluster.deadline()));
  for (const auto& result : answer->responses)
    TRY(client::accepted(result.error_code, "Error while executing topic command", result.error_message));
  return {};
}

Result<> run_topics(const Context& context, const ShimOptions& options) {
  TRY_ASSIGN(const ConnectionOptions connection, shim_connection(context, options, "command-config"));
  TRY_ASSIGN(Cluster cluster, connect(context, connection));
  int actions = 0;
  for (const char* action : {"create", "list", "describe", "alter", "delete"}) actions += options.has(action) ? 1 : 0;
  if (actions != 1) return bad("Command must include exactly one action: --list, --describe, --create, --alter or --delete");
  if (options.has("create")) return create(context, cluster, options);
  if (options.has("describe")) return describe(context, cluster, options);
  if (options.has("alter")) return alter(cluster, options);
  if (options.has("delete")) return remove(cluster, options);
  TRY_ASSIGN(const auto topics, chosen(cluster, options));
  for (const Topic& topic : topics) context.console.out(topic.name.value_or("") + "\n");
  return {};
}

}  // namespace

const Shim kTopicsShim{"kafka-topics.sh",
                       {"bootstrap-server=", "command-config=", "create", "list", "describe", "alter", "delete",
                        "topic=", "partitions=", "replication-factor=", "config=", "if-exists", "if-not-exists", "exclude-internal"},
                       run_topics};

}  // namespace barnabas::cli
