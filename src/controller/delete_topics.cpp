// DeleteTopics, by name or by id. Rules: A7 (unknown, disabled, the same topic twice), A8.
// Removing the topic's record removes its partitions and configs with it.
#include <fmt/format.h>

#include <unordered_map>

#include "controller/decide.h"

namespace barnabas::controller {
namespace {

const metadata::Topic* find(const metadata::Image& image, const DeleteTopics::Topic& topic) {
  return topic.name ? image.find_topic(*topic.name) : image.find_topic(topic.id);
}

Verdict check_form(const DeleteTopics::Topic& topic) {
  if (topic.name && !topic.id.is_zero()) return {ErrorCode::kInvalidRequest, "A topic is given by its name or its id, not both."};
  if (!topic.name && topic.id.is_zero()) return {ErrorCode::kInvalidRequest, "A topic is given neither by name nor by id."};
  return {};
}

}  // namespace

Decided<DeleteTopics> decide(const Context& context, const DeleteTopics& wish) {
  if (!context.policy.delete_topic_enable)
    return std::unexpected(Refusal{ErrorCode::kTopicDeletionDisabled, "Topic deletion is disabled."});
  if (wish.topics.size() > context.policy.max_records) {
    return std::unexpected(
        Refusal{ErrorCode::kPolicyViolation, fmt::format("One request may delete at most {} topics.", context.policy.max_records)});
  }
  // Which topic is meant how often, whichever way; names and ids that are unknown count for themselves.
  std::unordered_map<TopicId, int> ids;
  std::unordered_map<std::string_view, int> names;
  for (const DeleteTopics::Topic& topic : wish.topics) {
    if (!check_form(topic).ok()) continue;
    const metadata::Topic* found = find(context.image, topic);
    if (found != nullptr || !topic.name) {
      ++ids[found != nullptr ? found->id : topic.id];
    } else {
      ++names[*topic.name];
    }
  }

  Decision<DeleteTopics::Response> decision;
  for (const DeleteTopics::Topic& topic : wish.topics) {
    DeletedTopic& deleted = decision.response.emplace_back(DeletedTopic{check_form(topic), topic.name, topic.id});
    if (!deleted.verdict.ok()) continue;
    const metadata::Topic* found = find(context.image, topic);
    const int times = found == nullptr && topic.name ? names[*topic.name] : ids[found != nullptr ? found->id : topic.id];
    if (times > 1) {
      deleted.verdict = {ErrorCode::kInvalidRequest, "The topic is named more than once."};
    } else if (found == nullptr && topic.name) {
      deleted.verdict = {ErrorCode::kUnknownTopicOrPartition, "There is no such topic."};
    } else if (found == nullptr) {
      deleted.verdict = {ErrorCode::kUnknownTopicId, "There is no topic of that id."};
    } else {
      deleted.name = found->name;
      deleted.id = found->id;
      metadata::RemoveTopicRecord record;
      record.topic_id = found->id;
      decision.records.emplace_back(std::move(record));
    }
  }
  return decision;
}

}  // namespace barnabas::controller
