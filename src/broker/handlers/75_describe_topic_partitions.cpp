// DescribeTopicPartitions (KIP-966): topics and partitions page by page, in the order of the names.
//
// Behaviour: no topics means all. One answer holds at most response_partition_limit partitions (at least one, at most
// max.request.partition.size.limit) and then a cursor to go on from; a cursor's topic comes first, what is before it was
// told already. With topics asked for, a cursor to another topic or below partition 0 is INVALID_REQUEST (42).
#include <algorithm>

#include "broker/authorized_operations.h"
#include "broker/broker.h"
#include "broker/handlers/handlers.h"

namespace barnabas::broker {
namespace {

using protocol::DescribeTopicPartitionsRequest;
using protocol::DescribeTopicPartitionsResponse;
using TopicAnswer = DescribeTopicPartitionsResponse::DescribeTopicPartitionsResponseTopic;

void add_partition(const metadata::Image& image, const metadata::Partition& known, PartitionIndex index, TopicAnswer& answer) {
  auto& told = answer.partitions.emplace_back();
  told.partition_index = index;
  told.leader_id = known.leader;
  told.leader_epoch = known.leader_epoch.value();
  told.replica_nodes = known.replicas;
  told.isr_nodes = known.isr;
  told.eligible_leader_replicas.emplace();
  told.last_known_elr.emplace();
  for (const BrokerId replica : known.replicas) {
    const metadata::Broker* broker = image.find_broker(replica);
    if (broker == nullptr || broker->fenced) told.offline_replicas.push_back(replica);
  }
  if (known.leader == metadata::kNoLeader) told.error_code = static_cast<std::int16_t>(ErrorCode::kLeaderNotAvailable);
}

// Adds the topic from this partition on, at most `left` of them; returns where to go on, or nullopt.
std::optional<PartitionIndex> add_topic(const metadata::Image& image, const std::string& name, PartitionIndex from, std::size_t& left,
                                        DescribeTopicPartitionsResponse& response) {
  TopicAnswer& answer = response.topics.emplace_back();
  answer.name = name;
  answer.topic_authorized_operations = kTopicOperations;
  const metadata::Topic* topic = image.find_topic(name);
  if (topic == nullptr) {
    const ErrorCode code = topic_name_problem(name).empty() ? ErrorCode::kUnknownTopicOrPartition : ErrorCode::kInvalidTopicException;
    answer.error_code = static_cast<std::int16_t>(code);
    return std::nullopt;
  }
  answer.topic_id = topic->id;
  answer.is_internal = is_internal_topic(name);
  for (auto index = static_cast<std::size_t>(from); index < topic->partitions.size(); ++index, --left) {
    if (left == 0) return static_cast<PartitionIndex>(index);
    add_partition(image, *topic->partitions[index], static_cast<PartitionIndex>(index), answer);
  }
  return std::nullopt;
}

std::vector<std::string> names_of(const metadata::Image& image, const DescribeTopicPartitionsRequest& request) {
  std::vector<std::string> names;
  for (const auto& topic : request.topics) names.push_back(topic.name);
  if (names.empty()) image.for_each_topic([&](const metadata::TopicPtr& topic) { names.push_back(topic->name); });
  std::ranges::sort(names);
  const auto repeated = std::ranges::unique(names);
  names.erase(repeated.begin(), repeated.end());
  return names;
}

}  // namespace

void handle_describe_topic_partitions(Broker& broker, const RequestContext& context, DescribeTopicPartitionsRequest&& request,
                                      Replier<DescribeTopicPartitionsResponse> reply) {
  DescribeTopicPartitionsResponse response;
  const metadata::Image& image = *context.image;
  std::vector<std::string> names = names_of(image, request);
  PartitionIndex from = 0;
  if (request.cursor) {
    const auto first = std::ranges::lower_bound(names, request.cursor->topic_name);
    const bool there = first != names.end() && *first == request.cursor->topic_name;
    if (request.cursor->partition_index < 0 || (!request.topics.empty() && !there)) {
      for (const std::string& name : names) {
        TopicAnswer& answer = response.topics.emplace_back();
        answer.name = name;
        answer.error_code = static_cast<std::int16_t>(ErrorCode::kInvalidRequest);
      }
      return reply(response);
    }
    if (there) from = request.cursor->partition_index;
    names.erase(names.begin(), first);
  }
  const std::int32_t most = broker.settings().get(setting::kMaxRequestPartitionSizeLimit);
  std::size_t left = static_cast<std::size_t>(std::clamp(request.response_partition_limit, 1, most));
  for (const std::string& name : names) {
    const auto rest = left == 0 ? std::optional<PartitionIndex>(0) : add_topic(image, name, from, left, response);
    if (rest) {
      auto& cursor = response.next_cursor.emplace();
      cursor.topic_name = name;
      cursor.partition_index = *rest;
      break;
    }
    from = 0;
  }
  reply(response);
}

}  // namespace barnabas::broker
