// CreateTopics. Rules: A6 (names, collisions, counts, assignments, configs, duplicates), A8 (size of the whole wish).
// A topic that is created again under an old name is another topic: it gets a new id and inherits nothing.
#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "config/topic_config.h"
#include "controller/decide.h"
#include "controller/placement.h"

namespace barnabas::controller {
namespace {

using metadata::ConfigOverrides;

Verdict refuse(ErrorCode code, std::string message) { return {code, std::move(message)}; }

// Names this very wish creates, by their unified spelling, so that two of them cannot collide either.
using CreatedNames = std::unordered_map<std::string, std::string>;

Verdict check_name(const Context& context, const std::string& name, const CreatedNames& created) {
  if (std::string problem = topic_name_problem(name); !problem.empty()) {
    return refuse(ErrorCode::kInvalidTopicException, "Topic name is invalid: " + problem);
  }
  if (name == "__cluster_metadata") return refuse(ErrorCode::kTopicAuthorizationFailed, "The metadata log is not a topic to create.");
  if (context.image.find_topic(name) != nullptr) {
    return refuse(ErrorCode::kTopicAlreadyExists, fmt::format("Topic '{}' already exists.", name));
  }
  std::string_view other = context.image.colliding_topic(name);
  if (const auto mine = created.find(metadata::unified_topic_name(name)); mine != created.end()) other = mine->second;
  if (other.empty()) return {};
  return refuse(ErrorCode::kInvalidTopicException,
                fmt::format("Topic '{}' collides with topic '{}': metrics do not tell '.' from '_'.", name, other));
}

template <class T>
Result<> without_value(const Result<T>& result) {
  if (!result) return std::unexpected(result.error());
  return {};
}

Verdict check_configs(const Context& context, const CreateTopics::Topic& topic, ConfigOverrides& overrides) {
  for (const ConfigEntry& entry : topic.configs) {
    if (!entry.value) return refuse(ErrorCode::kInvalidConfig, fmt::format("Config {} has no value.", entry.name));
    overrides.insert_or_assign(entry.name, *entry.value);
  }
  if (overrides.empty()) return {};
  // Users may ask for what is built; the broker's own topics are stored as Kafka stores them.
  const Settings settings = context.policy.settings->with_dynamic(context.image.broker_configs(""), {});
  const Result<> checked =
      is_internal_topic(topic.name) ? without_value(TopicConfig::make(settings, overrides)) : check_topic_configs(settings, overrides);
  return checked ? Verdict{} : refuse(ErrorCode::kInvalidConfig, checked.error().message);
}

Verdict take_manual(const Context& context, const CreateTopics::Topic& topic, std::vector<std::vector<BrokerId>>& replicas) {
  if (topic.partitions != -1 || topic.replication_factor != -1) {
    return refuse(ErrorCode::kInvalidRequest, "With an assignment given, the number of partitions and the replication factor must be -1.");
  }
  replicas.resize(topic.assignments.size());
  const std::size_t factor = topic.assignments.front().replicas.size();
  for (const ManualAssignment& assignment : topic.assignments) {
    const auto index = static_cast<std::size_t>(assignment.partition);
    if (assignment.partition < 0 || index >= replicas.size()) {
      return refuse(ErrorCode::kInvalidReplicaAssignment, "The assigned partitions do not count from 0 without a gap.");
    }
    if (!replicas[index].empty()) {
      return refuse(ErrorCode::kInvalidReplicaAssignment, fmt::format("Partition {} is assigned twice.", assignment.partition));
    }
    if (Verdict verdict = check_assignment(context.image, assignment.replicas, factor); !verdict.ok()) return verdict;
    replicas[index] = assignment.replicas;
  }
  return {};
}

Verdict choose(const Context& context, const CreateTopics::Topic& topic, std::vector<std::vector<BrokerId>>& replicas) {
  if (!topic.assignments.empty()) return take_manual(context, topic, replicas);
  if (topic.partitions == 0 || topic.partitions < -1) {
    return refuse(ErrorCode::kInvalidPartitions, "The number of partitions must be positive, or -1 for the default.");
  }
  if (topic.replication_factor == 0 || topic.replication_factor < -1) {
    return refuse(ErrorCode::kInvalidReplicationFactor, "The replication factor must be positive, or -1 for the default.");
  }
  const std::int32_t count = topic.partitions == -1 ? context.policy.num_partitions : topic.partitions;
  const std::int16_t factor = topic.replication_factor == -1 ? context.policy.default_replication_factor : topic.replication_factor;
  auto placed = place(context.image, count, factor, context.random);
  if (!placed) return refuse(placed.error().code, std::move(placed.error().message));
  replicas = *std::move(placed);
  return {};
}

void add_records(const Context& context, const CreatedTopic& created, std::vector<std::vector<BrokerId>> replicas,
                 std::vector<metadata::Record>& records) {
  metadata::TopicRecord topic;
  topic.topic_id = created.id;
  topic.name = created.name;
  records.emplace_back(std::move(topic));
  for (const auto& [name, value] : created.configs) {
    metadata::ConfigRecord config;
    config.resource_type = static_cast<std::int8_t>(metadata::ResourceType::kTopic);
    config.resource_name = created.name;
    config.name = name;
    config.value = value;
    records.emplace_back(std::move(config));
  }
  for (std::size_t i = 0; i < replicas.size(); ++i) {
    records.emplace_back(new_partition(context.image, created.id, static_cast<PartitionIndex>(i), std::move(replicas[i])));
  }
}

// Before anything is made: a wish for a billion partitions costs nothing.
std::size_t record_count(const Context& context, const CreateTopics& wish) {
  std::size_t total = 0;
  for (const CreateTopics::Topic& topic : wish.topics) {
    std::size_t partitions = topic.assignments.size();
    if (partitions == 0)
      partitions = static_cast<std::size_t>(std::max(topic.partitions == -1 ? context.policy.num_partitions : topic.partitions, 0));
    total += 1 + partitions + topic.configs.size();
  }
  return total;
}

CreatedTopic create(const Context& context, const CreateTopics::Topic& topic, CreatedNames& names, std::vector<metadata::Record>& records) {
  CreatedTopic created;
  created.name = topic.name;
  ConfigOverrides configs;
  std::vector<std::vector<BrokerId>> replicas;
  created.verdict = check_name(context, topic.name, names);
  if (created.verdict.ok()) created.verdict = choose(context, topic, replicas);
  if (created.verdict.ok()) created.verdict = check_configs(context, topic, configs);
  if (!created.verdict.ok()) return created;
  created.id = Uuid::random(context.random);
  created.partitions = static_cast<std::int32_t>(replicas.size());
  created.replication_factor = static_cast<std::int16_t>(replicas.front().size());
  created.configs = std::move(configs);
  names.emplace(metadata::unified_topic_name(topic.name), topic.name);
  add_records(context, created, std::move(replicas), records);
  return created;
}

}  // namespace

Decided<CreateTopics> decide(const Context& context, const CreateTopics& wish) {
  if (record_count(context, wish) > context.policy.max_records) {
    return std::unexpected(
        Refusal{ErrorCode::kPolicyViolation,
                fmt::format("One request may make at most {} topics, partitions and configs together.", context.policy.max_records)});
  }
  std::unordered_map<std::string_view, int> asked;
  for (const CreateTopics::Topic& topic : wish.topics) ++asked[topic.name];

  Decision<CreateTopics::Response> decision;
  CreatedNames names;
  for (const CreateTopics::Topic& topic : wish.topics) {
    int& times = asked[topic.name];
    if (times == 0) continue;  // answered at its first place
    if (std::exchange(times, 0) > 1) {
      CreatedTopic twice;
      twice.verdict = refuse(ErrorCode::kInvalidRequest, "The topic is named more than once.");
      twice.name = topic.name;
      decision.response.push_back(std::move(twice));
      continue;
    }
    decision.response.push_back(create(context, topic, names, decision.records));
  }
  if (wish.validate_only) decision.records.clear();
  return decision;
}

}  // namespace barnabas::controller
