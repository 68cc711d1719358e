// OffsetDelete: forget committed offsets of single partitions (KIP-496).
//
// Behaviour (G16): of an empty group, or of topics that no member of a consumer group reads: else 86 for the partition; 68
// for a group of another kind that has members, 69 for none, 24 for an empty id. An unknown partition is 3; one without an
// offset is no error.
// Versions: there is only one.
#include "broker/handlers/group_requests.h"

namespace barnabas::broker {

void handle_offset_delete(Broker& broker, const RequestContext& context, protocol::OffsetDeleteRequest&& request,
                          Replier<protocol::OffsetDeleteResponse> reply) {
  broker.groups().delete_offsets(request, group_context(context), std::move(reply));
}

}  // namespace barnabas::broker
