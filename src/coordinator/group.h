#pragma once
// A classic consumer group (the protocol of JoinGroup, SyncGroup, Heartbeat, LeaveGroup), as a pure state machine:
// an event and a time go in; replies, changed deadlines and the wish to store the group come out.
//
//            first member                 all joined, or time is up            leader's plan
//     Empty ------------> PreparingRebalance -----------> CompletingRebalance ------------> Stable
//       ^                    |        ^                        |                              |
//       +--- nobody left ----+        +------ someone joins, leaves, is lost or changes ------+
//
// A request that must wait is parked under its ReplyToken; every token is answered exactly once. Deadlines are part of
// the state, so a copy of a Group is a complete undo of whatever happened to it since. The last stored GroupMetadata
// survives a crash; members that had not yet got an assignment do not. One thread at a time (the shard's lock).
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "coordinator/group_messages.h"
#include "model/error_code.h"

namespace barnabas::coordinator {

enum class GroupState { kEmpty, kPreparingRebalance, kCompletingRebalance, kStable };
std::string_view to_string(GroupState state);  // Kafka's names, "PreparingRebalance"

inline constexpr MonoTime kNever{std::numeric_limits<std::int64_t>::max()};

struct GroupSettings {
  std::int32_t max_size = std::numeric_limits<std::int32_t>::max();  // group.max.size
  std::int32_t initial_rebalance_delay_ms = 3000;                    // group.initial.rebalance.delay.ms
  std::int32_t new_member_join_timeout_ms = 300'000;                 // a first JoinGroup is parked at most this long
};

struct Member {
  std::string id;
  std::optional<std::string> instance_id;  // static membership, KIP-345
  std::string client_id;
  std::string client_host;
  std::int32_t session_timeout_ms = 0;
  std::int32_t rebalance_timeout_ms = 0;
  std::vector<GroupProtocol> protocols;  // in the member's order of preference, each name once
  Bytes assignment;
  std::uint64_t seniority = 0;  // smaller: joined earlier
  bool is_new = false;          // its first JoinGroup is still parked: it does not know its id and cannot heartbeat
  bool forgiven = false;        // was spared once because the broker itself had been asleep
  ReplyToken join = kNoReply;
  ReplyToken sync = kNoReply;
  MonoTime session_deadline = kNever;  // kNever only while a reply is parked

  const Bytes* metadata(std::string_view protocol) const;
};

// `settings` outlives the group.
class Group {
 public:
  Group(std::string id, const GroupSettings& settings, Now now);
  // The group as its last record says; all its sessions begin anew.
  static Group restore(std::string id, const GroupMetadata& stored, const GroupSettings& settings, Now now);

  void join(JoinRequest request, Now now, Effects& effects);
  void sync(SyncRequest request, Now now, Effects& effects);
  void heartbeat(const HeartbeatRequest& request, Now now, Effects& effects);
  void leave(const LeaveRequest& request, Now now, Effects& effects);

  // Everything whose deadline has passed: sessions, the join and the sync phase.
  void expire(Now now, Effects& effects);
  // No deadline lies before this; may be early after a heartbeat, never late.
  MonoTime next_deadline() const { return earliest_; }
  // After an expiry that could not be stored: try again then.
  void postpone_overdue(MonoTime until);
  // A group that was restored with more members than now allowed is rebalanced.
  void enforce_max_size(Now now, Effects& effects);

  // May this committer commit offsets? Keeps the session of a member alive when it may.
  ErrorCode check_commit(const CommitIdentity& who, Now now);

  // Would any of these requests end in a record? Asked before, so that the caller can keep a copy to go back to.
  bool may_store(const JoinRequest& request) const;
  bool may_store(const SyncRequest& request) const;
  bool may_store(const LeaveRequest& request) const;

  // What the group's record holds. Only in Empty and Stable.
  GroupMetadata metadata() const;

  const std::string& id() const { return id_; }
  GroupState state() const { return state_; }
  std::int32_t generation() const { return generation_; }
  const std::optional<std::string>& protocol_type() const { return protocol_type_; }
  const std::optional<std::string>& protocol_name() const { return protocol_name_; }
  const std::optional<std::string>& leader() const { return leader_; }
  const std::map<std::string, Member, std::less<>>& members() const { return members_; }
  std::size_t pending_count() const { return pending_.size(); }
  std::int64_t state_since_ms() const { return state_since_ms_; }
  bool is_consumer_group() const { return protocol_type_ == "consumer"; }
  // Topics named by any member's subscription; nullopt if one of them cannot be read (not a consumer group).
  std::optional<std::set<std::string>> subscribed_topics() const;
  // Does a member read this topic? Said of a consumer group that has not agreed on subscriptions yet, too.
  bool is_subscribed_to(const std::string& topic) const;
  // Nobody was ever told of it: no members, never stored. Some may have been given an id to join with.
  bool is_unborn() const { return state_ == GroupState::kEmpty && !stored_; }
  // Nothing would be lost by forgetting it.
  bool is_forgettable() const { return is_unborn() && pending_.empty(); }
  void mark_stored() { stored_ = true; }
  // Answers everything parked with this error.
  void abandon(ErrorCode error, Effects& effects);

 private:
  using Members = std::map<std::string, Member, std::less<>>;

  ErrorCode check_member(std::string_view member_id, const std::optional<std::string>& instance_id) const;
  bool accepts_joiner(std::string_view member_id) const;
  bool supports(const JoinRequest& request) const;

  void join_new(JoinRequest request, Now now, Effects& effects);
  void join_existing(JoinRequest request, Now now, Effects& effects);
  void rejoin_static(const std::string& old_id, JoinRequest request, Now now, Effects& effects);
  void add_pending(const JoinRequest& request, Now now, Effects& effects);
  void add_member(JoinRequest request, std::string id, Now now, Effects& effects);
  void update_member(Member& member, JoinRequest request, Effects& effects);
  Member& replace_static(const std::string& old_id, const std::string& new_id, Effects& effects);
  void remove_member(Members::iterator member, ErrorCode parked_error, Effects& effects);

  void rebalance_or_complete_join(Now now, Effects& effects);
  void prepare_rebalance(Now now, Effects& effects);
  void complete_join_if_ready(Now now, Effects& effects);
  void complete_join(Now now, Effects& effects);
  void start_generation(Now now, Effects& effects);
  void after_removal(Now now, Effects& effects);
  void accept_plan(std::vector<std::pair<std::string, Bytes>> plan, Now now, Effects& effects);
  void synced(std::string_view member_id);

  void expire_members(Now now, Effects& effects);
  void expire_join_phase(Now now, Effects& effects);
  void expire_sync_phase(Now now, Effects& effects);

  void transition(GroupState next, Now now);
  bool elect_leader_among_joined();
  std::string select_protocol() const;
  std::int32_t rebalance_timeout_ms() const;
  bool all_joined() const { return awaiting_join_ == members_.size() && pending_.empty(); }
  void count_protocols(const Member& member, int by);
  void keep_alive(Member& member, Now now);
  void set_deadline(MonoTime& deadline, MonoTime to);
  void find_earliest();

  void park_join(Member& member, ReplyToken token, Effects& effects);
  void answer_join(Member& member, JoinReply reply, Effects& effects);
  void answer_sync(Member& member, ErrorCode error, Effects& effects);
  JoinReply join_reply(const Member& member) const;

  std::string id_;
  const GroupSettings* settings_;
  GroupState state_ = GroupState::kEmpty;
  GroupState previous_state_ = GroupState::kEmpty;
  std::int64_t state_since_ms_ = 0;
  std::int32_t generation_ = 0;
  std::optional<std::string> protocol_type_;
  std::optional<std::string> protocol_name_;
  std::optional<std::string> leader_;
  Members members_;
  std::map<std::string, std::string, std::less<>> static_members_;  // instance id -> member id
  std::map<std::string, MonoTime, std::less<>> pending_;            // ids given out (KIP-394) and not yet used -> deadline
  std::set<std::string, std::less<>> pending_sync_;                 // joined this generation, not yet heard in SyncGroup
  std::map<std::string, std::size_t, std::less<>> protocol_support_;
  std::size_t awaiting_join_ = 0;
  std::uint64_t next_seniority_ = 1;
  bool stored_ = false;  // the log holds a record of it

  MonoTime join_deadline_ = kNever;
  MonoTime sync_deadline_ = kNever;
  MonoTime earliest_ = kNever;
  bool member_added_while_waiting_ = false;  // extends the initial delay
  std::int32_t initial_delay_ms_ = 0;
  std::int32_t initial_remaining_ms_ = 0;
};

}  // namespace barnabas::coordinator
