// LeaveGroup: members leave at once instead of by their session timeout.
//
// Behaviour and versions: coordinator/group.h (G15).
#include "broker/handlers/group_requests.h"

namespace barnabas::broker {

void handle_leave_group(Broker& broker, const RequestContext& context, protocol::LeaveGroupRequest&& request,
                        Replier<protocol::LeaveGroupResponse> reply) {
  broker.groups().leave(request, group_context(context), std::move(reply));
}

}  // namespace barnabas::broker
