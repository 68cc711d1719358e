// CreatePartitions: a topic's partitions only ever grow in number. Rules: A6's counts and assignments, A8.
#include <fmt/format.h>

#include <unordered_map>
#include <utility>

#include "controller/decide.h"
#include "controller/placement.h"

namespace barnabas::controller {
namespace {

Verdict choose(const Context& context, const metadata::Topic& topic, const CreatePartitions::Topic& wish,
               std::vector<std::vector<BrokerId>>& replicas) {
  const auto now = static_cast<std::int32_t>(topic.partitions.size());
  if (wish.count == now) return {ErrorCode::kInvalidPartitions, fmt::format("The topic already has {} partition(s).", now)};
  if (wish.count < now) {
    return {ErrorCode::kInvalidPartitions, fmt::format("The topic has {} partition(s), and {} would not be more.", now, wish.count)};
  }
  const std::int32_t more = wish.count - now;
  const std::size_t factor = topic.partitions.empty() ? 1 : topic.partitions.front()->replicas.size();
  if (!wish.assignments) {
    auto placed = place(context.image, more, static_cast<std::int16_t>(factor), context.random);
    if (!placed) return {placed.error().code, std::move(placed.error().message)};
    replicas = *std::move(placed);
    return {};
  }
  if (wish.assignments->size() != static_cast<std::size_t>(more)) {
    return {ErrorCode::kInvalidReplicaAssignment,
            fmt::format("{} partition(s) are to be added, but {} are assigned.", more, wish.assignments->size())};
  }
  for (const auto& assignment : *wish.assignments) {
    if (Verdict verdict = check_assignment(context.image, assignment, factor); !verdict.ok()) return verdict;
  }
  replicas = *wish.assignments;
  return {};
}

GrownTopic grow(const Context& context, const CreatePartitions::Topic& wish, std::vector<metadata::Record>& records) {
  GrownTopic grown{{}, wish.name};
  const metadata::Topic* topic = context.image.find_topic(wish.name);
  if (topic == nullptr) {
    grown.verdict = {ErrorCode::kUnknownTopicOrPartition, "There is no such topic."};
    return grown;
  }
  std::vector<std::vector<BrokerId>> replicas;
  grown.verdict = choose(context, *topic, wish, replicas);
  auto index = static_cast<PartitionIndex>(topic->partitions.size());
  for (auto& assigned : replicas) records.emplace_back(new_partition(context.image, topic->id, index++, std::move(assigned)));
  return grown;
}

// How many partitions would be made, before any is.
std::int64_t new_partitions(const metadata::Image& image, const CreatePartitions& wish) {
  std::int64_t total = 0;
  for (const CreatePartitions::Topic& topic : wish.topics) {
    const metadata::Topic* found = image.find_topic(topic.name);
    if (found != nullptr) total += std::max<std::int64_t>(0, topic.count - static_cast<std::int64_t>(found->partitions.size()));
  }
  return total;
}

}  // namespace

Decided<CreatePartitions> decide(const Context& context, const CreatePartitions& wish) {
  if (std::cmp_greater(new_partitions(context.image, wish), context.policy.max_records)) {
    return std::unexpected(
        Refusal{ErrorCode::kPolicyViolation, fmt::format("One request may add at most {} partitions.", context.policy.max_records)});
  }
  std::unordered_map<std::string_view, int> asked;
  for (const CreatePartitions::Topic& topic : wish.topics) ++asked[topic.name];

  Decision<CreatePartitions::Response> decision;
  for (const CreatePartitions::Topic& topic : wish.topics) {
    int& times = asked[topic.name];
    if (times == 0) continue;  // answered at its first place
    if (std::exchange(times, 0) > 1) {
      decision.response.push_back({{ErrorCode::kInvalidRequest, "The topic is named more than once."}, topic.name});
    } else {
      decision.response.push_back(grow(context, topic, decision.records));
    }
  }
  if (wish.validate_only) decision.records.clear();
  return decision;
}

}  // namespace barnabas::controller
