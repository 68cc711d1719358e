// OffsetFetch: the offsets a group has committed.
//
// Behaviour and versions: coordinator/group_coordinator.h.
#include "broker/handlers/group_requests.h"

namespace barnabas::broker {

void handle_offset_fetch(Broker& broker, const RequestContext& context, protocol::OffsetFetchRequest&& request,
                         Replier<protocol::OffsetFetchResponse> reply) {
  broker.groups().fetch_offsets(request, group_context(context), std::move(reply));
}

}  // namespace barnabas::broker
