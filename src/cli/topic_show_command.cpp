// barnabas topic list, describe: what shows topics.
#include <algorithm>

#include "cli/admin_command.h"
#include "client/admin.h"
#include "client/refusal.h"

namespace barnabas::cli {
namespace {

using client::Cluster;
using client::NamedPartition;
using Topic = protocol::MetadataResponse::MetadataResponseTopic;
using Config = protocol::DescribeConfigsResponse::DescribeConfigsResourceResult;

constexpr std::int8_t kSourceTopic = 1;  // of DescribeConfigs: set on the topic itself

Value ids(const std::vector<std::int32_t>& all) {
  Value::List list;
  for (const std::int32_t id : all) list.emplace_back(id);
  return list;
}

std::int32_t replicas(const Topic& topic) {
  std::size_t most = 0;
  for (const auto& partition : topic.partitions) most = std::max(most, partition.replica_nodes.size());
  return static_cast<std::int32_t>(most);
}

struct Offsets {
  client::OffsetsFound starts, ends;
};

Result<Offsets> offsets_of(Cluster& cluster, const protocol::MetadataResponse& topics) {
  client::OffsetsWanted starts, ends;
  for (const auto& topic : topics.topics) {
    for (const auto& partition : topic.partitions) {
      const NamedPartition id{topic.name.value_or(""), partition.partition_index};
      starts[id] = client::kEarliest;
      ends[id] = client::kLatest;
    }
  }
  Offsets offsets;
  TRY_ASSIGN(offsets.starts, client::list_offsets(cluster, topics, starts));
  TRY_ASSIGN(offsets.ends, client::list_offsets(cluster, topics, ends));
  return offsets;
}

Value offset(const client::FoundOffset& found) { return found.error == ErrorCode::kNone ? Value(found.offset) : Value(); }

Table partitions_of(const Topic& topic, const Offsets& offsets) {
  Table table({"partition", "leader", "epoch", "replicas", "in_sync", "start", "end", "error"});
  for (const auto& partition : topic.partitions) {
    const NamedPartition id{topic.name.value_or(""), partition.partition_index};
    const client::FoundOffset &start = offsets.starts.at(id), &end = offsets.ends.at(id);
    const ErrorCode error = partition.error_code != 0 ? static_cast<ErrorCode>(partition.error_code) : std::max(start.error, end.error);
    table.add({partition.partition_index, partition.leader_id < 0 ? Value() : Value(partition.leader_id), partition.leader_epoch,
               ids(partition.replica_nodes), ids(partition.isr_nodes), offset(start), offset(end),
               error == ErrorCode::kNone ? Value() : Value(name(error))});
  }
  return table;
}

std::string_view source(std::int8_t number) {
  switch (number) {
    case kSourceTopic: return "topic";
    case 2: return "broker, set while running";
    case 3: return "all brokers, set while running";
    case 4: return "broker's settings";
    case 5: return "default";
    case 8: return "group";
    default: return "unknown";
  }
}

Table configs_of(const std::vector<Config>& configs, bool all) {
  Table table({"config", "value", "source"});
  for (const Config& config : configs) {
    const bool default_value = config.config_source == 5 || (config.config_source < 0 && config.is_default);
    if (all || !default_value) table.add({config.name, config.value, source(config.config_source)});
  }
  return table;
}

// Text and object of one topic.
Result<std::pair<std::string, Value>> describe_one(Cluster& cluster, const Topic& topic, const Offsets& offsets, const TopicDescribe& asked,
                                                   const OutputOptions& output) {
  auto partitions = topic;
  std::ranges::sort(partitions.partitions, {}, [](const auto& each) { return each.partition_index; });
  const Table table = partitions_of(partitions, offsets);
  Value::Object object{{"topic", topic.name.value_or("")},
                       {"id", topic.topic_id.is_zero() ? Value() : Value(topic.topic_id.text())},
                       {"partitions", static_cast<std::int32_t>(topic.partitions.size())},
                       {"replicas", replicas(topic)},
                       {"internal", topic.is_internal}};
  std::string text = fields_text(object) + "\n" + table.text(!output.no_headings);
  object[2] = {"partition_count", object[2].second};
  object.emplace_back("partitions", table.value());
  const auto configs = client::describe_configs(cluster, {client::ResourceType::kTopic, topic.name.value_or("")}, {});
  if (configs) {
    const Table shown = configs_of(*configs, asked.all_configs);
    if (shown.size() > 0) text += "\n" + shown.text(!output.no_headings);
    object.emplace_back("configs", shown.value());
  } else if (configs.error().code == Errc::kUnsupported) {
    object.emplace_back("configs", Value());  // an old broker
  } else {
    return std::unexpected(configs.error());
  }
  return std::pair{std::move(text), Value(std::move(object))};
}

}  // namespace

int run(const Asked& asked, const TopicList& list) {
  auto cluster = connect(asked.context, asked.connection);
  if (!cluster) return wrong_usage(asked.context, cluster.error().message);
  auto answer = cluster->topics(std::nullopt);
  if (!answer) return failed(asked.context, answer.error());
  auto& topics = answer->message.topics;
  std::ranges::sort(topics, {}, &Topic::name);
  Table table({"topic", "partitions", "replicas", "id"});
  for (const Topic& topic : topics) {
    const std::string name = topic.name.value_or("");
    const auto fits = [&](const std::string& pattern) { return matches(pattern, name); };
    if (topic.is_internal && !list.internal) continue;
    if (!list.patterns.empty() && std::ranges::none_of(list.patterns, fits)) continue;
    table.add({name, static_cast<std::int32_t>(topic.partitions.size()), replicas(topic),
               topic.topic_id.is_zero() ? Value() : Value(topic.topic_id.text())});
  }
  print(asked.context, asked.output, table);
  return kDone;
}

int run(const Asked& asked, const TopicDescribe& describe) {
  auto cluster = connect(asked.context, asked.connection);
  if (!cluster) return wrong_usage(asked.context, cluster.error().message);
  const auto topics = cluster->topics(describe.names);
  if (!topics) return failed(asked.context, topics.error());
  const auto offsets = offsets_of(*cluster, **topics);
  if (!offsets) return failed(asked.context, offsets.error());
  std::string text;
  Value::List objects;
  int code = kDone;
  for (const Topic& topic : (*topics)->topics) {
    if (const auto there = client::accepted(topic.error_code, "topic " + topic.name.value_or("")); !there) {
      code = failed(asked.context, there.error());
      continue;
    }
    auto shown = describe_one(*cluster, topic, *offsets, describe, asked.output);
    if (!shown) return failed(asked.context, shown.error());
    text += (text.empty() ? "" : "\n") + shown->first;
    objects.push_back(std::move(shown->second));
  }
  print(asked.context, asked.output, text, objects);
  return code;
}

}  // namespace barnabas::cli
