// ListGroups: every group of this broker.
//
// Behaviour: filters compare without regard to case; what is no state or type matches nothing. While one of the broker's
// partitions of __consumer_offsets is being read the whole answer is 14.
// Versions: 4 tells states and filters by them, 5 the same with types.
#include "broker/handlers/group_requests.h"

namespace barnabas::broker {

void handle_list_groups(Broker& broker, const RequestContext& context, protocol::ListGroupsRequest&& request,
                        Replier<protocol::ListGroupsResponse> reply) {
  broker.groups().list_groups(request, group_context(context), std::move(reply));
}

}  // namespace barnabas::broker
