// DeleteGroups: forget empty groups with all that they committed.
//
// Behaviour (G16): each group by itself, one named twice is answered once: missing 69, with members 68.
// Versions: 2 is the flexible one.
#include "broker/handlers/group_requests.h"

namespace barnabas::broker {

void handle_delete_groups(Broker& broker, const RequestContext& context, protocol::DeleteGroupsRequest&& request,
                          Replier<protocol::DeleteGroupsResponse> reply) {
  broker.groups().delete_groups(request, group_context(context), std::move(reply));
}

}  // namespace barnabas::broker
