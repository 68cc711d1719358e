// Heartbeat: a member says that it lives, and learns whether its group goes on.
//
// Behaviour and versions: coordinator/group.h (G9).
#include "broker/handlers/group_requests.h"

namespace barnabas::broker {

void handle_heartbeat(Broker& broker, const RequestContext& context, protocol::HeartbeatRequest&& request,
                      Replier<protocol::HeartbeatResponse> reply) {
  broker.groups().heartbeat(request, group_context(context), std::move(reply));
}

}  // namespace barnabas::broker
