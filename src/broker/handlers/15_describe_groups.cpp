// DescribeGroups: state, protocol and members of classic groups.
//
// Behaviour: each group by itself. A group that does not exist is "Dead", from version 6 on with 69. Members' metadata
// and assignments are told of a stable group only: in between they belong to no generation.
// Versions: 3 tells what the caller may do with the group when asked to, 4 instance ids, 6 error messages.
#include "broker/authorized_operations.h"
#include "broker/handlers/group_requests.h"

namespace barnabas::broker {

void handle_describe_groups(Broker& broker, const RequestContext& context, protocol::DescribeGroupsRequest&& request,
                            Replier<protocol::DescribeGroupsResponse> reply) {
  const bool tell_operations = request.include_authorized_operations;
  broker.groups().describe_groups(request, group_context(context),
                                  [tell_operations, reply = std::move(reply)](protocol::DescribeGroupsResponse response) mutable {
                                    for (auto& group : response.groups) {
                                      if (tell_operations && group.error_code == wire(ErrorCode::kNone))
                                        group.authorized_operations = kGroupOperations;
                                    }
                                    reply(response);
                                  });
}

}  // namespace barnabas::broker
