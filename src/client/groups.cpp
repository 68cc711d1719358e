#include "client/groups.h"

#include <algorithm>

#include "client/refusal.h"
#include "protocol/generated/consumer_protocol.h"
#include "protocol/generated/delete_groups.h"
#include "protocol/generated/describe_groups.h"
#include "protocol/generated/list_groups.h"
#include "protocol/generated/offset_commit.h"
#include "protocol/generated/offset_delete.h"
#include "protocol/generated/offset_fetch.h"

namespace barnabas::client {
namespace {

constexpr std::int16_t kTopicNamesMax = 9;  // of OffsetFetch and OffsetCommit: version 10 has topic ids

std::string what(const std::string& group) { return "group " + group; }

// An error that another coordinator may not have; others are the caller's to show.
Result<> not_elsewhere(std::int16_t code, const std::string& group) {
  switch (static_cast<ErrorCode>(code)) {
    case ErrorCode::kNotCoordinator:
    case ErrorCode::kCoordinatorLoadInProgress:
    case ErrorCode::kCoordinatorNotAvailable: return accepted(code, what(group));
    default: return {};
  }
}

// The bytes are a client's own, and any client's: what cannot be read is no partition.
std::vector<NamedPartition> assigned(const protocol::BytesField& bytes) {
  protocol::Decoder decoder{ByteView(bytes)};
  const auto version = std::min(decoder.fixed<std::int16_t>(), std::int16_t{3});
  if (!decoder.ok() || version < 0) return {};
  protocol::ConsumerProtocolAssignment assignment;
  assignment.decode(decoder, version);
  if (!decoder.ok()) return {};
  std::vector<NamedPartition> all;
  for (const auto& topic : assignment.assigned_partitions) {
    for (const PartitionIndex partition : topic.partitions) all.push_back({topic.topic, partition});
  }
  std::ranges::sort(all);
  return all;
}

template <class Topics>
Result<> collect(const Topics& topics, const std::string& group, std::map<NamedPartition, Committed>& into) {
  for (const auto& topic : topics) {
    for (const auto& one : topic.partitions) {
      TRY(accepted(one.error_code, what(group) + ", " + topic.name + "-" + std::to_string(one.partition_index)));
      if (one.committed_offset < 0) continue;
      into[{topic.name, one.partition_index}] = {one.committed_offset, one.committed_leader_epoch, one.metadata.value_or("")};
    }
  }
  return {};
}

}  // namespace

Result<std::vector<ListedGroup>> list_groups(Cluster& cluster) {
  std::vector<ListedGroup> all;
  TRY_ASSIGN(const protocol::MetadataResponse* members, cluster.members());
  for (const auto& node : members->brokers) {
    TRY_ASSIGN(Connection * broker, cluster.broker(node.node_id));
    TRY_ASSIGN(const auto answer, broker->call<protocol::ListGroupsResponse>(protocol::ListGroupsRequest{}, INT16_MAX, cluster.deadline()));
    TRY(accepted(answer->error_code, "groups of broker " + std::to_string(node.node_id)));
    for (const auto& group : answer->groups)
      all.push_back({group.group_id, group.group_type, group.protocol_type, group.group_state, node.node_id});
  }
  std::ranges::sort(all, {}, &ListedGroup::group);
  return all;
}

Result<DescribedGroup> describe_group(Cluster& cluster, const std::string& group) {
  return cluster.retry([&]() -> Result<DescribedGroup> {
    TRY_ASSIGN(const BrokerId coordinator, cluster.coordinator_id(group));
    TRY_ASSIGN(Connection * broker, cluster.broker(coordinator));
    protocol::DescribeGroupsRequest request;
    request.groups = {group};
    TRY_ASSIGN(const auto answer, broker->call<protocol::DescribeGroupsResponse>(request, INT16_MAX, cluster.deadline()));
    if (answer->groups.size() != 1) return fail(Errc::kCorrupt, what(group) + ": the broker answered for something else");
    const auto& found = answer->groups.front();
    TRY(accepted(found.error_code, what(group), found.error_message));
    DescribedGroup described{group, found.group_state, found.protocol_type, found.protocol_data, coordinator, {}};
    for (const auto& member : found.members) {
      described.members.push_back(
          {member.member_id, member.group_instance_id, member.client_id, member.client_host, assigned(member.member_assignment)});
    }
    std::ranges::sort(described.members, {}, &GroupMember::member_id);
    return described;
  });
}

Result<std::map<NamedPartition, Committed>> committed_offsets(Cluster& cluster, const std::string& group) {
  return cluster.retry([&]() -> Result<std::map<NamedPartition, Committed>> {
    TRY_ASSIGN(Connection * broker, cluster.coordinator(group));
    TRY_ASSIGN(const std::int16_t version, broker->version(protocol::ApiKey::kOffsetFetch, kTopicNamesMax));
    protocol::OffsetFetchRequest request;
    if (version >= 8) {
      auto& one = request.groups.emplace_back();
      one.group_id = group;
      one.topics.reset();
    } else {
      request.group_id = group;
      request.topics.reset();
    }
    TRY_ASSIGN(const auto answer, broker->call<protocol::OffsetFetchResponse>(request, version, cluster.deadline()));
    std::map<NamedPartition, Committed> all;
    if (version < 8) {
      TRY(accepted(answer->error_code, what(group)));
      TRY(collect(answer->topics, group, all));
    } else {
      for (const auto& one : answer->groups) {
        TRY(accepted(one.error_code, what(group)));
        TRY(collect(one.topics, group, all));
      }
    }
    return all;
  });
}

Result<std::map<NamedPartition, ErrorCode>> commit_offsets(Cluster& cluster, const std::string& group,
                                                           const std::map<NamedPartition, Committed>& offsets) {
  protocol::OffsetCommitRequest request;
  request.group_id = group;
  for (const auto& [partition, committed] : offsets) {
    if (request.topics.empty() || request.topics.back().name != partition.topic) request.topics.emplace_back().name = partition.topic;
    auto& one = request.topics.back().partitions.emplace_back();
    one.partition_index = partition.partition;
    one.committed_offset = committed.offset;
    one.committed_leader_epoch = committed.leader_epoch;
    one.committed_metadata = committed.metadata;
  }
  return cluster.retry([&]() -> Result<std::map<NamedPartition, ErrorCode>> {
    TRY_ASSIGN(Connection * broker, cluster.coordinator(group));
    TRY_ASSIGN(const auto answer, broker->call<protocol::OffsetCommitResponse>(request, kTopicNamesMax, cluster.deadline()));
    std::map<NamedPartition, ErrorCode> codes;
    for (const auto& topic : answer->topics) {
      for (const auto& one : topic.partitions) {
        TRY(not_elsewhere(one.error_code, group));
        codes[{topic.name, one.partition_index}] = static_cast<ErrorCode>(one.error_code);
      }
    }
    return codes;
  });
}

Result<ErrorCode> delete_group(Cluster& cluster, const std::string& group) {
  return cluster.retry([&]() -> Result<ErrorCode> {
    TRY_ASSIGN(Connection * broker, cluster.coordinator(group));
    protocol::DeleteGroupsRequest request;
    request.groups_names = {group};
    TRY_ASSIGN(const auto answer, broker->call<protocol::DeleteGroupsResponse>(request, INT16_MAX, cluster.deadline()));
    if (answer->results.size() != 1) return fail(Errc::kCorrupt, what(group) + ": the broker answered for something else");
    TRY(not_elsewhere(answer->results.front().error_code, group));
    return static_cast<ErrorCode>(answer->results.front().error_code);
  });
}

Result<std::map<NamedPartition, ErrorCode>> delete_offsets(Cluster& cluster, const std::string& group,
                                                           const std::vector<NamedPartition>& partitions) {
  protocol::OffsetDeleteRequest request;
  request.group_id = group;
  for (const NamedPartition& partition : partitions) {
    if (request.topics.empty() || request.topics.back().name != partition.topic) request.topics.emplace_back().name = partition.topic;
    request.topics.back().partitions.emplace_back().partition_index = partition.partition;
  }
  return cluster.retry([&]() -> Result<std::map<NamedPartition, ErrorCode>> {
    TRY_ASSIGN(Connection * broker, cluster.coordinator(group));
    TRY_ASSIGN(const auto answer, broker->call<protocol::OffsetDeleteResponse>(request, INT16_MAX, cluster.deadline()));
    TRY(accepted(answer->error_code, what(group)));
    std::map<NamedPartition, ErrorCode> codes;
    for (const auto& topic : answer->topics) {
      for (const auto& one : topic.partitions) codes[{topic.name, one.partition_index}] = static_cast<ErrorCode>(one.error_code);
    }
    return codes;
  });
}

}  // namespace barnabas::client
