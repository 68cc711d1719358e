// ListPartitionReassignments (KIP-455): which partitions move. With one node none ever does.
#include "broker/broker.h"
#include "broker/handlers/handlers.h"

namespace barnabas::broker {

void handle_list_partition_reassignments(Broker&, const RequestContext&, protocol::ListPartitionReassignmentsRequest&&,
                                         Replier<protocol::ListPartitionReassignmentsResponse> reply) {
  protocol::ListPartitionReassignmentsResponse response;
  response.error_message.reset();
  reply(response);
}

}  // namespace barnabas::broker
