// OffsetCommit and OffsetFetch of group_coordinator.h: topics by name or by id, one group or many, per version.
#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "coordinator/each_once.h"
#include "coordinator/group_coordinator.h"
#include "coordinator/joint.h"

namespace barnabas::coordinator {
namespace {

constexpr std::int16_t kCommitByTopicId = 10;
constexpr std::int16_t kCommitKnowsMissingGroup = 9;
constexpr std::int16_t kFetchManyGroups = 8;
constexpr std::int16_t kFetchByTopicId = 10;
constexpr std::int16_t kFetchGroupError = 2;  // before, only partitions have errors

std::int16_t number(ErrorCode error) { return static_cast<std::int16_t>(error); }

}  // namespace

void GroupCoordinator::commit_offsets(const protocol::OffsetCommitRequest& request, const RequestContext& context,
                                      ReplyTo<protocol::OffsetCommitResponse> reply) {
  const bool by_id = context.api_version >= kCommitByTopicId;
  CommitRequest commit;
  commit.who = {request.member_id, request.generation_id_or_member_epoch, request.group_instance_id, false};
  if (context.api_version >= kCommitKnowsMissingGroup) commit.missing_group = ErrorCode::kGroupIdNotFound;
  commit.retention_ms = request.retention_time_ms;

  // What does not exist gets its answer here; `places` says where the others' answers belong.
  protocol::OffsetCommitResponse response;
  std::vector<std::pair<std::size_t, std::size_t>> places;
  for (const auto& topic : request.topics) {
    auto& out = response.topics.emplace_back();
    out.name = topic.name;
    out.topic_id = topic.topic_id;
    const std::optional<KnownTopic> known = by_id ? topics_.find(topic.topic_id) : topics_.find(topic.name);
    const ErrorCode missing = by_id && !known ? ErrorCode::kUnknownTopicId : ErrorCode::kUnknownTopicOrPartition;
    for (const auto& partition : topic.partitions) {
      auto& out_partition = out.partitions.emplace_back();
      out_partition.partition_index = partition.partition_index;
      if (!known || !known->has(partition.partition_index)) {
        out_partition.error_code = number(missing);
        continue;
      }
      places.emplace_back(response.topics.size() - 1, out.partitions.size() - 1);
      OffsetToCommit& offset = commit.offsets.emplace_back();
      offset.topic = known->name;
      offset.partition = partition.partition_index;
      offset.value.offset = partition.committed_offset;
      offset.value.leader_epoch = partition.committed_leader_epoch;
      offset.value.metadata = partition.committed_metadata.value_or("");
      offset.value.topic_id = known->id;
    }
  }
  if (places.empty() && !request.topics.empty()) return reply(std::move(response));

  const std::size_t count = places.size();
  GroupShard::CommitReply answer = [reply = std::move(reply), response = std::move(response),
                                    places = std::move(places)](const std::vector<ErrorCode>& errors) mutable {
    for (std::size_t i = 0; i < places.size(); ++i) {
      response.topics[places[i].first].partitions[places[i].second].error_code = number(errors[i]);
    }
    reply(std::move(response));
  };
  const ErrorCode error = runtime_.run(partition_for(request.group_id), [&](StateMachine& machine, Now now) {
    return static_cast<GroupShard&>(machine).commit(request.group_id, std::move(commit), std::move(answer), now);
  });
  if (error != ErrorCode::kNone) answer(std::vector<ErrorCode>(count, error));
}

// --- OffsetFetch ----------------------------------------------------------------------------------------------------------

struct GroupCoordinator::GroupFetch {
  using GroupResponse = protocol::OffsetFetchResponse::OffsetFetchResponseGroup;

  std::shared_ptr<Joint<GroupResponse>> joint;
  std::size_t index = 0;
  GroupResponse response;  // with the topics asked for that do not exist
  std::string group_id;
  // What to look up, and where each answer belongs; nullopt: everything the group has.
  std::optional<std::vector<std::pair<std::string, PartitionIndex>>> wanted;
  std::vector<std::pair<std::size_t, std::size_t>> places;
  bool by_id = false;

  static void fill(protocol::OffsetFetchResponse::OffsetFetchResponsePartitions& out, const FetchedOffset& from,
                   const std::optional<KnownTopic>& current) {
    out.partition_index = from.partition;
    out.committed_offset = -1;
    if (!from.value) return;
    // Committed for a topic that is gone; its successor begins with nothing.
    if (!from.value->topic_id.is_zero() && current && current->id != from.value->topic_id) return;
    out.committed_offset = from.value->offset;
    out.committed_leader_epoch = from.value->leader_epoch;
    out.metadata = from.value->metadata;
  }

  void answer(ErrorCode error, const std::vector<FetchedOffset>& fetched, const Topics& topics) {
    response.error_code = number(error);
    if (error != ErrorCode::kNone) {
      for (auto& topic : response.topics) {
        for (auto& partition : topic.partitions) partition.error_code = number(error);
      }
    } else if (wanted) {
      std::optional<KnownTopic> current;
      for (std::size_t i = 0; i < places.size(); ++i) {
        if (i == 0 || fetched[i].topic != fetched[i - 1].topic) current = topics.find(fetched[i].topic);
        fill(response.topics[places[i].first].partitions[places[i].second], fetched[i], current);
      }
    } else {
      list_all(fetched, topics);
    }
    joint->put(index, std::move(response));
  }

  void list_all(const std::vector<FetchedOffset>& fetched, const Topics& topics) {
    for (std::size_t i = 0; i < fetched.size();) {
      const std::string& name = fetched[i].topic;
      const std::optional<KnownTopic> current = topics.find(name);
      protocol::OffsetFetchResponse::OffsetFetchResponseTopics topic;
      topic.name = name;
      if (current) topic.topic_id = current->id;
      for (; i < fetched.size() && fetched[i].topic == name; ++i) {
        fill(topic.partitions.emplace_back(), fetched[i], current);
        if (topic.partitions.back().committed_offset < 0) topic.partitions.pop_back();
      }
      const bool can_be_told = !by_id || current;
      if (can_be_told && !topic.partitions.empty()) response.topics.push_back(std::move(topic));
    }
  }
};

// Each partition that exists once: what is committed for it may be a thousand times as long as its number.
void GroupCoordinator::add_wanted(const std::vector<protocol::OffsetFetchRequest::OffsetFetchRequestTopics>& topics,
                                  GroupFetch& fetch) const {
  std::unordered_map<std::string, std::unordered_set<PartitionIndex>> asked;
  for (const auto& topic : topics) {
    auto& out = fetch.response.topics.emplace_back();
    out.name = topic.name;
    out.topic_id = topic.topic_id;
    const std::optional<KnownTopic> known = fetch.by_id ? topics_.find(topic.topic_id) : topics_.find(topic.name);
    auto* const seen = known ? &asked[known->name] : nullptr;
    for (const PartitionIndex partition : topic.partition_indexes) {
      const bool exists = known && known->has(partition);
      if (exists && !seen->insert(partition).second) continue;
      auto& out_partition = out.partitions.emplace_back();
      out_partition.partition_index = partition;
      out_partition.committed_offset = -1;
      out_partition.error_code = number(fetch.by_id && !known ? ErrorCode::kUnknownTopicId : ErrorCode::kNone);
      if (!exists) continue;
      fetch.places.emplace_back(fetch.response.topics.size() - 1, out.partitions.size() - 1);
      fetch.wanted->emplace_back(known->name, partition);
    }
  }
}

void GroupCoordinator::fetch_group(GroupFetch fetch, const RequestContext&) {
  const std::string group_id = fetch.group_id;
  auto shared = std::make_shared<GroupFetch>(std::move(fetch));
  const ErrorCode error = runtime_.run(partition_for(group_id), [&](StateMachine& machine, Now) {
    return static_cast<GroupShard&>(machine).fetch(
        group_id, shared->wanted, [shared, &topics = topics_](ErrorCode failure, const std::vector<FetchedOffset>& fetched) {
          shared->answer(failure, fetched, topics);
        });
  });
  if (error != ErrorCode::kNone) shared->answer(error, {}, topics_);
}

void GroupCoordinator::fetch_offsets(const protocol::OffsetFetchRequest& request, const RequestContext& context,
                                     ReplyTo<protocol::OffsetFetchResponse> reply) {
  using Request = protocol::OffsetFetchRequest;
  const std::int16_t version = context.api_version;
  const bool by_id = version >= kFetchByTopicId;

  std::vector<Request::OffsetFetchRequestGroup> single;
  if (version < kFetchManyGroups) {
    auto& group = single.emplace_back();
    group.group_id = request.group_id;
    if (!request.topics) group.topics.reset();
    for (const auto& topic : request.topics.value_or(std::vector<Request::OffsetFetchRequestTopic>{})) {
      auto& to = group.topics->emplace_back();
      to.name = topic.name;
      to.partition_indexes = topic.partition_indexes;
    }
  }
  const auto& all = version < kFetchManyGroups ? single : request.groups;
  const auto groups = each_once(all, &Request::OffsetFetchRequestGroup::group_id);

  Joint<GroupFetch::GroupResponse>::Done done = [reply = std::move(reply),
                                                 version](std::vector<GroupFetch::GroupResponse> answers) mutable {
    protocol::OffsetFetchResponse out;
    if (version >= kFetchManyGroups) {
      out.groups = std::move(answers);
      return reply(std::move(out));
    }
    auto& answer = answers.front();
    if (version >= kFetchGroupError) out.error_code = answer.error_code;
    for (auto& topic : answer.topics) {
      auto& to = out.topics.emplace_back();
      to.name = std::move(topic.name);
      for (auto& partition : topic.partitions) {
        auto& to_partition = to.partitions.emplace_back();
        to_partition.partition_index = partition.partition_index;
        to_partition.committed_offset = partition.committed_offset;
        to_partition.committed_leader_epoch = partition.committed_leader_epoch;
        to_partition.metadata = std::move(partition.metadata);
        to_partition.error_code = partition.error_code;
      }
    }
    reply(std::move(out));
  };
  if (groups.empty()) return done({});
  const auto joint = Joint<GroupFetch::GroupResponse>::of(groups.size(), std::move(done));

  for (std::size_t index = 0; index < groups.size(); ++index) {
    const auto& group = *groups[index];
    GroupFetch fetch;
    fetch.joint = joint;
    fetch.index = index;
    fetch.group_id = group.group_id;
    fetch.response.group_id = group.group_id;
    fetch.by_id = by_id;
    if (group.topics) fetch.wanted.emplace();
    if (group.topics) add_wanted(*group.topics, fetch);
    fetch_group(std::move(fetch), context);
  }
}

}  // namespace barnabas::coordinator
