// OffsetForLeaderEpoch: where a leader's epoch ended, so that a reader can tell whether its log goes another way.
//
// Behaviour (E2): the end of the largest epoch that is not above the asked one; -1 and -1 for an epoch above all known.
// A stale epoch of the asker's own is 74/75 (E1).
// Versions: 0 answers the offset only, 2 takes the epoch the asker believes in, 3 the replica id.
#include "broker/broker.h"
#include "broker/handlers/handlers.h"

namespace barnabas::broker {
namespace {

using Request = protocol::OffsetForLeaderEpochRequest;
using Response = protocol::OffsetForLeaderEpochResponse;

ErrorCode answer_partition(Broker& broker, const metadata::Image& image, const std::string& name,
                           const Request::OffsetForLeaderPartition& asked, Response::EpochEndOffset& answer) {
  const metadata::Topic* topic = image.find_topic(name);
  if (topic == nullptr || topic->find_partition(asked.partition) == nullptr) return ErrorCode::kUnknownTopicOrPartition;
  const auto partition = broker.partitions().find(topic->id, asked.partition);
  if (partition == nullptr) return ErrorCode::kNotLeaderOrFollower;
  const ErrorCode error = partition->check_leader(LeaderEpoch(asked.current_leader_epoch));
  if (error != ErrorCode::kNone) return error;
  const storage::EpochEnd end = partition->log().end_offset_for_epoch(LeaderEpoch(asked.leader_epoch));
  answer.leader_epoch = end.epoch.value();
  answer.end_offset = end.end.value();
  return ErrorCode::kNone;
}

}  // namespace

void handle_offset_for_leader_epoch(Broker& broker, const RequestContext& context, Request&& request, Replier<Response> reply) {
  Response response;
  for (const auto& topic : request.topics) {
    auto& answers = response.topics.emplace_back();
    answers.topic = topic.topic;
    for (const auto& asked : topic.partitions) {
      auto& answer = answers.partitions.emplace_back();
      answer.partition = asked.partition;
      answer.error_code = static_cast<std::int16_t>(answer_partition(broker, *context.image, topic.topic, asked, answer));
    }
  }
  reply(response);
}

}  // namespace barnabas::broker
