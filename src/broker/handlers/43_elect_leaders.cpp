// ElectLeaders (KIP-460): makes the preferred replica the leader, or any replica when there is none (unclean).
//
// Behaviour: with one replica a partition its leader is the preferred one already: ELECTION_NOT_NEEDED (84). Of all
// partitions (null) only those where something changed are told. An unknown partition is 3, an unknown kind 42.
// Versions: 1 adds the kind of election; 0 is about preferred leaders. 2 is flexible.
#include "broker/broker.h"
#include "broker/handlers/handlers.h"

namespace barnabas::broker {
namespace {

using protocol::ElectLeadersRequest;
using protocol::ElectLeadersResponse;

struct Told {
  ErrorCode code;
  std::string why;
};

Told elect(const metadata::Image& image, const std::string& topic, PartitionIndex index, std::int8_t kind) {
  constexpr std::int8_t kUnclean = 1;
  if (kind != 0 && kind != kUnclean) return {ErrorCode::kInvalidRequest, "Unknown election type " + std::to_string(kind) + "."};
  const metadata::Partition* partition = image.find_partition(topic, index);
  if (partition == nullptr) return {ErrorCode::kUnknownTopicOrPartition, "There is no such partition."};
  if (partition->leader == metadata::kNoLeader) {
    return {kind == kUnclean ? ErrorCode::kEligibleLeadersNotAvailable : ErrorCode::kPreferredLeaderNotAvailable,
            "No replica of the partition is there."};
  }
  return {ErrorCode::kElectionNotNeeded, std::string(message(ErrorCode::kElectionNotNeeded))};
}

}  // namespace

void handle_elect_leaders(Broker&, const RequestContext& context, ElectLeadersRequest&& request, Replier<ElectLeadersResponse> reply) {
  const std::int8_t kind = context.version == 0 ? std::int8_t{0} : request.election_type;
  ElectLeadersResponse response;
  if (kind != 0 && kind != 1) response.error_code = static_cast<std::int16_t>(ErrorCode::kInvalidRequest);
  if (!request.topic_partitions) return reply(response);
  for (auto& asked : *request.topic_partitions) {
    auto& topic = response.replica_election_results.emplace_back();
    for (const PartitionIndex index : asked.partitions) {
      Told told = elect(*context.image, asked.topic, index, kind);
      auto& partition = topic.partition_result.emplace_back();
      partition.partition_id = index;
      partition.error_code = static_cast<std::int16_t>(told.code);
      partition.error_message = std::move(told.why);
    }
    topic.topic = std::move(asked.topic);
  }
  reply(response);
}

}  // namespace barnabas::broker
