// The phases of a rebalance, the members' bookkeeping and the deadlines of group.h.
#include <algorithm>

#include "base/check.h"
#include "coordinator/group.h"

namespace barnabas::coordinator {
namespace {

// A timer that runs this late says that the broker slept (SIGSTOP, a starved machine), not that its members are dead:
// their heartbeats wait in the sockets. Each member is spared once until it is heard again.
constexpr std::chrono::seconds kBrokerSlept{1};
constexpr std::chrono::seconds kReprieve{3};

MonoTime after_ms(Now now, std::int64_t ms) { return now.mono + std::chrono::milliseconds(std::max<std::int64_t>(ms, 0)); }

// The topic names of a consumer's subscription: version int16, count int32, strings of int16 length. Hostile bytes.
bool read_topics(ByteView bytes, std::set<std::string>& topics) {
  if (bytes.size() < 6) return false;
  const auto count = load_be<std::int32_t>(bytes.data() + 2);
  bytes = bytes.subspan(6);
  for (std::int32_t i = 0; i < count; ++i) {
    if (bytes.size() < 2) return false;
    const auto size = load_be<std::int16_t>(bytes.data());
    if (size < 0 || bytes.size() - 2 < static_cast<std::size_t>(size)) return false;
    topics.emplace(as_text(bytes.subspan(2, static_cast<std::size_t>(size))));
    bytes = bytes.subspan(2 + static_cast<std::size_t>(size));
  }
  return count >= 0;
}

}  // namespace

// --- Phases -----------------------------------------------------------------------------------------------------------

void Group::rebalance_or_complete_join(Now now, Effects& effects) {
  if (state_ == GroupState::kPreparingRebalance) return complete_join_if_ready(now, effects);
  prepare_rebalance(now, effects);
}

void Group::prepare_rebalance(Now now, Effects& effects) {
  if (state_ == GroupState::kCompletingRebalance) {
    for (auto& [id, member] : members_) {
      member.assignment.clear();
      if (member.sync == kNoReply) continue;
      answer_sync(member, ErrorCode::kRebalanceInProgress, effects);
      keep_alive(member, now);
    }
  }
  sync_deadline_ = kNever;
  pending_sync_.clear();
  const bool is_initial = state_ == GroupState::kEmpty;
  transition(GroupState::kPreparingRebalance, now);
  if (!is_initial) {
    set_deadline(join_deadline_, after_ms(now, rebalance_timeout_ms()));
    return complete_join_if_ready(now, effects);
  }
  // The first of many consumers started together should not be given everything, only to have it taken away again.
  member_added_while_waiting_ = false;
  initial_delay_ms_ = settings_->initial_rebalance_delay_ms;
  initial_remaining_ms_ = std::max(rebalance_timeout_ms() - initial_delay_ms_, 0);
  if (initial_delay_ms_ <= 0) return complete_join(now, effects);
  set_deadline(join_deadline_, after_ms(now, initial_delay_ms_));
}

void Group::complete_join_if_ready(Now now, Effects& effects) {
  // The first generation is completed by its delay alone.
  if (state_ != GroupState::kPreparingRebalance || previous_state_ == GroupState::kEmpty) return;
  if (all_joined()) complete_join(now, effects);
}

void Group::complete_join(Now now, Effects& effects) {
  join_deadline_ = kNever;
  initial_remaining_ms_ = 0;
  for (auto member = members_.begin(); member != members_.end();) {
    const auto next = std::next(member);
    const bool stays = member->second.join != kNoReply || member->second.instance_id;
    if (!stays) remove_member(member, ErrorCode::kUnknownMemberId, effects);
    member = next;
  }
  if (!members_.empty() && !elect_leader_among_joined()) {
    // Only silent static members are left. They keep their place until their sessions end. A client may say that a
    // rebalance takes no time at all: that is no reason to look for them again and again in the same instant.
    constexpr std::int32_t kLookAgainMs = 1000;
    set_deadline(join_deadline_, after_ms(now, std::max(rebalance_timeout_ms(), kLookAgainMs)));
    return;
  }
  start_generation(now, effects);
}

void Group::start_generation(Now now, Effects& effects) {
  generation_ = generation_ == std::numeric_limits<std::int32_t>::max() ? 0 : generation_ + 1;
  pending_sync_.clear();
  if (members_.empty()) {
    protocol_name_.reset();
    transition(GroupState::kEmpty, now);
    effects.store = true;
    return;
  }
  protocol_name_ = select_protocol();
  transition(GroupState::kCompletingRebalance, now);
  for (auto& [id, member] : members_) {
    if (member.join == kNoReply) continue;  // static and silent: its session goes on running
    answer_join(member, join_reply(member), effects);
    keep_alive(member, now);
    member.is_new = false;
    pending_sync_.insert(id);
  }
  set_deadline(sync_deadline_, after_ms(now, rebalance_timeout_ms()));
}

void Group::after_removal(Now now, Effects& effects) {
  switch (state_) {
    case GroupState::kEmpty: return;
    case GroupState::kPreparingRebalance: return complete_join_if_ready(now, effects);
    case GroupState::kCompletingRebalance:
    case GroupState::kStable: return prepare_rebalance(now, effects);
  }
}

void Group::synced(std::string_view member_id) {
  if (const auto waited = pending_sync_.find(member_id); waited != pending_sync_.end()) pending_sync_.erase(waited);
  if (pending_sync_.empty()) sync_deadline_ = kNever;
}

void Group::transition(GroupState next, Now now) {
  previous_state_ = state_;
  state_ = next;
  state_since_ms_ = now.wall_ms;
}

// --- Deadlines ----------------------------------------------------------------------------------------------------------

void Group::expire(Now now, Effects& effects) {
  const auto lost = std::erase_if(pending_, [&](const auto& id_and_deadline) { return id_and_deadline.second <= now.mono; });
  if (lost > 0) complete_join_if_ready(now, effects);
  expire_members(now, effects);
  expire_sync_phase(now, effects);
  expire_join_phase(now, effects);
  find_earliest();
}

void Group::expire_members(Now now, Effects& effects) {
  bool anyone_lost = false;
  for (auto at = members_.begin(); at != members_.end();) {
    const auto it = at++;
    Member& member = it->second;
    if (member.session_deadline > now.mono) continue;
    if (!member.is_new && (member.join != kNoReply || member.sync != kNoReply)) {
      member.session_deadline = kNever;  // it waits for us, not we for it
      continue;
    }
    if (!member.is_new && !member.forgiven && now.mono - member.session_deadline > kBrokerSlept) {
      member.forgiven = true;
      set_deadline(member.session_deadline, now.mono + kReprieve);
      continue;
    }
    remove_member(it, ErrorCode::kUnknownMemberId, effects);
    anyone_lost = true;
  }
  if (anyone_lost) after_removal(now, effects);
}

void Group::expire_sync_phase(Now now, Effects& effects) {
  if (sync_deadline_ > now.mono) return;
  sync_deadline_ = kNever;
  for (const std::string& id : std::set(pending_sync_)) remove_member(members_.find(id), ErrorCode::kUnknownMemberId, effects);
  prepare_rebalance(now, effects);
}

void Group::expire_join_phase(Now now, Effects& effects) {
  if (join_deadline_ > now.mono) return;
  if (!member_added_while_waiting_ || initial_remaining_ms_ == 0) return complete_join(now, effects);
  // Members are still arriving: wait once more, but never longer than a rebalance may take.
  member_added_while_waiting_ = false;
  const std::int32_t delay = std::min(settings_->initial_rebalance_delay_ms, initial_remaining_ms_);
  initial_remaining_ms_ = std::max(initial_remaining_ms_ - initial_delay_ms_, 0);
  initial_delay_ms_ = delay;
  set_deadline(join_deadline_, after_ms(now, delay));
}

void Group::postpone_overdue(MonoTime until) {
  const auto postpone = [&](MonoTime& deadline) { deadline = deadline < until ? until : deadline; };
  for (auto& [id, deadline] : pending_) postpone(deadline);
  for (auto& [id, member] : members_) postpone(member.session_deadline);
  postpone(sync_deadline_);
  postpone(join_deadline_);
  find_earliest();
}

void Group::find_earliest() {
  earliest_ = std::min(join_deadline_, sync_deadline_);
  for (const auto& [id, deadline] : pending_) earliest_ = std::min(earliest_, deadline);
  for (const auto& [id, member] : members_) earliest_ = std::min(earliest_, member.session_deadline);
}

void Group::set_deadline(MonoTime& deadline, MonoTime to) {
  deadline = to;
  earliest_ = std::min(earliest_, to);
}

void Group::keep_alive(Member& member, Now now) {
  set_deadline(member.session_deadline, after_ms(now, member.session_timeout_ms));
  member.forgiven = false;
}

// --- Members ------------------------------------------------------------------------------------------------------------

void Group::add_member(JoinRequest request, std::string id, Now now, Effects& effects) {
  pending_.erase(id);
  if (state_ == GroupState::kPreparingRebalance && previous_state_ == GroupState::kEmpty) member_added_while_waiting_ = true;
  if (members_.empty()) protocol_type_ = request.protocol_type;
  Member member;
  member.id = id;
  member.instance_id = request.instance_id;
  member.client_id = request.client_id;
  member.client_host = request.client_host;
  member.is_new = true;
  member.seniority = next_seniority_++;
  if (request.instance_id) static_members_[*request.instance_id] = id;
  if (!leader_) leader_ = id;
  const auto [at, added] = members_.emplace(std::move(id), std::move(member));
  CHECK(added);
  update_member(at->second, std::move(request), effects);
  set_deadline(at->second.session_deadline, after_ms(now, settings_->new_member_join_timeout_ms));
  rebalance_or_complete_join(now, effects);
}

void Group::update_member(Member& member, JoinRequest request, Effects& effects) {
  count_protocols(member, -1);
  member.protocols = std::move(request.protocols);
  count_protocols(member, +1);
  member.session_timeout_ms = request.session_timeout_ms;
  member.rebalance_timeout_ms = request.rebalance_timeout_ms;
  park_join(member, request.token, effects);
}

Member& Group::replace_static(const std::string& old_id, const std::string& new_id, Effects& effects) {
  auto node = members_.extract(old_id);
  Member& member = node.mapped();
  // Two processes with one instance id: the older one must hear that it is not the member any more.
  if (member.join != kNoReply) {
    JoinReply fenced;
    fenced.error = ErrorCode::kFencedInstanceId;
    fenced.member_id = old_id;
    answer_join(member, std::move(fenced), effects);
  }
  if (member.sync != kNoReply) answer_sync(member, ErrorCode::kFencedInstanceId, effects);
  node.key() = member.id = new_id;
  member.is_new = false;
  static_members_[*member.instance_id] = new_id;
  if (leader_ == old_id) leader_ = new_id;
  if (pending_sync_.erase(old_id) > 0) pending_sync_.insert(new_id);
  return members_.insert(std::move(node)).position->second;
}

void Group::remove_member(Members::iterator at, ErrorCode parked_error, Effects& effects) {
  Member& member = at->second;
  if (member.join != kNoReply) {
    JoinReply reply;
    reply.error = parked_error;
    reply.member_id = member.id;
    answer_join(member, std::move(reply), effects);
  }
  if (member.sync != kNoReply) answer_sync(member, parked_error, effects);
  count_protocols(member, -1);
  if (member.instance_id) {
    const auto held = static_members_.find(*member.instance_id);
    if (held != static_members_.end() && held->second == member.id) static_members_.erase(held);
  }
  const bool was_leader = leader_ == member.id;
  synced(member.id);
  members_.erase(at);
  if (!was_leader) return;
  leader_.reset();
  const auto senior = std::ranges::min_element(members_, {}, [](const auto& entry) { return entry.second.seniority; });
  if (senior != members_.end()) leader_ = senior->first;
}

bool Group::elect_leader_among_joined() {
  if (leader_ && members_.find(*leader_)->second.join != kNoReply) return true;
  const Member* senior = nullptr;
  for (const auto& [id, member] : members_) {
    if (member.join != kNoReply && (!senior || member.seniority < senior->seniority)) senior = &member;
  }
  if (senior) leader_ = senior->id;
  return senior != nullptr;
}

// Every member votes for the first of its protocols that all of them know; the leader's taste breaks a tie.
std::string Group::select_protocol() const {
  const auto known_to_all = [&](const GroupProtocol& protocol) {
    const auto support = protocol_support_.find(protocol.name);
    return support != protocol_support_.end() && support->second == members_.size();
  };
  std::map<std::string_view, std::size_t> votes;
  for (const auto& [id, member] : members_) {
    const auto choice = std::ranges::find_if(member.protocols, known_to_all);
    if (choice != member.protocols.end()) ++votes[choice->name];
  }
  std::string_view best;
  std::size_t best_votes = 0;
  for (const GroupProtocol& protocol : members_.find(*leader_)->second.protocols) {
    const auto count = votes.find(protocol.name);
    if (count == votes.end() || count->second <= best_votes) continue;
    best = protocol.name;
    best_votes = count->second;
  }
  return std::string(best);
}

std::int32_t Group::rebalance_timeout_ms() const {
  std::int32_t longest = 0;
  for (const auto& [id, member] : members_) longest = std::max(longest, member.rebalance_timeout_ms);
  return longest;
}

void Group::count_protocols(const Member& member, int by) {
  for (const GroupProtocol& protocol : member.protocols) {
    auto& count = protocol_support_[protocol.name];
    count += static_cast<std::size_t>(by);
    if (count == 0) protocol_support_.erase(protocol.name);
  }
}

std::optional<std::set<std::string>> Group::subscribed_topics() const {
  std::set<std::string> topics;
  if (!is_consumer_group()) return std::nullopt;
  for (const auto& [id, member] : members_) {
    const Bytes* subscription = protocol_name_ ? member.metadata(*protocol_name_) : nullptr;
    if (!subscription || !read_topics(*subscription, topics)) return std::nullopt;
  }
  return topics;
}

bool Group::is_subscribed_to(const std::string& topic) const {
  if (!is_consumer_group() || members_.empty()) return false;
  const auto topics = subscribed_topics();
  return !topics || topics->contains(topic);
}

// --- Parked requests ------------------------------------------------------------------------------------------------------

void Group::park_join(Member& member, ReplyToken token, Effects& effects) {
  if (member.join != kNoReply) {
    // The member asked again, on another connection most likely: the older question is moot, but it gets its answer.
    JoinReply moot;
    moot.error = ErrorCode::kRebalanceInProgress;
    moot.member_id = member.id;
    answer_join(member, std::move(moot), effects);
  }
  member.join = token;
  ++awaiting_join_;
}

void Group::answer_join(Member& member, JoinReply reply, Effects& effects) {
  effects.replies.emplace_back(std::exchange(member.join, kNoReply), std::move(reply));
  --awaiting_join_;
}

void Group::answer_sync(Member& member, ErrorCode error, Effects& effects) {
  SyncReply reply;
  reply.error = error;
  if (error == ErrorCode::kNone) {
    reply.protocol_type = protocol_type_;
    reply.protocol_name = protocol_name_;
    reply.assignment = member.assignment;
  }
  effects.replies.emplace_back(std::exchange(member.sync, kNoReply), std::move(reply));
}

JoinReply Group::join_reply(const Member& member) const {
  JoinReply reply;
  reply.generation = generation_;
  reply.protocol_type = protocol_type_;
  reply.protocol_name = protocol_name_;
  reply.leader = leader_.value_or("");
  reply.member_id = member.id;
  if (leader_ != member.id) return reply;
  reply.members.reserve(members_.size());
  for (const auto& [id, other] : members_) {
    const Bytes* metadata = protocol_name_ ? other.metadata(*protocol_name_) : nullptr;
    reply.members.push_back({id, other.instance_id, metadata ? *metadata : Bytes{}});
  }
  return reply;
}

}  // namespace barnabas::coordinator
