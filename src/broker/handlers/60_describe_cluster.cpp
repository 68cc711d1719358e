// DescribeCluster: the cluster's id, its brokers and which of them is the controller.
//
// Behaviour: as Metadata tells it. Endpoint type 2 (controllers) is not a listener here: MISMATCHED_ENDPOINT_TYPE as in
// Kafka when a broker is asked.
// Versions: 1 adds the endpoint type, 2 fenced brokers.
#include "broker/authorized_operations.h"
#include "broker/broker.h"
#include "broker/handlers/handlers.h"

namespace barnabas::broker {

void handle_describe_cluster(Broker& broker, const RequestContext& context, protocol::DescribeClusterRequest&& request,
                             Replier<protocol::DescribeClusterResponse> reply) {
  constexpr std::int8_t kBrokers = 1;
  protocol::DescribeClusterResponse response;
  if (request.endpoint_type != kBrokers) {
    const ErrorCode code = request.endpoint_type == 2 ? ErrorCode::kMismatchedEndpointType : ErrorCode::kUnsupportedEndpointType;
    response.error_code = static_cast<std::int16_t>(code);
    response.error_message = std::string(message(code));
    return reply(response);
  }
  const metadata::Image& image = *context.image;
  if (request.include_cluster_authorized_operations) response.cluster_authorized_operations = kClusterOperations;
  response.cluster_id = image.cluster_id();
  response.controller_id = image.controller() == metadata::kNoLeader ? broker.id() : image.controller();
  for (const auto& [id, known] : image.brokers()) {
    if (known->fenced && !request.include_fenced_brokers) continue;
    const metadata::Endpoint endpoint = broker.advertised(context.session, *known);
    auto& told = response.brokers.emplace_back();
    told.broker_id = id;
    told.host = endpoint.host;
    told.port = endpoint.port;
    told.rack = known->rack;
    told.is_fenced = known->fenced;
  }
  reply(response);
}

}  // namespace barnabas::broker
