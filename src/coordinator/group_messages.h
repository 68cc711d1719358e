#pragma once
// What goes into and comes out of the classic group's state machine (group.h): the requests without their wire versions,
// the replies, and the group as its record stores it.
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "model/error_code.h"

namespace barnabas::coordinator {

// Deadlines run on the monotonic clock; only what is stored or compared with record timestamps uses wall time.
struct Now {
  MonoTime mono;
  std::int64_t wall_ms = 0;
};

// Names a request whose answer is due. Never reused within a shard.
using ReplyToken = std::uint64_t;
inline constexpr ReplyToken kNoReply = 0;

struct GroupProtocol {
  std::string name;
  Bytes metadata;
  friend bool operator==(const GroupProtocol&, const GroupProtocol&) = default;
};

struct JoinRequest {
  ReplyToken token = kNoReply;
  std::string member_id;        // empty: not a member yet
  std::string fresh_member_id;  // the id to give if it has none
  std::optional<std::string> instance_id;
  std::string client_id;
  std::string client_host;
  std::int32_t session_timeout_ms = 0;
  std::int32_t rebalance_timeout_ms = 0;
  std::string protocol_type;
  std::vector<GroupProtocol> protocols;
  bool must_know_member_id = false;  // JoinGroup v4+, KIP-394: a new dynamic member is first only told its id
  bool can_skip_assignment = false;  // JoinGroup v9+, KIP-814
};

struct JoinedMember {
  std::string id;
  std::optional<std::string> instance_id;
  Bytes metadata;
};

struct JoinReply {
  ErrorCode error = ErrorCode::kNone;
  std::int32_t generation = -1;
  std::optional<std::string> protocol_type;
  std::optional<std::string> protocol_name;
  std::string leader;
  bool skip_assignment = false;
  std::string member_id;
  std::vector<JoinedMember> members;  // for the leader only
};

struct SyncRequest {
  ReplyToken token = kNoReply;
  std::int32_t generation = -1;
  std::string member_id;
  std::optional<std::string> instance_id;
  std::optional<std::string> protocol_type;         // v5+
  std::optional<std::string> protocol_name;         // v5+
  std::vector<std::pair<std::string, Bytes>> plan;  // member id -> assignment; from the leader
};

struct SyncReply {
  ErrorCode error = ErrorCode::kNone;
  std::optional<std::string> protocol_type;
  std::optional<std::string> protocol_name;
  Bytes assignment;
};

struct HeartbeatRequest {
  ReplyToken token = kNoReply;
  std::int32_t generation = -1;
  std::string member_id;
  std::optional<std::string> instance_id;
};

struct HeartbeatReply {
  ErrorCode error = ErrorCode::kNone;
};

struct LeavingMember {
  std::string member_id;  // may be empty when the instance id says who
  std::optional<std::string> instance_id;
};

struct LeaveRequest {
  ReplyToken token = kNoReply;
  std::vector<LeavingMember> members;
};

struct LeftMember {
  std::string member_id;
  std::optional<std::string> instance_id;
  ErrorCode error = ErrorCode::kNone;
};

struct LeaveReply {
  ErrorCode error = ErrorCode::kNone;
  std::vector<LeftMember> members;
};

using Reply = std::variant<JoinReply, SyncReply, HeartbeatReply, LeaveReply>;

// Who wants to commit offsets.
struct CommitIdentity {
  std::string member_id;
  std::int32_t generation = -1;  // below 0: not as a member
  std::optional<std::string> instance_id;
  bool transactional = false;
};

struct Effects {
  std::vector<std::pair<ReplyToken, Reply>> replies;
  bool store = false;  // write Group::metadata() to the log before any of the replies goes out
};

// As GroupMetadataValue stores it.
struct StoredMember {
  std::string id;
  std::optional<std::string> instance_id;
  std::string client_id;
  std::string client_host;
  std::int32_t rebalance_timeout_ms = -1;  // below 0: the session timeout (records of version 0)
  std::int32_t session_timeout_ms = 0;
  Bytes subscription;
  Bytes assignment;
  friend bool operator==(const StoredMember&, const StoredMember&) = default;
};

struct GroupMetadata {
  std::string protocol_type;
  std::int32_t generation = 0;
  std::optional<std::string> protocol;
  std::optional<std::string> leader;
  std::int64_t state_timestamp_ms = -1;
  std::vector<StoredMember> members;
  friend bool operator==(const GroupMetadata&, const GroupMetadata&) = default;
};

}  // namespace barnabas::coordinator
