#include "coordinator/group_shard.h"

#include <algorithm>

#include "base/check.h"
#include "coordinator/group_records.h"

namespace barnabas::coordinator {
namespace {

constexpr std::chrono::seconds kRetryAfterRefusal{1};  // of what a deadline wanted to write

// The answer with its contents taken away, when what it tells did not get into the log.
Reply failed(Reply reply, ErrorCode error) {
  return std::visit(
      [&](auto& was) -> Reply {
        std::remove_reference_t<decltype(was)> empty;
        empty.error = error;
        return empty;
      },
      reply);
}

JoinReply unknown_joiner(std::string member_id) {
  JoinReply reply;
  reply.error = ErrorCode::kUnknownMemberId;
  reply.member_id = std::move(member_id);
  return reply;
}

Deliveries one(Delivery delivery) {
  Deliveries deliveries;
  deliveries.push_back(std::move(delivery));
  return deliveries;
}

}  // namespace

// --- Membership -----------------------------------------------------------------------------------------------------

Outcome GroupShard::join(const std::string& group_id, JoinRequest request, GroupReply reply, Now now) {
  if (!groups_.contains(group_id) && request.member_id.empty()) find_or_make(group_id, now);
  Reply missing = unknown_joiner(request.member_id);
  return event(group_id, std::move(request), std::move(reply), now, std::move(missing),
               [&](Group& group, JoinRequest& joining, Effects& effects) { group.join(std::move(joining), now, effects); });
}

Outcome GroupShard::sync(const std::string& group_id, SyncRequest request, GroupReply reply, Now now) {
  SyncReply missing;
  missing.error = ErrorCode::kUnknownMemberId;
  return event(group_id, std::move(request), std::move(reply), now, missing,
               [&](Group& group, SyncRequest& syncing, Effects& effects) { group.sync(std::move(syncing), now, effects); });
}

Outcome GroupShard::heartbeat(const std::string& group_id, HeartbeatRequest request, GroupReply reply, Now now) {
  return event(group_id, std::move(request), std::move(reply), now, HeartbeatReply{ErrorCode::kUnknownMemberId},
               [&](Group& group, HeartbeatRequest& beating, Effects& effects) { group.heartbeat(beating, now, effects); });
}

Outcome GroupShard::leave(const std::string& group_id, LeaveRequest request, GroupReply reply, Now now) {
  LeaveReply missing;
  for (const LeavingMember& who : request.members) missing.members.push_back({who.member_id, who.instance_id, ErrorCode::kUnknownMemberId});
  return event(group_id, std::move(request), std::move(reply), now, missing,
               [&](Group& group, LeaveRequest& leaving, Effects& effects) { group.leave(leaving, now, effects); });
}

template <class Request, class Step>
Outcome GroupShard::event(const std::string& group_id, Request request, GroupReply reply, Now now, Reply missing, Step step) {
  const auto found = groups_.find(group_id);
  if (found == groups_.end()) {
    return answer_only(group_id, [reply = std::move(reply), missing = std::move(missing)](ErrorCode error) mutable {
      reply(error == ErrorCode::kNone ? std::move(missing) : failed(std::move(missing), error));
    });
  }
  Entry& entry = found->second;
  request.token = next_token_++;
  parked_.emplace(request.token, std::move(reply));

  std::optional<Group> before;
  if constexpr (requires { entry.group.may_store(request); }) {
    if (entry.group.may_store(request)) before = entry.group;
  }
  const ReplyToken token = request.token;
  Effects effects;
  step(entry.group, request, effects);
  return group_outcome(entry, std::move(effects), std::move(before), token, std::move(missing), now.mono);
}

// `trigger` is the request that caused this; it hears of a refusal. kNoReply: a deadline did, which is tried again later.
Outcome GroupShard::group_outcome(Entry& entry, Effects effects, std::optional<Group> before, ReplyToken trigger, Reply trigger_error,
                                  MonoTime retry_at) {
  const std::string group_id = entry.group.id();
  Outcome outcome;
  outcome.scope = group_id;
  if (effects.store) {
    CHECK(before.has_value());  // else a refused append could not be undone
    outcome.records.push_back(group_record(group_id, entry.group.metadata()));
  }
  outcome.taken = [this, group_id, stored = effects.store, replies = std::move(effects.replies)]() mutable {
    Entry& changed = groups_.find(group_id)->second;
    if (stored) changed.group.mark_stored();
    arm(changed);
    forget_if_idle(group_id);
    return take_replies(std::move(replies));
  };
  outcome.refused = [this, group_id, before = std::move(before), trigger, trigger_error = std::move(trigger_error),
                     retry_at](ErrorCode error) mutable {
    Entry& reverted = groups_.find(group_id)->second;
    CHECK(before.has_value());
    reverted.group = std::move(*before);
    if (trigger == kNoReply) reverted.group.postpone_overdue(retry_at);
    arm(reverted);
    if (trigger == kNoReply) return Deliveries{};
    std::vector<std::pair<ReplyToken, Reply>> replies;
    replies.emplace_back(trigger, failed(std::move(trigger_error), error));
    return take_replies(std::move(replies));
  };
  return outcome;
}

Deliveries GroupShard::take_replies(std::vector<std::pair<ReplyToken, Reply>> replies) {
  Deliveries deliveries;
  deliveries.reserve(replies.size());
  for (auto& [token, answer] : replies) {
    auto parked = parked_.extract(token);
    CHECK(!parked.empty());  // every token is answered once
    deliveries.push_back([to = std::move(parked.mapped()), reply = std::move(answer)](ErrorCode error) mutable {
      to(error == ErrorCode::kNone ? std::move(reply) : failed(std::move(reply), error));
    });
  }
  return deliveries;
}

Outcome GroupShard::answer_only(std::string scope, Delivery delivery) {
  Outcome outcome;
  outcome.scope = std::move(scope);
  outcome.taken = [delivery = std::move(delivery)]() mutable { return one(std::move(delivery)); };
  return outcome;
}

GroupShard::Entry& GroupShard::find_or_make(const std::string& group_id, Now now) {
  const auto found = groups_.find(group_id);
  if (found != groups_.end()) return found->second;
  return groups_.emplace(group_id, Entry{Group(group_id, settings_.group, now), {}, kNever}).first->second;
}

void GroupShard::forget_if_idle(const std::string& group_id) {
  const auto found = groups_.find(group_id);
  if (found == groups_.end() || !found->second.group.is_forgettable() || !found->second.offsets.empty()) return;
  if (found->second.armed != kNever) timers_.erase({found->second.armed, group_id});
  groups_.erase(found);
}

// --- Deadlines --------------------------------------------------------------------------------------------------------

// A timer that is too early costs one look; so it is moved forward only, never back.
void GroupShard::arm(Entry& entry) {
  const MonoTime wanted = entry.group.next_deadline();
  if (wanted >= entry.armed) return;
  if (entry.armed != kNever) timers_.erase({entry.armed, entry.group.id()});
  timers_.emplace(wanted, entry.group.id());
  entry.armed = wanted;
}

MonoTime GroupShard::next_deadline() const {
  return timers_.empty() ? next_retention_check_ : std::min(next_retention_check_, timers_.begin()->first);
}

std::optional<Outcome> GroupShard::expire(Now now) {
  if (!timers_.empty() && timers_.begin()->first <= now.mono) {
    const std::string group_id = timers_.begin()->second;
    timers_.erase(timers_.begin());
    return expire_group(group_id, now);
  }
  if (next_retention_check_ <= now.mono) return check_retention(now);
  return std::nullopt;
}

std::optional<Outcome> GroupShard::expire_group(const std::string& group_id, Now now) {
  Entry& entry = groups_.find(group_id)->second;
  entry.armed = kNever;
  if (entry.group.next_deadline() > now.mono) {
    arm(entry);
    return std::nullopt;
  }
  std::optional<Group> before = entry.group;
  Effects effects;
  entry.group.expire(now, effects);
  return group_outcome(entry, std::move(effects), std::move(before), kNoReply, HeartbeatReply{}, now.mono + kRetryAfterRefusal);
}

// --- Replay -----------------------------------------------------------------------------------------------------------

Result<> GroupShard::replay(ByteView key, std::optional<ByteView> value, Now now) {
  TRY_ASSIGN(const RecordKind kind, record_kind(key));
  switch (kind) {
    case RecordKind::kOffset: return replay_offset(key, value, now);
    case RecordKind::kGroup: return replay_group(key, value, now);
    case RecordKind::kOther: return {};
  }
  return {};
}

Result<> GroupShard::replay_offset(ByteView key, std::optional<ByteView> value, Now now) {
  TRY_ASSIGN(const OffsetKey at, read_offset_key(key));
  if (value) {
    TRY_ASSIGN(CommittedOffset offset, read_offset_value(*value));
    find_or_make(at.group, now).offsets.put(at.topic, at.partition, std::move(offset));
  } else if (const auto found = groups_.find(at.group); found != groups_.end()) {
    found->second.offsets.put(at.topic, at.partition, std::nullopt);
    forget_if_idle(at.group);
  }
  return {};
}

Result<> GroupShard::replay_group(ByteView key, std::optional<ByteView> value, Now now) {
  TRY_ASSIGN(const std::string group_id, read_group_key(key));
  if (value) {
    TRY_ASSIGN(const GroupMetadata stored, read_group_value(*value));
    find_or_make(group_id, now).group = Group::restore(group_id, stored, settings_.group, now);
  } else if (const auto found = groups_.find(group_id); found != groups_.end()) {
    found->second.group = Group(group_id, settings_.group, now);
    forget_if_idle(group_id);
  }
  return {};
}

void GroupShard::loaded(Now now) {
  for (auto& [group_id, entry] : groups_) {
    // Sessions begin when the coordinator can be spoken to again, not while it still reads.
    if (entry.group.state() == GroupState::kStable) entry.group = Group::restore(group_id, entry.group.metadata(), settings_.group, now);
    Effects none_parked;
    entry.group.enforce_max_size(now, none_parked);
    arm(entry);
  }
  next_retention_check_ = now.mono + std::chrono::milliseconds(settings_.retention_check_interval_ms);
}

Deliveries GroupShard::abandon() {
  std::vector<std::pair<ReplyToken, Reply>> replies;
  for (auto& [group_id, entry] : groups_) {
    Effects effects;
    entry.group.abandon(ErrorCode::kNotCoordinator, effects);
    std::ranges::move(effects.replies, std::back_inserter(replies));
  }
  Deliveries deliveries = take_replies(std::move(replies));
  groups_.clear();
  timers_.clear();
  next_retention_check_ = kNever;
  retention_cursor_.reset();
  return deliveries;
}

const Group* GroupShard::find_group(std::string_view group_id) const {
  const auto found = groups_.find(group_id);
  return found == groups_.end() ? nullptr : &found->second.group;
}

const GroupOffsets* GroupShard::find_offsets(std::string_view group_id) const {
  const auto found = groups_.find(group_id);
  return found == groups_.end() ? nullptr : &found->second.offsets;
}

}  // namespace barnabas::coordinator
