// OffsetCommit: a group remembers how far it has read.
//
// Behaviour and versions: coordinator/group_coordinator.h (G11, G12).
#include "broker/handlers/group_requests.h"

namespace barnabas::broker {

void handle_offset_commit(Broker& broker, const RequestContext& context, protocol::OffsetCommitRequest&& request,
                          Replier<protocol::OffsetCommitResponse> reply) {
  broker.groups().commit_offsets(request, group_context(context), std::move(reply));
}

}  // namespace barnabas::broker
