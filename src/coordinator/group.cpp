#include "coordinator/group.h"

#include <algorithm>

#include "base/check.h"

namespace barnabas::coordinator {
namespace {

// Ids handed out and not yet used cost memory; nobody honest has this many starting at once in one group.
constexpr std::size_t kPendingMembersMax = 10'000;

MonoTime after_ms(Now now, std::int64_t ms) { return now.mono + std::chrono::milliseconds(std::max<std::int64_t>(ms, 0)); }

JoinReply join_error(ErrorCode error, std::string member_id) {
  JoinReply reply;
  reply.error = error;
  reply.member_id = std::move(member_id);
  return reply;
}

// A client that says nothing about the protocol agrees with everything.
bool disagrees(const std::optional<std::string>& said, const std::optional<std::string>& ours) { return said && ours && *said != *ours; }

void keep_first_of_each_name(std::vector<GroupProtocol>& protocols) {
  std::set<std::string, std::less<>> seen;
  std::erase_if(protocols, [&](const GroupProtocol& protocol) { return !seen.insert(protocol.name).second; });
}

}  // namespace

std::string_view to_string(GroupState state) {
  switch (state) {
    case GroupState::kEmpty: return "Empty";
    case GroupState::kPreparingRebalance: return "PreparingRebalance";
    case GroupState::kCompletingRebalance: return "CompletingRebalance";
    case GroupState::kStable: return "Stable";
  }
  return "Unknown";
}

const Bytes* Member::metadata(std::string_view protocol) const {
  const auto found = std::ranges::find(protocols, protocol, &GroupProtocol::name);
  return found == protocols.end() ? nullptr : &found->metadata;
}

Group::Group(std::string id, const GroupSettings& settings, Now now)
    : id_(std::move(id)), settings_(&settings), state_since_ms_(now.wall_ms) {}

Group Group::restore(std::string id, const GroupMetadata& stored, const GroupSettings& settings, Now now) {
  Group group(std::move(id), settings, now);
  group.stored_ = true;
  group.generation_ = std::max(stored.generation, 0);
  if (!stored.protocol_type.empty()) group.protocol_type_ = stored.protocol_type;
  group.state_since_ms_ = stored.state_timestamp_ms < 0 ? now.wall_ms : stored.state_timestamp_ms;
  if (stored.members.empty()) return group;

  group.protocol_name_ = stored.protocol.value_or("");
  for (const StoredMember& from : stored.members) {
    if (from.id.empty()) continue;  // nobody could ever speak for it
    Member member;
    member.id = from.id;
    member.instance_id = from.instance_id;
    member.client_id = from.client_id;
    member.client_host = from.client_host;
    member.session_timeout_ms = from.session_timeout_ms;
    member.rebalance_timeout_ms = from.rebalance_timeout_ms < 0 ? from.session_timeout_ms : from.rebalance_timeout_ms;
    member.protocols.push_back({*group.protocol_name_, from.subscription});
    member.assignment = from.assignment;
    member.seniority = group.next_seniority_++;
    const auto [at, is_first] = group.members_.emplace(from.id, std::move(member));
    if (!is_first) continue;  // no writer of ours stores an id twice
    group.count_protocols(at->second, +1);
    if (from.instance_id) group.static_members_[*from.instance_id] = from.id;
    group.keep_alive(at->second, now);
  }
  if (group.members_.empty()) return group;
  const bool leader_known = stored.leader && group.members_.contains(*stored.leader);
  group.leader_ = leader_known ? *stored.leader : group.members_.begin()->first;
  group.state_ = group.previous_state_ = GroupState::kStable;
  return group;
}

void Group::enforce_max_size(Now now, Effects& effects) {
  if (state_ == GroupState::kStable && members_.size() > static_cast<std::size_t>(settings_->max_size)) prepare_rebalance(now, effects);
}

// --- JoinGroup ----------------------------------------------------------------------------------------------------

void Group::join(JoinRequest request, Now now, Effects& effects) {
  keep_first_of_each_name(request.protocols);
  const ReplyToken token = request.token;
  if (!accepts_joiner(request.member_id)) {
    pending_.erase(request.member_id);
    if (const auto known = members_.find(request.member_id); known != members_.end()) {
      remove_member(known, ErrorCode::kUnknownMemberId, effects);
    }
    effects.replies.emplace_back(token, join_error(ErrorCode::kGroupMaxSizeReached, ""));
    return complete_join_if_ready(now, effects);
  }
  if (!supports(request)) {
    effects.replies.emplace_back(token, join_error(ErrorCode::kInconsistentGroupProtocol, request.member_id));
    return;
  }
  if (request.member_id.empty()) return join_new(std::move(request), now, effects);
  return join_existing(std::move(request), now, effects);
}

// While a rebalance collects its members, those who have already come count: whoever comes first stays.
bool Group::accepts_joiner(std::string_view member_id) const {
  const auto max = static_cast<std::size_t>(settings_->max_size);
  const auto known = members_.find(member_id);
  switch (state_) {
    case GroupState::kEmpty: return true;
    case GroupState::kPreparingRebalance: return (known != members_.end() && known->second.join != kNoReply) || awaiting_join_ < max;
    case GroupState::kCompletingRebalance:
    case GroupState::kStable: return known != members_.end() || members_.size() < max;
  }
  return false;
}

bool Group::supports(const JoinRequest& request) const {
  if (request.protocol_type.empty() || request.protocols.empty()) return false;
  if (members_.empty()) return true;
  if (protocol_type_ != request.protocol_type) return false;
  return std::ranges::any_of(request.protocols, [&](const GroupProtocol& protocol) {
    const auto support = protocol_support_.find(protocol.name);
    return support != protocol_support_.end() && support->second == members_.size();
  });
}

void Group::join_new(JoinRequest request, Now now, Effects& effects) {
  if (request.instance_id) {
    const auto known = static_members_.find(*request.instance_id);
    if (known != static_members_.end()) return rejoin_static(std::string(known->second), std::move(request), now, effects);
  } else if (request.must_know_member_id) {
    return add_pending(request, now, effects);
  }
  std::string id = request.fresh_member_id;
  add_member(std::move(request), std::move(id), now, effects);
}

// KIP-394: a client that gives up on a slow first JoinGroup must not leave a ghost member behind, so it is told its id first.
void Group::add_pending(const JoinRequest& request, Now now, Effects& effects) {
  if (pending_.size() >= kPendingMembersMax) {
    effects.replies.emplace_back(request.token, join_error(ErrorCode::kGroupMaxSizeReached, ""));
    return;
  }
  set_deadline(pending_[request.fresh_member_id], after_ms(now, request.session_timeout_ms));
  effects.replies.emplace_back(request.token, join_error(ErrorCode::kMemberIdRequired, request.fresh_member_id));
}

void Group::join_existing(JoinRequest request, Now now, Effects& effects) {
  if (pending_.contains(request.member_id) && !request.instance_id) {
    std::string id = request.member_id;
    return add_member(std::move(request), std::move(id), now, effects);
  }
  if (const ErrorCode error = check_member(request.member_id, request.instance_id); error != ErrorCode::kNone) {
    effects.replies.emplace_back(request.token, join_error(error, request.member_id));
    return;
  }
  Member& member = members_.find(request.member_id)->second;
  const bool unchanged = member.protocols == request.protocols;
  // Who repeats its JoinGroup because the answer got lost gets it again; a leader that rejoins a stable group wants a rebalance.
  const bool repeats =
      (state_ == GroupState::kCompletingRebalance && unchanged) || (state_ == GroupState::kStable && unchanged && leader_ != member.id);
  if (repeats) {
    effects.replies.emplace_back(request.token, join_reply(member));
    return;
  }
  update_member(member, std::move(request), effects);
  rebalance_or_complete_join(now, effects);
}

// A static member that restarted comes without its member id: it takes its own old place under a new one.
void Group::rejoin_static(const std::string& old_id, JoinRequest request, Now now, Effects& effects) {
  const std::string old_leader = leader_.value_or("");
  const ReplyToken token = request.token;
  const bool can_skip_assignment = request.can_skip_assignment;
  Member& member = replace_static(old_id, request.fresh_member_id, effects);
  update_member(member, std::move(request), effects);
  keep_alive(member, now);

  switch (state_) {
    case GroupState::kStable: {
      if (select_protocol() != protocol_name_) return rebalance_or_complete_join(now, effects);
      JoinReply reply = join_reply(member);
      reply.skip_assignment = can_skip_assignment && leader_ == member.id;
      if (!can_skip_assignment) {
        // An old client would make a new plan if it saw itself as the leader; under its old name it is one no more.
        reply.leader = old_leader;
        reply.members.clear();
      }
      CHECK(member.join == token);
      answer_join(member, std::move(reply), effects);
      effects.store = true;
      return;
    }
    // The plan being made names the old member id: it would leave the new one without an assignment.
    case GroupState::kCompletingRebalance: return prepare_rebalance(now, effects);
    case GroupState::kPreparingRebalance: return complete_join_if_ready(now, effects);
    case GroupState::kEmpty: check_failed(__FILE__, __LINE__, "an empty group has no static members");
  }
}

// --- SyncGroup ----------------------------------------------------------------------------------------------------

void Group::sync(SyncRequest request, Now now, Effects& effects) {
  const auto refuse = [&](ErrorCode error) {
    SyncReply reply;
    reply.error = error;
    effects.replies.emplace_back(request.token, std::move(reply));
  };
  if (const ErrorCode error = check_member(request.member_id, request.instance_id); error != ErrorCode::kNone) return refuse(error);
  if (request.generation != generation_) return refuse(ErrorCode::kIllegalGeneration);
  if (disagrees(request.protocol_type, protocol_type_) || disagrees(request.protocol_name, protocol_name_)) {
    return refuse(ErrorCode::kInconsistentGroupProtocol);
  }
  Member& member = members_.find(request.member_id)->second;
  switch (state_) {
    case GroupState::kEmpty: return refuse(ErrorCode::kUnknownMemberId);
    case GroupState::kPreparingRebalance: return refuse(ErrorCode::kRebalanceInProgress);
    case GroupState::kCompletingRebalance:
      if (member.sync != kNoReply) answer_sync(member, ErrorCode::kRebalanceInProgress, effects);  // superseded by this one
      member.sync = request.token;
      synced(member.id);
      if (leader_ == member.id) accept_plan(std::move(request.plan), now, effects);
      return;
    case GroupState::kStable:
      synced(member.id);
      member.sync = request.token;
      answer_sync(member, ErrorCode::kNone, effects);
      return;
  }
}

void Group::accept_plan(std::vector<std::pair<std::string, Bytes>> plan, Now now, Effects& effects) {
  for (auto& [id, member] : members_) member.assignment.clear();  // whom the plan leaves out gets nothing
  for (auto& [id, assignment] : plan) {
    if (const auto member = members_.find(id); member != members_.end()) member->second.assignment = std::move(assignment);
  }
  transition(GroupState::kStable, now);
  for (auto& [id, member] : members_) {
    if (member.sync == kNoReply) continue;
    answer_sync(member, ErrorCode::kNone, effects);
    keep_alive(member, now);
  }
  effects.store = true;
}

// --- Heartbeat, LeaveGroup, commits -----------------------------------------------------------------------------------

void Group::heartbeat(const HeartbeatRequest& request, Now now, Effects& effects) {
  const auto answer = [&](ErrorCode error) { effects.replies.emplace_back(request.token, HeartbeatReply{error}); };
  if (const ErrorCode error = check_member(request.member_id, request.instance_id); error != ErrorCode::kNone) return answer(error);
  if (request.generation != generation_) return answer(ErrorCode::kIllegalGeneration);
  keep_alive(members_.find(request.member_id)->second, now);
  answer(state_ == GroupState::kPreparingRebalance ? ErrorCode::kRebalanceInProgress : ErrorCode::kNone);
}

void Group::leave(const LeaveRequest& request, Now now, Effects& effects) {
  LeaveReply reply;
  bool anyone_left = false;
  for (const LeavingMember& who : request.members) {
    ErrorCode error = ErrorCode::kNone;
    std::string id = who.member_id;
    if (id.empty()) {  // an administrator removes a static member by its instance id alone
      const auto known = who.instance_id ? static_members_.find(*who.instance_id) : static_members_.end();
      if (known == static_members_.end())
        error = ErrorCode::kUnknownMemberId;
      else
        id = known->second;
    } else if (!pending_.contains(id)) {
      error = check_member(id, who.instance_id);
    }
    if (error == ErrorCode::kNone) {
      anyone_left = true;
      if (pending_.erase(id) == 0) remove_member(members_.find(id), ErrorCode::kUnknownMemberId, effects);
    }
    reply.members.push_back({who.member_id, who.instance_id, error});
  }
  effects.replies.emplace_back(request.token, std::move(reply));
  if (anyone_left) after_removal(now, effects);
}

ErrorCode Group::check_commit(const CommitIdentity& who, Now now) {
  // Without a generation it is an administrator, or a consumer that assigns itself: only where nobody else is at work.
  if (who.generation < 0 && state_ == GroupState::kEmpty) return ErrorCode::kNone;
  if (who.generation >= 0 || !who.member_id.empty() || who.instance_id) {
    if (const ErrorCode error = check_member(who.member_id, who.instance_id); error != ErrorCode::kNone) return error;
    if (who.generation != generation_) return ErrorCode::kIllegalGeneration;
  } else {
    return ErrorCode::kUnknownMemberId;
  }
  if (!who.transactional && state_ == GroupState::kCompletingRebalance) return ErrorCode::kRebalanceInProgress;
  if (state_ == GroupState::kStable || state_ == GroupState::kPreparingRebalance) keep_alive(members_.find(who.member_id)->second, now);
  return ErrorCode::kNone;
}

ErrorCode Group::check_member(std::string_view member_id, const std::optional<std::string>& instance_id) const {
  if (instance_id) {
    const auto known = static_members_.find(*instance_id);
    if (known == static_members_.end()) return ErrorCode::kUnknownMemberId;
    if (known->second != member_id) return ErrorCode::kFencedInstanceId;
  }
  return members_.contains(member_id) ? ErrorCode::kNone : ErrorCode::kUnknownMemberId;
}

// --- What is stored ---------------------------------------------------------------------------------------------------

bool Group::may_store(const JoinRequest& request) const {
  return state_ == GroupState::kStable && request.member_id.empty() && request.instance_id &&
         static_members_.contains(*request.instance_id);
}

bool Group::may_store(const SyncRequest& request) const {
  return state_ == GroupState::kCompletingRebalance && leader_ == request.member_id;
}

bool Group::may_store(const LeaveRequest& request) const { return request.members.size() >= members_.size(); }

GroupMetadata Group::metadata() const {
  CHECK(state_ == GroupState::kEmpty || state_ == GroupState::kStable);
  GroupMetadata stored;
  stored.protocol_type = protocol_type_.value_or("");
  stored.generation = generation_;
  stored.protocol = protocol_name_;
  stored.leader = leader_;
  stored.state_timestamp_ms = state_since_ms_;
  for (const auto& [id, member] : members_) {
    const Bytes* subscription = member.metadata(*protocol_name_);
    stored.members.push_back({id, member.instance_id, member.client_id, member.client_host, member.rebalance_timeout_ms,
                              member.session_timeout_ms, subscription ? *subscription : Bytes{}, member.assignment});
  }
  return stored;
}

void Group::abandon(ErrorCode error, Effects& effects) {
  for (auto& [id, member] : members_) {
    if (member.join != kNoReply) answer_join(member, join_error(error, id), effects);
    if (member.sync != kNoReply) answer_sync(member, error, effects);
  }
}

}  // namespace barnabas::coordinator
