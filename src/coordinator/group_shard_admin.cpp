// What administrators ask of group_shard.h: describe, list and delete groups, and delete single offsets.
#include <algorithm>

#include "coordinator/group_shard.h"

namespace barnabas::coordinator {
namespace {

GroupDescription describe_group(const Group& group) {
  GroupDescription told;
  told.exists = true;
  told.state = to_string(group.state());
  told.protocol_type = group.protocol_type().value_or("");
  if (group.state() == GroupState::kStable) {
    GroupMetadata stored = group.metadata();
    told.protocol = stored.protocol.value_or("");
    told.members = std::move(stored.members);
    return told;
  }
  for (const auto& [id, member] : group.members()) {
    StoredMember& out = told.members.emplace_back();
    out.id = id;
    out.instance_id = member.instance_id;
    out.client_id = member.client_id;
    out.client_host = member.client_host;
  }
  return told;
}

}  // namespace

const GroupShard::Entry* GroupShard::find_existing(std::string_view group_id) const {
  const auto found = groups_.find(group_id);
  if (found == groups_.end() || (found->second.group.is_unborn() && found->second.offsets.empty())) return nullptr;
  return &found->second;
}

Outcome GroupShard::describe(const std::string& group_id, DescribeReply reply) {
  GroupDescription told;
  if (const Entry* entry = find_existing(group_id)) told = describe_group(entry->group);
  return answer_only(group_id, [reply = std::move(reply), told = std::move(told)](ErrorCode error) mutable {
    reply(error, error == ErrorCode::kNone ? std::move(told) : GroupDescription{});
  });
}

void GroupShard::list(std::vector<GroupListing>& into) const {
  for (const auto& [id, entry] : groups_) {
    if (find_existing(id) == nullptr) continue;
    into.push_back({id, entry.group.protocol_type().value_or(""), std::string(to_string(entry.group.state()))});
  }
}

void GroupShard::progress(std::vector<GroupProgress>& into, std::size_t& offsets_left) const {
  for (const auto& [id, entry] : groups_) {
    if (offsets_left == 0) return;
    if (find_existing(id) == nullptr) continue;
    GroupProgress& group = into.emplace_back(id, std::string(to_string(entry.group.state())), entry.group.members().size());
    for (const auto& [topic, partitions] : entry.offsets.topics()) {
      for (const auto& [partition, committed] : partitions) {
        if (offsets_left == 0) return;
        --offsets_left;
        group.offsets.push_back({topic, partition, committed.offset});
      }
    }
    if (entry.offsets.empty()) --offsets_left;  // a group has series of its own too
  }
}

// Makes an outcome tell somebody how it ended, besides what it does anyway.
template <class Answer>
Outcome GroupShard::answering(Outcome outcome, Answer answer) {
  auto shared = std::make_shared<Answer>(std::move(answer));  // either of the two uses it
  const auto add = [shared](Deliveries deliveries) {
    deliveries.push_back([shared](ErrorCode error) { (*shared)(error); });
    return deliveries;
  };
  outcome.taken = [taken = std::move(outcome.taken), add]() mutable { return add(taken()); };
  outcome.refused = [refused = std::move(outcome.refused), add](ErrorCode why) mutable { return add(refused(why)); };
  return outcome;
}

// --- Deleting -----------------------------------------------------------------------------------------------------------

Outcome GroupShard::delete_group(const std::string& group_id, std::shared_ptr<DeleteReply> reply, bool& more) {
  more = false;
  const Entry* entry = find_existing(group_id);
  ErrorCode error = ErrorCode::kNone;
  if (entry == nullptr) {
    error = ErrorCode::kGroupIdNotFound;
  } else if (entry->group.state() != GroupState::kEmpty) {
    error = ErrorCode::kNonEmptyGroup;
  }
  if (error != ErrorCode::kNone) {
    return answer_only(group_id, [reply, error](ErrorCode failure) { (*reply)(failure == ErrorCode::kNone ? error : failure); });
  }

  const std::size_t most = tombstones_per_batch(group_id);
  std::vector<std::pair<std::string, PartitionIndex>> doomed;
  for (const auto& [topic, partitions] : entry->offsets.topics()) {
    for (const auto& [partition, offset] : partitions) {
      if (doomed.size() <= most) doomed.emplace_back(topic, partition);
    }
  }
  more = doomed.size() > most;
  if (!more) return answering(remove_offsets(group_id, std::move(doomed), true), [reply](ErrorCode failure) { (*reply)(failure); });
  // A part of them: only a failure is told, and ends it.
  doomed.pop_back();
  Outcome outcome = remove_offsets(group_id, std::move(doomed), false);
  outcome.refused = [refused = std::move(outcome.refused), reply, &more](ErrorCode why) mutable {
    more = false;
    Deliveries deliveries = refused(why);
    deliveries.push_back([reply](ErrorCode failure) { (*reply)(failure); });
    return deliveries;
  };
  return outcome;
}

Outcome GroupShard::delete_offsets(const std::string& group_id, std::vector<std::pair<std::string, PartitionIndex>> which,
                                   DeleteOffsetsReply reply) {
  DeletedOffsets told;
  const Entry* entry = find_existing(group_id);
  if (entry == nullptr) {
    told.error = ErrorCode::kGroupIdNotFound;
  } else if (entry->group.state() != GroupState::kEmpty && !entry->group.is_consumer_group()) {
    told.error = ErrorCode::kNonEmptyGroup;  // nobody knows what its members read
  }
  std::vector<std::pair<std::string, PartitionIndex>> doomed;
  if (told.error == ErrorCode::kNone) {
    for (auto& place : which) {
      const bool is_read = entry->group.is_subscribed_to(place.first);
      told.errors.push_back(is_read ? ErrorCode::kGroupSubscribedToTopic : ErrorCode::kNone);
      if (!is_read && entry->offsets.find(place.first, place.second) != nullptr) doomed.push_back(std::move(place));
    }
  }
  auto answer = [reply = std::move(reply), told = std::move(told)](ErrorCode failure) mutable {
    if (failure != ErrorCode::kNone) told.error = failure;
    reply(std::move(told));
  };
  if (doomed.empty()) return answer_only(group_id, std::move(answer));
  return answering(remove_offsets(group_id, std::move(doomed), false), std::move(answer));
}

// Keys hold the group's id, which may be long; a batch of tombstones stays well below a topic's max.message.bytes.
std::size_t GroupShard::tombstones_per_batch(std::string_view group_id) {
  constexpr std::size_t kBytes = std::size_t{512} * 1024;
  constexpr std::size_t kTopicAndFrame = 300;
  return std::max<std::size_t>(kBytes / (group_id.size() + kTopicAndFrame), 1);
}

}  // namespace barnabas::coordinator
