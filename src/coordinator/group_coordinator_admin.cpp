// DescribeGroups, ListGroups, DeleteGroups and OffsetDelete of group_coordinator.h.
#include <algorithm>
#include <cctype>
#include <set>

#include "coordinator/each_once.h"
#include "coordinator/group_coordinator.h"
#include "coordinator/joint.h"

namespace barnabas::coordinator {
namespace {

constexpr std::int16_t kDescribeKnowsMissingGroup = 6;
constexpr std::string_view kClassic = "classic";

GroupShard& shard_of(StateMachine& machine) { return static_cast<GroupShard&>(machine); }

struct Described {
  ErrorCode error = ErrorCode::kNone;
  std::string id;
  GroupDescription group;
};

// Byte fields are views of `from`.
protocol::DescribeGroupsResponse describe_response(const std::vector<Described>& groups, std::int16_t version) {
  protocol::DescribeGroupsResponse out;
  for (const Described& from : groups) {
    auto& to = out.groups.emplace_back();
    to.group_id = from.id;
    to.error_code = wire(from.error);
    if (from.error != ErrorCode::kNone) continue;
    to.group_state = from.group.state;
    to.protocol_type = from.group.protocol_type;
    to.protocol_data = from.group.protocol;
    if (!from.group.exists && version >= kDescribeKnowsMissingGroup) {  // before, "Dead" says it
      to.error_code = wire(ErrorCode::kGroupIdNotFound);
      to.error_message = "Group " + from.id + " not found.";
    }
    for (const StoredMember& member : from.group.members) {
      auto& to_member = to.members.emplace_back();
      to_member.member_id = member.id;
      to_member.group_instance_id = member.instance_id;
      to_member.client_id = member.client_id;
      to_member.client_host = member.client_host;
      to_member.member_metadata = member.subscription;
      to_member.member_assignment = member.assignment;
    }
  }
  return out;
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

// Kafka compares without regard to case; what is no state or type matches nothing.
class Filter {
 public:
  explicit Filter(const std::vector<std::string>& wanted) {
    for (const std::string& one : wanted) wanted_.insert(lower(one));
  }
  bool passes(std::string_view value) const { return wanted_.empty() || wanted_.contains(lower(value)); }

 private:
  std::set<std::string> wanted_;
};

}  // namespace

void GroupCoordinator::describe_groups(const protocol::DescribeGroupsRequest& request, const RequestContext& context,
                                       ReplyTo<protocol::DescribeGroupsResponse> reply) {
  if (request.groups.empty()) return reply({});
  const auto ids = each_once(request.groups, std::identity{});
  const auto joint =
      Joint<Described>::of(ids.size(), [reply = std::move(reply), version = context.api_version](
                                           const std::vector<Described>& groups) mutable { reply(describe_response(groups, version)); });
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const std::string& id = *ids[i];
    const ErrorCode error = runtime_.run(partition_for(id), [&](StateMachine& machine, Now) {
      return shard_of(machine).describe(
          id, [joint, i, id](ErrorCode failure, GroupDescription group) { joint->put(i, {failure, id, std::move(group)}); });
    });
    if (error != ErrorCode::kNone) joint->put(i, {error, id, {}});
  }
}

void GroupCoordinator::list_groups(const protocol::ListGroupsRequest& request, const RequestContext&,
                                   ReplyTo<protocol::ListGroupsResponse> reply) {
  const Filter states(request.states_filter);
  protocol::ListGroupsResponse out;
  if (!Filter(request.types_filter).passes(kClassic)) return reply(std::move(out));
  std::vector<GroupListing> groups;
  for (const PartitionIndex partition : runtime_.partitions()) {
    const ErrorCode error = runtime_.run(partition, [&](StateMachine& machine, Now) {
      shard_of(machine).list(groups);
      Outcome nothing;
      nothing.taken = [] { return Deliveries{}; };
      return nothing;
    });
    if (error == ErrorCode::kNone || error == ErrorCode::kNotCoordinator) continue;  // another broker lists those
    out.error_code = wire(error);
    return reply(std::move(out));
  }
  for (GroupListing& group : groups) {
    if (!states.passes(group.state)) continue;
    auto& to = out.groups.emplace_back();
    to.group_id = std::move(group.id);
    to.protocol_type = std::move(group.protocol_type);
    to.group_state = std::move(group.state);
    to.group_type = kClassic;
  }
  reply(std::move(out));
}

std::vector<GroupProgress> GroupCoordinator::progress(std::size_t offsets_max) {
  std::vector<GroupProgress> groups;
  for (const PartitionIndex partition : runtime_.partitions()) {
    runtime_.run(partition, [&](StateMachine& machine, Now) {  // one that is loading has none to show
      shard_of(machine).progress(groups, offsets_max);
      Outcome nothing;
      nothing.taken = [] { return Deliveries{}; };
      return nothing;
    });
  }
  return groups;
}

void GroupCoordinator::delete_groups(const protocol::DeleteGroupsRequest& request, const RequestContext&,
                                     ReplyTo<protocol::DeleteGroupsResponse> reply) {
  std::vector<std::string> ids;
  for (const std::string* id : each_once(request.groups_names, std::identity{})) ids.push_back(*id);
  if (ids.empty()) return reply({});
  const auto joint = Joint<ErrorCode>::of(ids.size(), [reply = std::move(reply), ids](const std::vector<ErrorCode>& errors) mutable {
    protocol::DeleteGroupsResponse out;
    for (std::size_t i = 0; i < ids.size(); ++i) {
      auto& to = out.results.emplace_back();
      to.group_id = ids[i];
      to.error_code = wire(errors[i]);
    }
    reply(std::move(out));
  });
  for (std::size_t i = 0; i < ids.size(); ++i) delete_group(ids[i], [joint, i](ErrorCode error) { joint->put(i, error); });
}

void GroupCoordinator::delete_group(const std::string& group_id, GroupShard::DeleteReply reply) {
  const auto shared = std::make_shared<GroupShard::DeleteReply>(std::move(reply));
  bool more = false;
  do {
    const ErrorCode error = runtime_.run(
        partition_for(group_id), [&](StateMachine& machine, Now) { return shard_of(machine).delete_group(group_id, shared, more); });
    if (error != ErrorCode::kNone) return (*shared)(error);
  } while (more);
}

void GroupCoordinator::delete_offsets(const protocol::OffsetDeleteRequest& request, const RequestContext&,
                                      ReplyTo<protocol::OffsetDeleteResponse> reply) {
  protocol::OffsetDeleteResponse out;
  if (request.group_id.empty()) {
    out.error_code = wire(ErrorCode::kInvalidGroupId);
    return reply(std::move(out));
  }
  std::vector<std::pair<std::string, PartitionIndex>> which;
  std::vector<std::pair<std::size_t, std::size_t>> places;  // in the response
  for (const auto& topic : request.topics) {
    auto& to = out.topics.emplace_back();
    to.name = topic.name;
    const std::optional<KnownTopic> known = topics_.find(topic.name);
    for (const auto& partition : topic.partitions) {
      auto& to_partition = to.partitions.emplace_back();
      to_partition.partition_index = partition.partition_index;
      if (!known || !known->has(partition.partition_index)) {
        to_partition.error_code = wire(ErrorCode::kUnknownTopicOrPartition);
        continue;
      }
      which.emplace_back(topic.name, partition.partition_index);
      places.emplace_back(out.topics.size() - 1, to.partitions.size() - 1);
    }
  }
  GroupShard::DeleteOffsetsReply answer = [reply = std::move(reply), out = std::move(out),
                                           places = std::move(places)](const DeletedOffsets& told) mutable {
    if (told.error != ErrorCode::kNone) {
      out.topics.clear();
      out.error_code = wire(told.error);
    } else {
      for (std::size_t i = 0; i < places.size(); ++i) {
        out.topics[places[i].first].partitions[places[i].second].error_code = wire(told.errors[i]);
      }
    }
    reply(std::move(out));
  };
  const ErrorCode error = runtime_.run(partition_for(request.group_id), [&](StateMachine& machine, Now) {
    return shard_of(machine).delete_offsets(request.group_id, std::move(which), std::move(answer));
  });
  if (error != ErrorCode::kNone) answer({error, {}});
}

}  // namespace barnabas::coordinator
