// SyncGroup: the group's leader hands in the plan, every member gets its part of it.
//
// Behaviour and versions: coordinator/group.h (G8).
#include "broker/handlers/group_requests.h"

namespace barnabas::broker {

void handle_sync_group(Broker& broker, const RequestContext& context, protocol::SyncGroupRequest&& request,
                       Replier<protocol::SyncGroupResponse> reply) {
  // From version 5 on the member says what it takes part in (KIP-559), before anything else is looked at.
  constexpr std::int16_t kFirstWithProtocol = 5;
  if (context.version >= kFirstWithProtocol && (!request.protocol_type || !request.protocol_name)) {
    protocol::SyncGroupResponse refused;
    refused.error_code = wire(ErrorCode::kInconsistentGroupProtocol);
    return reply(refused);
  }
  broker.groups().sync(request, group_context(context), std::move(reply));
}

}  // namespace barnabas::broker
