// JoinGroup: a consumer (or Connect worker) enters a group, or comes back for the next generation.
//
// Behaviour and versions: coordinator/group.h. The answer is parked until the join phase ends.
#include "broker/handlers/group_requests.h"

namespace barnabas::broker {

void handle_join_group(Broker& broker, const RequestContext& context, protocol::JoinGroupRequest&& request,
                       Replier<protocol::JoinGroupResponse> reply) {
  broker.groups().join(request, group_context(context), std::move(reply));
}

}  // namespace barnabas::broker
