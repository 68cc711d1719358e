#include "coordinator/group_offsets.h"

#include "coordinator/group.h"

namespace barnabas::coordinator {

const CommittedOffset* GroupOffsets::find(std::string_view topic, PartitionIndex partition) const {
  const auto at_topic = topics_.find(topic);
  if (at_topic == topics_.end()) return nullptr;
  const auto at = at_topic->second.find(partition);
  return at == at_topic->second.end() ? nullptr : &at->second;
}

std::optional<CommittedOffset> GroupOffsets::put(const std::string& topic, PartitionIndex partition, std::optional<CommittedOffset> value) {
  std::optional<CommittedOffset> before;
  if (const CommittedOffset* found = find(topic, partition)) before = *found;
  if (value) {
    topics_[topic].insert_or_assign(partition, std::move(*value));
  } else if (before) {
    const auto at_topic = topics_.find(topic);
    at_topic->second.erase(partition);
    if (at_topic->second.empty()) topics_.erase(at_topic);
  }
  return before;
}

std::vector<std::pair<std::string, PartitionIndex>> expired_offsets(const Group& group, const GroupOffsets& offsets, std::int64_t now_ms,
                                                                    std::int64_t retention_ms) {
  std::set<std::string> protected_topics;
  std::optional<std::int64_t> since_group_empty;
  if (group.protocol_type()) {
    if (group.state() == GroupState::kEmpty) {
      since_group_empty = group.state_since_ms();
    } else {
      auto subscribed = group.state() == GroupState::kStable ? group.subscribed_topics() : std::nullopt;
      if (!subscribed) return {};
      protected_topics = std::move(*subscribed);
    }
  }
  std::vector<std::pair<std::string, PartitionIndex>> expired;
  for (const auto& [topic, partitions] : offsets.topics()) {
    if (protected_topics.contains(topic)) continue;
    for (const auto& [partition, offset] : partitions) {
      const std::int64_t since = since_group_empty.value_or(offset.commit_timestamp_ms);
      const bool is_over = offset.expire_timestamp_ms >= 0 ? now_ms >= offset.expire_timestamp_ms : now_ms - since >= retention_ms;
      if (is_over) expired.emplace_back(topic, partition);
    }
  }
  return expired;
}

}  // namespace barnabas::coordinator
