// The offsets' half of group_shard.h: commit, fetch, expiry, topic deletion.
#include <algorithm>

#include "coordinator/group_records.h"
#include "coordinator/group_shard.h"
#include "coordinator/utf16.h"

namespace barnabas::coordinator {
namespace {

constexpr std::size_t kGroupsPerSlice = 256;  // of a retention check, before others get the lock

struct OldOffset {
  std::string topic;
  PartitionIndex partition = 0;
  std::optional<CommittedOffset> value;
};

}  // namespace

Outcome GroupShard::commit(const std::string& group_id, CommitRequest request, CommitReply reply, Now now) {
  const auto answer_all = [&](ErrorCode error) {
    return answer_only(group_id, [reply = std::move(reply), error, count = request.offsets.size()](ErrorCode failure) mutable {
      reply(std::vector<ErrorCode>(count, failure == ErrorCode::kNone ? error : failure));
    });
  };
  if (!groups_.contains(group_id) && request.who.generation >= 0) return answer_all(request.missing_group);
  Entry& entry = find_or_make(group_id, now);
  const ErrorCode error = entry.group.check_commit(request.who, now);
  arm(entry);
  if (error != ErrorCode::kNone) {
    forget_if_idle(group_id);
    return answer_all(error);
  }

  Outcome outcome;
  outcome.scope = group_id;
  std::vector<ErrorCode> results;
  std::vector<OldOffset> before;
  for (OffsetToCommit& offset : request.offsets) {
    if (utf16_length(offset.value.metadata) > settings_.offset_metadata_max) {
      results.push_back(ErrorCode::kOffsetMetadataTooLarge);
      continue;
    }
    offset.value.commit_timestamp_ms = now.wall_ms;
    offset.value.expire_timestamp_ms =
        request.retention_ms < 0 ? -1 : now.wall_ms + std::min(request.retention_ms, INT64_MAX - now.wall_ms);
    outcome.records.push_back(offset_record({group_id, offset.topic, offset.partition}, offset.value));
    auto old = entry.offsets.put(offset.topic, offset.partition, std::move(offset.value));
    before.push_back({std::move(offset.topic), offset.partition, std::move(old)});
    results.push_back(ErrorCode::kNone);
  }
  auto shared_reply = std::make_shared<CommitReply>(std::move(reply));  // either of the two below uses it
  outcome.taken = [this, group_id, shared_reply, results]() {
    forget_if_idle(group_id);
    Deliveries deliveries;
    deliveries.push_back([shared_reply, results](ErrorCode failure) mutable {
      if (failure != ErrorCode::kNone) std::ranges::fill(results, failure);
      (*shared_reply)(std::move(results));
    });
    return deliveries;
  };
  outcome.refused = [this, group_id, shared_reply, before = std::move(before), count = results.size()](ErrorCode failure) mutable {
    GroupOffsets& offsets = groups_.find(group_id)->second.offsets;
    for (auto old = before.rbegin(); old != before.rend(); ++old) offsets.put(old->topic, old->partition, std::move(old->value));
    forget_if_idle(group_id);
    Deliveries deliveries;
    deliveries.push_back([shared_reply, count, failure](ErrorCode) { (*shared_reply)(std::vector<ErrorCode>(count, failure)); });
    return deliveries;
  };
  return outcome;
}

Outcome GroupShard::fetch(const std::string& group_id, std::optional<std::vector<std::pair<std::string, PartitionIndex>>> wanted,
                          FetchReply reply) {
  const GroupOffsets nothing;
  const GroupOffsets* known = find_offsets(group_id);
  const GroupOffsets& offsets = known ? *known : nothing;
  std::vector<FetchedOffset> fetched;
  if (wanted) {
    for (auto& [topic, partition] : *wanted) {
      const CommittedOffset* found = offsets.find(topic, partition);
      fetched.push_back({std::move(topic), partition, found ? std::optional(*found) : std::nullopt});
    }
  } else {
    for (const auto& [topic, partitions] : offsets.topics()) {
      for (const auto& [partition, offset] : partitions) fetched.push_back({topic, partition, offset});
    }
  }
  return answer_only(group_id, [reply = std::move(reply), fetched = std::move(fetched)](ErrorCode error) mutable {
    reply(error, error == ErrorCode::kNone ? std::move(fetched) : std::vector<FetchedOffset>{});
  });
}

// --- Removal ------------------------------------------------------------------------------------------------------------

// Tombstones for these offsets, and for the group's own record when nothing of the group is left.
Outcome GroupShard::remove_offsets(const std::string& group_id, std::vector<std::pair<std::string, PartitionIndex>> which, bool and_group) {
  Entry& entry = groups_.find(group_id)->second;
  Outcome outcome;
  outcome.scope = group_id;
  std::vector<OldOffset> before;
  for (auto& [topic, partition] : which) {
    outcome.records.push_back(offset_tombstone({group_id, topic, partition}));
    auto old = entry.offsets.put(topic, partition, std::nullopt);
    before.push_back({std::move(topic), partition, std::move(old)});
  }
  std::optional<Group> group_before;
  if (and_group) {
    outcome.records.push_back(group_tombstone(group_id));
    group_before = entry.group;
    entry.group = Group(group_id, settings_.group, {});
  }
  outcome.taken = [this, group_id] {
    forget_if_idle(group_id);
    return Deliveries{};
  };
  outcome.refused = [this, group_id, before = std::move(before), group_before = std::move(group_before)](ErrorCode) mutable {
    Entry& reverted = groups_.find(group_id)->second;
    for (auto old = before.rbegin(); old != before.rend(); ++old) reverted.offsets.put(old->topic, old->partition, std::move(old->value));
    if (group_before) reverted.group = std::move(*group_before);
    return Deliveries{};
  };
  return outcome;
}

std::optional<Outcome> GroupShard::check_retention(Now now) {
  auto at = retention_cursor_ ? groups_.upper_bound(*retention_cursor_) : groups_.begin();
  for (std::size_t looked_at = 0; at != groups_.end() && looked_at < kGroupsPerSlice; ++looked_at) {
    const std::string group_id = at->first;
    retention_cursor_ = group_id;
    ++at;
    if (auto outcome = drop_expired(group_id, now)) return outcome;  // the check goes on behind this group
  }
  if (at == groups_.end()) {
    retention_cursor_.reset();
    next_retention_check_ = now.mono + std::chrono::milliseconds(settings_.retention_check_interval_ms);
  }
  return std::nullopt;
}

std::optional<Outcome> GroupShard::drop_expired(const std::string& group_id, Now now) {
  const Entry& entry = groups_.find(group_id)->second;
  auto expired = expired_offsets(entry.group, entry.offsets, now.wall_ms, settings_.offsets_retention_ms);
  if (const std::size_t most = tombstones_per_batch(group_id); expired.size() > most) expired.resize(most);
  std::size_t offsets_count = 0;
  for (const auto& [topic, partitions] : entry.offsets.topics()) offsets_count += partitions.size();
  const bool group_goes = entry.group.state() == GroupState::kEmpty && entry.group.pending_count() == 0 && offsets_count == expired.size();
  const bool group_is_stored = !entry.group.is_forgettable();
  if (expired.empty() && !(group_goes && group_is_stored)) return std::nullopt;
  return remove_offsets(group_id, std::move(expired), group_goes && group_is_stored);
}

Outcome GroupShard::forget_topics(const std::vector<DeletedTopic>& topics, std::optional<std::string>& cursor) {
  auto at = cursor ? groups_.upper_bound(*cursor) : groups_.begin();
  for (; at != groups_.end(); ++at) {
    std::vector<std::pair<std::string, PartitionIndex>> gone;
    for (const DeletedTopic& topic : topics) {
      const auto found = at->second.offsets.topics().find(topic.name);
      if (found == at->second.offsets.topics().end()) continue;
      for (const auto& [partition, offset] : found->second) {
        const bool of_this_topic = offset.topic_id.is_zero() || offset.topic_id == topic.id;  // not of its successor's
        if (of_this_topic) gone.emplace_back(topic.name, partition);
      }
    }
    if (gone.empty()) continue;
    cursor = at->first;
    return remove_offsets(at->first, std::move(gone), false);
  }
  cursor.reset();
  Outcome nothing;
  nothing.taken = [] { return Deliveries{}; };
  return nothing;
}

}  // namespace barnabas::coordinator
