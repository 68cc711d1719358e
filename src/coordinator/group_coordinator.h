#pragma once
// Consumer groups and their committed offsets, as the broker's handlers see them. Each group lives in one partition of
// __consumer_offsets; this broker serves those partitions whose log it was given with load().
//
// Every call runs on the caller's thread and returns at once. The reply is called exactly once, inside the call or
// later, from any thread, and only when everything it tells is committed. Byte fields of a response are views that live
// until the reply returns: encode it there.
//
// Not here: authorization (the handler takes out what the client may not touch and puts the errors back in),
// FindCoordinator and the making of __consumer_offsets.
#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/executor.h"
#include "base/random.h"
#include "coordinator/group.h"
#include "coordinator/group_shard.h"
#include "coordinator/log_port.h"
#include "coordinator/runtime.h"
#include "model/types.h"
#include "protocol/generated/delete_groups.h"
#include "protocol/generated/describe_groups.h"
#include "protocol/generated/heartbeat.h"
#include "protocol/generated/join_group.h"
#include "protocol/generated/leave_group.h"
#include "protocol/generated/list_groups.h"
#include "protocol/generated/offset_commit.h"
#include "protocol/generated/offset_delete.h"
#include "protocol/generated/offset_fetch.h"
#include "protocol/generated/sync_group.h"

namespace barnabas::coordinator {

struct KnownTopic {
  std::string name;
  TopicId id;
  std::int32_t partitions = 0;
  bool has(PartitionIndex partition) const { return partition >= 0 && partition < partitions; }
};

// The topics that the cluster has now. From any thread; once a topic, not once a partition: it locks.
class Topics {
 public:
  virtual ~Topics() = default;
  virtual std::optional<KnownTopic> find(std::string_view name) const = 0;
  virtual std::optional<KnownTopic> find(const TopicId& id) const = 0;
};

struct GroupCoordinatorSettings {
  GroupShardSettings shard;
  std::int32_t partitions = 50;                     // of __consumer_offsets: offsets.topic.num.partitions
  std::int32_t session_timeout_min_ms = 6'000;      // group.min.session.timeout.ms
  std::int32_t session_timeout_max_ms = 1'800'000;  // group.max.session.timeout.ms
  RuntimeSettings runtime;
};

struct RequestContext {
  std::int16_t api_version = 0;
  std::string client_id;    // empty: the client sent none
  std::string client_host;  // as DescribeGroups shows it, "/127.0.0.1"
};

template <class Response>
using ReplyTo = std::move_only_function<void(Response)>;

// The partition of __consumer_offsets a group lives in: Java's String.hashCode of the id, modulo the partitions.
PartitionIndex group_partition(std::string_view group_id, std::int32_t partitions);

// Clock, random, executor and names outlive the coordinator. stop() before destruction.
class GroupCoordinator {
 public:
  GroupCoordinator(GroupCoordinatorSettings settings, const Clock& clock, Random& random, Executor& executor, const Topics& topics);
  ~GroupCoordinator();

  PartitionIndex partition_for(std::string_view group_id) const { return group_partition(group_id, partitions_.load()); }
  // The topic exists with another number of partitions than configured.
  void set_partitions(std::int32_t count) { partitions_ = count; }

  // This broker leads the partition now: reads it whole, meanwhile answers COORDINATOR_LOAD_IN_PROGRESS. A second load of
  // a loaded partition (a new leader epoch) begins anew.
  void load(PartitionIndex partition, std::shared_ptr<LogPort> log);
  // This broker leads it no more: everything parked gets NOT_COORDINATOR.
  void unload(PartitionIndex partition);
  bool is_loaded(PartitionIndex partition) const { return runtime_.is_active(partition); }
  // Everything parked gets NOT_COORDINATOR, whatever comes later COORDINATOR_NOT_AVAILABLE.
  void stop();

  void join(const protocol::JoinGroupRequest& request, const RequestContext& context, ReplyTo<protocol::JoinGroupResponse> reply);
  void sync(const protocol::SyncGroupRequest& request, const RequestContext& context, ReplyTo<protocol::SyncGroupResponse> reply);
  void heartbeat(const protocol::HeartbeatRequest& request, const RequestContext& context, ReplyTo<protocol::HeartbeatResponse> reply);
  void leave(const protocol::LeaveGroupRequest& request, const RequestContext& context, ReplyTo<protocol::LeaveGroupResponse> reply);
  void commit_offsets(const protocol::OffsetCommitRequest& request, const RequestContext& context,
                      ReplyTo<protocol::OffsetCommitResponse> reply);
  void fetch_offsets(const protocol::OffsetFetchRequest& request, const RequestContext& context,
                     ReplyTo<protocol::OffsetFetchResponse> reply);

  // Administration: group_coordinator_admin.cpp. Authorized operations are the handler's to fill in.
  void describe_groups(const protocol::DescribeGroupsRequest& request, const RequestContext& context,
                       ReplyTo<protocol::DescribeGroupsResponse> reply);
  void list_groups(const protocol::ListGroupsRequest& request, const RequestContext& context, ReplyTo<protocol::ListGroupsResponse> reply);
  void delete_groups(const protocol::DeleteGroupsRequest& request, const RequestContext& context,
                     ReplyTo<protocol::DeleteGroupsResponse> reply);
  void delete_offsets(const protocol::OffsetDeleteRequest& request, const RequestContext& context,
                      ReplyTo<protocol::OffsetDeleteResponse> reply);

  // The groups of the partitions that are served here, with at most so many offsets.
  std::vector<GroupProgress> progress(std::size_t offsets_max);

  // Their committed offsets go too. A topic made again under an old name never sees them, even if this is never called.
  void on_topics_deleted(std::span<const DeletedTopic> topics);

 private:
  struct GroupFetch;

  void delete_group(const std::string& group_id, GroupShard::DeleteReply reply);
  void add_wanted(const std::vector<protocol::OffsetFetchRequest::OffsetFetchRequestTopics>& topics, GroupFetch& fetch) const;
  void fetch_group(GroupFetch fetch, const RequestContext& context);
  std::string fresh_member_id(const std::string& prefix);

  const GroupCoordinatorSettings settings_;
  Random& random_;
  const Topics& topics_;
  std::atomic<std::int32_t> partitions_;
  Runtime runtime_;
};

}  // namespace barnabas::coordinator
