#pragma once
// The groups and committed offsets of one partition of __consumer_offsets: the runtime's state machine (state_machine.h)
// around the classic group's (group.h).
//
// Parked requests keep their callbacks here, by token; the groups know the tokens only. A group that has no record, no
// members and no offsets is forgotten at once; a group whose record says Empty goes with its last offset (G17).
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "coordinator/group.h"
#include "coordinator/group_offsets.h"
#include "coordinator/state_machine.h"

namespace barnabas::coordinator {

struct GroupShardSettings {
  GroupSettings group;
  std::int64_t offsets_retention_ms = 7LL * 24 * 3600 * 1000;  // offsets.retention.minutes
  std::int64_t retention_check_interval_ms = 600'000;          // offsets.retention.check.interval.ms
  std::size_t offset_metadata_max = 4096;                      // offset.metadata.max.bytes, counted as Kafka: UTF-16 units
};

struct OffsetToCommit {
  std::string topic;
  PartitionIndex partition = 0;
  CommittedOffset value;  // timestamps are filled in by the shard
};

struct CommitRequest {
  CommitIdentity who;
  ErrorCode missing_group = ErrorCode::kIllegalGeneration;  // OffsetCommit v9+: GROUP_ID_NOT_FOUND
  std::int64_t retention_ms = -1;                           // v2-4; -1: the broker's
  std::vector<OffsetToCommit> offsets;
};

struct FetchedOffset {
  std::string topic;
  PartitionIndex partition = 0;
  std::optional<CommittedOffset> value;
};

struct DeletedTopic {
  TopicId id;
  std::string name;
};

// One group as DescribeGroups tells it. What members bring and get is told of a stable group only.
struct GroupDescription {
  bool exists = false;
  std::string state = "Dead";
  std::string protocol_type;
  std::string protocol;
  std::vector<StoredMember> members;
};

struct GroupListing {
  std::string id;
  std::string protocol_type;
  std::string state;
};

// How far a group has come, for metrics.
struct GroupProgress {
  struct Committed {
    std::string topic;
    PartitionIndex partition = 0;
    std::int64_t offset = -1;
  };
  std::string id;
  std::string state;
  std::size_t members = 0;
  std::vector<Committed> offsets;
};

struct DeletedOffsets {
  ErrorCode error = ErrorCode::kNone;  // of the whole request
  std::vector<ErrorCode> errors;       // one for each offset of the request
};

class GroupShard final : public StateMachine {
 public:
  using GroupReply = std::move_only_function<void(Reply)>;
  using CommitReply = std::move_only_function<void(std::vector<ErrorCode>)>;  // one for each offset of the request
  using FetchReply = std::move_only_function<void(ErrorCode, std::vector<FetchedOffset>)>;

  explicit GroupShard(const GroupShardSettings& settings) : settings_(settings) {}

  Outcome join(const std::string& group_id, JoinRequest request, GroupReply reply, Now now);
  Outcome sync(const std::string& group_id, SyncRequest request, GroupReply reply, Now now);
  Outcome heartbeat(const std::string& group_id, HeartbeatRequest request, GroupReply reply, Now now);
  Outcome leave(const std::string& group_id, LeaveRequest request, GroupReply reply, Now now);
  Outcome commit(const std::string& group_id, CommitRequest request, CommitReply reply, Now now);

  // nullopt: whatever the group has. A group that does not exist has nothing; that is no error.
  Outcome fetch(const std::string& group_id, std::optional<std::vector<std::pair<std::string, PartitionIndex>>> wanted, FetchReply reply);

  // --- Administration: group_shard_admin.cpp
  using DescribeReply = std::move_only_function<void(ErrorCode, GroupDescription)>;
  using DeleteReply = std::move_only_function<void(ErrorCode)>;
  using DeleteOffsetsReply = std::move_only_function<void(DeletedOffsets)>;

  Outcome describe(const std::string& group_id, DescribeReply reply);
  // As they are now. Not held back for a write that is on its way: a list promises nothing.
  void list(std::vector<GroupListing>& into) const;
  // The same with what they committed, until `offsets_left` is used up.
  void progress(std::vector<GroupProgress>& into, std::size_t& offsets_left) const;
  // One step of deleting a group: true in `more` when its offsets are too many for one batch, and the call must be
  // repeated. The reply is used by the last step, or the first that fails. Errors: 69 missing, 68 not empty (G16).
  Outcome delete_group(const std::string& group_id, std::shared_ptr<DeleteReply> reply, bool& more);
  // Errors: 69 missing, 68 a group with members that are no consumers; of one offset 86 while its topic is read.
  Outcome delete_offsets(const std::string& group_id, std::vector<std::pair<std::string, PartitionIndex>> which, DeleteOffsetsReply reply);

  // Deletes the topics' offsets from the first group after `cursor` that has any, and moves the cursor there;
  // cursor is empty when none is left.
  Outcome forget_topics(const std::vector<DeletedTopic>& topics, std::optional<std::string>& cursor);

  Result<> replay(ByteView key, std::optional<ByteView> value, Now now) override;
  void loaded(Now now) override;
  MonoTime next_deadline() const override;
  std::optional<Outcome> expire(Now now) override;
  Deliveries abandon() override;

  const Group* find_group(std::string_view group_id) const;
  const GroupOffsets* find_offsets(std::string_view group_id) const;
  std::size_t group_count() const { return groups_.size(); }
  std::size_t parked_count() const { return parked_.size(); }

 private:
  struct Entry {
    Group group;
    GroupOffsets offsets;
    MonoTime armed = kNever;  // where it stands in timers_
  };
  using Groups = std::map<std::string, Entry, std::less<>>;

  Entry& find_or_make(const std::string& group_id, Now now);
  template <class Request, class Step>
  Outcome event(const std::string& group_id, Request request, GroupReply reply, Now now, Reply missing, Step step);
  Outcome group_outcome(Entry& entry, Effects effects, std::optional<Group> before, ReplyToken trigger, Reply trigger_error,
                        MonoTime retry_at);
  Deliveries take_replies(std::vector<std::pair<ReplyToken, Reply>> replies);
  // A group that somebody was told of, or that has offsets.
  const Entry* find_existing(std::string_view group_id) const;
  static std::size_t tombstones_per_batch(std::string_view group_id);
  Outcome answer_only(std::string scope, Delivery delivery);
  template <class Answer>
  Outcome answering(Outcome outcome, Answer answer);

  void arm(Entry& entry);
  void forget_if_idle(const std::string& group_id);
  std::optional<Outcome> expire_group(const std::string& group_id, Now now);
  std::optional<Outcome> check_retention(Now now);
  std::optional<Outcome> drop_expired(const std::string& group_id, Now now);
  Outcome remove_offsets(const std::string& group_id, std::vector<std::pair<std::string, PartitionIndex>> which, bool and_group);
  Result<> replay_offset(ByteView key, std::optional<ByteView> value, Now now);
  Result<> replay_group(ByteView key, std::optional<ByteView> value, Now now);

  const GroupShardSettings& settings_;
  Groups groups_;
  std::set<std::pair<MonoTime, std::string>> timers_;  // one entry a group with deadlines
  std::unordered_map<ReplyToken, GroupReply> parked_;
  ReplyToken next_token_ = 1;
  MonoTime next_retention_check_ = kNever;
  std::optional<std::string> retention_cursor_;  // the group looked at last; a check is done in slices
};

}  // namespace barnabas::coordinator
