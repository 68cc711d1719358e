// SyncGroup: the group's leader hands in the plan, every member gets its part of it.
//
// Behaviour and versions: coordinator/group.h (G8).
#include "broker/handlers/group_requests.h"

namespace barnabas::broker {

void handle_sync_group(Broker& broker, const RequestContext& context, protocol::SyncGroupRequest&& request,
                       Replier<protocol::SyncGroupResponse> reply) {
  broker.groups().sync(request, group_context(context), std::move(reply));
}

}  // namespace barnabas::broker
