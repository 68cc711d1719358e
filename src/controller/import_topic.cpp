// ImportTopic: what was copied onto a broker's disk becomes a topic of the cluster.
#include <fmt/format.h>

#include "controller/decide.h"

namespace barnabas::controller {

Decided<ImportTopic> decide(const Context& context, const ImportTopic& wish) {
  if (std::string problem = topic_name_problem(wish.name); !problem.empty()) {
    return std::unexpected(Refusal{ErrorCode::kInvalidTopicException, "Topic name is invalid: " + problem});
  }
  if (wish.id.is_zero() || wish.latest_epochs.empty()) {
    return std::unexpected(Refusal{ErrorCode::kInvalidRequest, "An imported topic has an id and at least one partition."});
  }
  if (context.image.find_topic(wish.name) != nullptr || context.image.find_topic(wish.id) != nullptr) {
    return std::unexpected(Refusal{ErrorCode::kTopicAlreadyExists, fmt::format("Topic '{}' already exists.", wish.name)});
  }
  Decision<ImportTopic::Response> decision;
  metadata::TopicRecord topic;
  topic.topic_id = wish.id;
  topic.name = wish.name;
  decision.records.emplace_back(std::move(topic));
  for (std::size_t i = 0; i < wish.latest_epochs.size(); ++i) {
    metadata::PartitionRecord partition;
    partition.topic_id = wish.id;
    partition.partition = static_cast<PartitionIndex>(i);
    partition.replicas = {wish.broker};
    partition.isr = {wish.broker};
    partition.directories.resize(1);
    partition.leader = wish.broker;
    partition.leader_epoch = wish.latest_epochs[i].value() + 1;
    decision.records.emplace_back(std::move(partition));
  }
  return decision;
}

}  // namespace barnabas::controller
