// DescribeQuorum (KIP-595, KIP-853): who agrees on the metadata, and how far each has come.
//
// Behaviour: as a quorum of one looks: this node leads, votes, and has everything that is committed. Any other topic or
// partition is 3. The log's epoch and end stand in for a Raft log's.
// Versions: 1 adds times, 2 directory ids, messages and where the voters listen.
#include <algorithm>
#include <limits>

#include "broker/broker.h"
#include "broker/handlers/handlers.h"

namespace barnabas::broker {
namespace {

constexpr std::string_view kMetadataTopic = "__cluster_metadata";

using PartitionAnswer = protocol::DescribeQuorumResponse::PartitionData;

void describe(Broker& broker, const metadata::Image& image, PartitionAnswer& told) {
  told.leader_id = image.controller() == metadata::kNoLeader ? broker.id() : image.controller();
  told.leader_epoch = static_cast<std::int32_t>(
      std::min<std::int64_t>(static_cast<std::int64_t>(image.epoch().value()), std::numeric_limits<std::int32_t>::max()));
  told.high_watermark = static_cast<std::int64_t>(image.end().value());
  auto& voter = told.current_voters.emplace_back();
  voter.replica_id = told.leader_id;
  voter.log_end_offset = told.high_watermark;
  voter.last_fetch_timestamp = broker.clock().wall_ms();
  voter.last_caught_up_timestamp = voter.last_fetch_timestamp;
}

}  // namespace

void handle_describe_quorum(Broker& broker, const RequestContext& context, protocol::DescribeQuorumRequest&& request,
                            Replier<protocol::DescribeQuorumResponse> reply) {
  protocol::DescribeQuorumResponse response;
  response.error_message = std::string();
  bool described = false;
  for (auto& asked : request.topics) {
    auto& topic = response.topics.emplace_back();
    for (const auto& partition : asked.partitions) {
      PartitionAnswer& told = topic.partitions.emplace_back();
      told.partition_index = partition.partition_index;
      told.error_message = std::string();
      if (asked.topic_name != kMetadataTopic || partition.partition_index != 0) {
        told.error_code = static_cast<std::int16_t>(ErrorCode::kUnknownTopicOrPartition);
        told.error_message = "Only the metadata has a quorum.";
        continue;
      }
      describe(broker, *context.image, told);
      described = true;
    }
    topic.topic_name = std::move(asked.topic_name);
  }
  const metadata::Broker* self = context.image->find_broker(broker.id());
  if (context.version >= 2 && described && self != nullptr) {
    auto& node = response.nodes.emplace_back();
    node.node_id = self->id;
    for (const metadata::Endpoint& endpoint : self->endpoints) {
      auto& listener = node.listeners.emplace_back();
      listener.name = endpoint.listener;
      listener.host = endpoint.host;
      listener.port = endpoint.port;
    }
  }
  reply(response);
}

}  // namespace barnabas::broker
