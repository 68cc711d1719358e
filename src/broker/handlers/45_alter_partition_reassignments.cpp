// AlterPartitionReassignments (KIP-455): moves partitions to other brokers.
//
// Behaviour: a node that is alone can only be told to keep what it has, which is done at once; any other broker is
// unknown to it (39). Nothing moves, so nothing can be cancelled (85). An unknown partition is 3.
// Versions: 1 lets the client forbid a change of the number of replicas.
#include <fmt/format.h>

#include <algorithm>

#include "broker/broker.h"
#include "broker/handlers/handlers.h"

namespace barnabas::broker {
namespace {

using protocol::AlterPartitionReassignmentsRequest;
using protocol::AlterPartitionReassignmentsResponse;
using PartitionAnswer = AlterPartitionReassignmentsResponse::ReassignablePartitionResponse;

std::string assignment_problem(const metadata::Image& image, const std::vector<BrokerId>& replicas) {
  if (replicas.empty()) return "The assignment has no replicas.";
  for (std::size_t i = 0; i < replicas.size(); ++i) {
    if (image.find_broker(replicas[i]) == nullptr) return fmt::format("Broker {} is not registered.", replicas[i]);
    if (std::ranges::count(replicas, replicas[i]) > 1) return fmt::format("Broker {} is named more than once.", replicas[i]);
  }
  return {};
}

void answer(const metadata::Image& image, const std::string& topic, const std::optional<std::vector<BrokerId>>& replicas,
            PartitionAnswer& told) {
  const auto refuse = [&](ErrorCode code, std::string why) {
    told.error_code = static_cast<std::int16_t>(code);
    told.error_message = std::move(why);
  };
  const metadata::Partition* partition = image.find_partition(topic, told.partition_index);
  if (partition == nullptr) return refuse(ErrorCode::kUnknownTopicOrPartition, "There is no such partition.");
  if (!replicas) return refuse(ErrorCode::kNoReassignmentInProgress, "Nothing moves.");
  if (std::string problem = assignment_problem(image, *replicas); !problem.empty()) {
    return refuse(ErrorCode::kInvalidReplicaAssignment, std::move(problem));
  }
  if (*replicas != partition->replicas) return refuse(ErrorCode::kInvalidReplicaAssignment, "Moving partitions is not built yet.");
}

}  // namespace

void handle_alter_partition_reassignments(Broker&, const RequestContext& context, AlterPartitionReassignmentsRequest&& request,
                                          Replier<AlterPartitionReassignmentsResponse> reply) {
  AlterPartitionReassignmentsResponse response;
  response.error_message.reset();
  response.allow_replication_factor_change = request.allow_replication_factor_change;
  for (auto& asked : request.topics) {
    auto& topic = response.responses.emplace_back();
    for (const auto& partition : asked.partitions) {
      auto& told = topic.partitions.emplace_back();
      told.partition_index = partition.partition_index;
      told.error_message.reset();
      answer(*context.image, asked.name, partition.replicas, told);
    }
    topic.name = std::move(asked.name);
  }
  reply(response);
}

}  // namespace barnabas::broker
