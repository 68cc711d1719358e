// DescribeProducers (KIP-664): the idempotent producers that partitions remember.
//
// Behaviour: a wrong topic name is 17, an unknown topic or partition 3, one that we do not lead 6. Who asks for a partition
// twice is told once: a small request has no answer without bounds.
#include <unordered_map>
#include <unordered_set>

#include "broker/broker.h"
#include "broker/handlers/handlers.h"

namespace barnabas::broker {
namespace {

using PartitionAnswer = protocol::DescribeProducersResponse::PartitionResponse;

void refuse(PartitionAnswer& told, ErrorCode code, std::string why) {
  told.error_code = static_cast<std::int16_t>(code);
  told.error_message = std::move(why);
}

void describe(Broker& broker, const metadata::Topic& topic, PartitionAnswer& told) {
  const auto partition = broker.partitions().find(topic.id, told.partition_index);
  const ErrorCode error = partition == nullptr ? ErrorCode::kNotLeaderOrFollower : partition->check_leader(kNoLeaderEpoch);
  if (error != ErrorCode::kNone) return refuse(told, error, std::string(message(error)));
  for (const storage::ProducerSummary& known : partition->log().producers()) {
    auto& producer = told.active_producers.emplace_back();
    producer.producer_id = known.producer_id;
    producer.producer_epoch = known.epoch;
    producer.last_sequence = known.last_sequence;
    producer.last_timestamp = known.last_timestamp_ms;
    producer.coordinator_epoch = known.coordinator_epoch;
    producer.current_txn_start_offset = known.transaction_start.value();
  }
}

}  // namespace

void handle_describe_producers(Broker& broker, const RequestContext& context, protocol::DescribeProducersRequest&& request,
                               Replier<protocol::DescribeProducersResponse> reply) {
  protocol::DescribeProducersResponse response;
  std::unordered_map<std::string_view, std::unordered_set<PartitionIndex>> told_of;
  for (auto& asked : request.topics) {
    auto& topic = response.topics.emplace_back();
    const std::string problem = topic_name_problem(asked.name);
    const metadata::Topic* known = problem.empty() ? context.image->find_topic(asked.name) : nullptr;
    std::unordered_set<PartitionIndex>& told_of_topic = told_of[asked.name];
    for (const PartitionIndex index : asked.partition_indexes) {
      if (!told_of_topic.insert(index).second) continue;
      PartitionAnswer& told = topic.partitions.emplace_back();
      told.partition_index = index;
      if (!problem.empty()) {
        refuse(told, ErrorCode::kInvalidTopicException, "Topic name is invalid: " + problem);
      } else if (known == nullptr || known->find_partition(index) == nullptr) {
        refuse(told, ErrorCode::kUnknownTopicOrPartition, "There is no such partition.");
      } else {
        describe(broker, *known, told);
      }
    }
    topic.name = asked.name;
  }
  reply(response);
}

}  // namespace barnabas::broker
