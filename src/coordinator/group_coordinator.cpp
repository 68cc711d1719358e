#include "coordinator/group_coordinator.h"

#include <algorithm>

#include <fmt/core.h>

#include "base/check.h"
#include "coordinator/utf16.h"

namespace barnabas::coordinator {
namespace {

// A member id begins with the client's id; one of 32 KiB would make an id that no message can carry.
constexpr std::size_t kMemberIdPrefixMax = 1024;

Bytes copy(ByteView bytes) { return {bytes.begin(), bytes.end()}; }

std::int16_t number(ErrorCode error) { return static_cast<std::int16_t>(error); }

GroupShard& shard_of(StateMachine& machine) { return static_cast<GroupShard&>(machine); }

void send_join(ReplyTo<protocol::JoinGroupResponse>& reply, const JoinReply& from, std::int16_t version) {
  protocol::JoinGroupResponse out;
  out.error_code = number(from.error);
  out.generation_id = from.generation;
  out.protocol_type = from.protocol_type;
  out.protocol_name = from.protocol_name;
  if (version < 7 && !out.protocol_name) out.protocol_name = "";
  out.leader = from.leader;
  out.skip_assignment = from.skip_assignment;
  out.member_id = from.member_id;
  out.members.reserve(from.members.size());
  for (const JoinedMember& member : from.members) {
    auto& to = out.members.emplace_back();
    to.member_id = member.id;
    to.group_instance_id = member.instance_id;
    to.metadata = member.metadata;
  }
  reply(std::move(out));
}

void send_sync(ReplyTo<protocol::SyncGroupResponse>& reply, const SyncReply& from) {
  protocol::SyncGroupResponse out;
  out.error_code = number(from.error);
  out.protocol_type = from.protocol_type;
  out.protocol_name = from.protocol_name;
  out.assignment = from.assignment;
  reply(std::move(out));
}

void send_heartbeat(ReplyTo<protocol::HeartbeatResponse>& reply, ErrorCode error) {
  protocol::HeartbeatResponse out;
  out.error_code = number(error);
  reply(std::move(out));
}

// Before v3 a request names one member, and its error is the request's.
void send_leave(ReplyTo<protocol::LeaveGroupResponse>& reply, const LeaveReply& from, std::int16_t version) {
  protocol::LeaveGroupResponse out;
  out.error_code = number(from.error);
  if (version < 3) {
    if (from.error == ErrorCode::kNone && !from.members.empty()) out.error_code = number(from.members.front().error);
  } else {
    for (const LeftMember& member : from.members) {
      auto& to = out.members.emplace_back();
      to.member_id = member.member_id;
      to.group_instance_id = member.instance_id;
      to.error_code = number(member.error);
    }
  }
  reply(std::move(out));
}

}  // namespace

PartitionIndex group_partition(std::string_view group_id, std::int32_t partitions) {
  std::uint32_t hash = 0;
  for_each_utf16(group_id, [&](std::uint16_t unit) { hash = 31 * hash + unit; });
  return static_cast<PartitionIndex>((hash & 0x7fffffffU) % static_cast<std::uint32_t>(std::max(partitions, 1)));
}

GroupCoordinator::GroupCoordinator(GroupCoordinatorSettings settings, const Clock& clock, Random& random, Executor& executor,
                                   const Topics& topics)
    : settings_(settings),
      random_(random),
      topics_(topics),
      partitions_(settings.partitions),
      runtime_(std::string(kConsumerOffsetsTopic), settings.runtime, clock, executor,
               [this](PartitionIndex) { return std::make_unique<GroupShard>(settings_.shard); }) {}

GroupCoordinator::~GroupCoordinator() = default;

void GroupCoordinator::load(PartitionIndex partition, std::shared_ptr<LogPort> log) { runtime_.load(partition, std::move(log)); }
void GroupCoordinator::unload(PartitionIndex partition) { runtime_.unload(partition); }
void GroupCoordinator::stop() { runtime_.stop(); }

// As Kafka's: what the client calls itself, and a random UUID in its usual spelling.
std::string GroupCoordinator::fresh_member_id(const std::string& prefix) {
  std::size_t size = std::min(prefix.size(), kMemberIdPrefixMax);
  while (size < prefix.size() && size > 0 && (static_cast<unsigned char>(prefix[size]) & 0xc0) == 0x80) --size;  // no half character
  const std::uint64_t high = (random_.next() & ~0xf000ULL) | 0x4000ULL;
  const std::uint64_t low = (random_.next() >> 2) | (1ULL << 63);
  return fmt::format("{}-{:08x}-{:04x}-{:04x}-{:04x}-{:012x}", prefix.substr(0, size), high >> 32, (high >> 16) & 0xffff, high & 0xffff,
                     low >> 48, low & 0xffffffffffffULL);
}

// --- Membership ---------------------------------------------------------------------------------------------------------

void GroupCoordinator::join(const protocol::JoinGroupRequest& request, const RequestContext& context,
                            ReplyTo<protocol::JoinGroupResponse> reply) {
  const std::int16_t version = context.api_version;
  const auto refuse = [&](ErrorCode error) {
    JoinReply refusal;
    refusal.error = error;
    refusal.member_id = request.member_id;
    send_join(reply, refusal, version);
  };
  if (request.group_id.empty()) return refuse(ErrorCode::kInvalidGroupId);
  const std::int32_t session_ms = request.session_timeout_ms;
  if (session_ms < settings_.session_timeout_min_ms || session_ms > settings_.session_timeout_max_ms) {
    return refuse(ErrorCode::kInvalidSessionTimeout);
  }
  JoinRequest joining;
  joining.member_id = request.member_id;
  joining.instance_id = request.group_instance_id;
  if (request.member_id.empty()) joining.fresh_member_id = fresh_member_id(request.group_instance_id.value_or(context.client_id));
  joining.client_id = context.client_id;
  joining.client_host = context.client_host;
  joining.session_timeout_ms = session_ms;
  joining.rebalance_timeout_ms = version == 0 ? session_ms : std::max(request.rebalance_timeout_ms, 0);
  joining.protocol_type = request.protocol_type;
  for (const auto& protocol : request.protocols) joining.protocols.push_back({protocol.name, copy(protocol.metadata)});
  joining.must_know_member_id = version >= 4;
  joining.can_skip_assignment = version >= 9;

  const ErrorCode error = runtime_.run(partition_for(request.group_id), [&](StateMachine& machine, Now now) {
    GroupShard::GroupReply answer = [reply = std::move(reply), version](const Reply& from) mutable {
      send_join(reply, std::get<JoinReply>(from), version);
    };
    return shard_of(machine).join(request.group_id, std::move(joining), std::move(answer), now);
  });
  if (error != ErrorCode::kNone) refuse(error);
}

void GroupCoordinator::sync(const protocol::SyncGroupRequest& request, const RequestContext&, ReplyTo<protocol::SyncGroupResponse> reply) {
  const auto refuse = [&](ErrorCode error) {
    SyncReply refusal;
    refusal.error = error;
    send_sync(reply, refusal);
  };
  if (request.group_id.empty()) return refuse(ErrorCode::kInvalidGroupId);
  SyncRequest syncing;
  syncing.generation = request.generation_id;
  syncing.member_id = request.member_id;
  syncing.instance_id = request.group_instance_id;
  syncing.protocol_type = request.protocol_type;
  syncing.protocol_name = request.protocol_name;
  for (const auto& one : request.assignments) syncing.plan.emplace_back(one.member_id, copy(one.assignment));

  const ErrorCode error = runtime_.run(partition_for(request.group_id), [&](StateMachine& machine, Now now) {
    GroupShard::GroupReply answer = [reply = std::move(reply)](const Reply& from) mutable { send_sync(reply, std::get<SyncReply>(from)); };
    return shard_of(machine).sync(request.group_id, std::move(syncing), std::move(answer), now);
  });
  // The rebalance this belongs to is lost with the state being read. Java's consumer takes 14 here for a fatal error.
  if (error != ErrorCode::kNone) refuse(error == ErrorCode::kCoordinatorLoadInProgress ? ErrorCode::kRebalanceInProgress : error);
}

void GroupCoordinator::heartbeat(const protocol::HeartbeatRequest& request, const RequestContext&,
                                 ReplyTo<protocol::HeartbeatResponse> reply) {
  if (request.group_id.empty()) return send_heartbeat(reply, ErrorCode::kInvalidGroupId);
  HeartbeatRequest beating;
  beating.generation = request.generation_id;
  beating.member_id = request.member_id;
  beating.instance_id = request.group_instance_id;
  const ErrorCode error = runtime_.run(partition_for(request.group_id), [&](StateMachine& machine, Now now) {
    GroupShard::GroupReply answer = [reply = std::move(reply)](const Reply& from) mutable {
      send_heartbeat(reply, std::get<HeartbeatReply>(from).error);
    };
    return shard_of(machine).heartbeat(request.group_id, std::move(beating), std::move(answer), now);
  });
  // A group that is being read is no reason to rejoin: the client just beats again.
  if (error != ErrorCode::kNone) send_heartbeat(reply, error == ErrorCode::kCoordinatorLoadInProgress ? ErrorCode::kNone : error);
}

void GroupCoordinator::leave(const protocol::LeaveGroupRequest& request, const RequestContext& context,
                             ReplyTo<protocol::LeaveGroupResponse> reply) {
  const std::int16_t version = context.api_version;
  const auto refuse = [&](ErrorCode error) {
    LeaveReply refusal;
    refusal.error = error;
    send_leave(reply, refusal, version);
  };
  if (request.group_id.empty()) return refuse(ErrorCode::kInvalidGroupId);
  LeaveRequest leaving;
  if (version < 3) {
    leaving.members.push_back({request.member_id, std::nullopt});
  } else {
    for (const auto& member : request.members) leaving.members.push_back({member.member_id, member.group_instance_id});
  }
  const ErrorCode error = runtime_.run(partition_for(request.group_id), [&](StateMachine& machine, Now now) {
    GroupShard::GroupReply answer = [reply = std::move(reply), version](const Reply& from) mutable {
      send_leave(reply, std::get<LeaveReply>(from), version);
    };
    return shard_of(machine).leave(request.group_id, std::move(leaving), std::move(answer), now);
  });
  if (error != ErrorCode::kNone) refuse(error);
}

void GroupCoordinator::on_topics_deleted(std::span<const DeletedTopic> topics) {
  const std::vector<DeletedTopic> deleted(topics.begin(), topics.end());
  for (const PartitionIndex partition : runtime_.partitions()) {
    std::optional<std::string> cursor;
    do {
      const ErrorCode error =
          runtime_.run(partition, [&](StateMachine& machine, Now) { return shard_of(machine).forget_topics(deleted, cursor); });
      if (error != ErrorCode::kNone) break;  // the topic's id keeps its offsets out of sight until they expire
    } while (cursor);
  }
}

}  // namespace barnabas::coordinator
