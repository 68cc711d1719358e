// GetTelemetrySubscriptions: which of its metrics a client shall push, how often (KIP-714).
//
// Behaviour: a client without an id gets one. Who asks again before its push interval is over gets 89, unless a push was just
// told that its subscription is another one (117) or its compression unknown (76), or the subscriptions have changed. A client
// that no subscription matches is asked for nothing, every five minutes.
// Versions: 0.
#include <algorithm>

#include "broker/broker.h"
#include "broker/handlers/handlers.h"
#include "broker/handlers/telemetry_caller.h"

namespace barnabas::broker {
namespace {

// The first is what clients take.
constexpr std::array kAccepted{Compression::kZstd, Compression::kLz4, Compression::kGzip, Compression::kSnappy};

}  // namespace

void handle_get_telemetry_subscriptions(Broker& broker, const RequestContext& context, protocol::GetTelemetrySubscriptionsRequest&& request,
                                        Replier<protocol::GetTelemetrySubscriptionsResponse> reply) {
  auto told = broker.telemetry().subscribe(telemetry_caller(context), request.client_instance_id);
  protocol::GetTelemetrySubscriptionsResponse response;
  response.error_code = static_cast<std::int16_t>(told.error);
  if (told.error == ErrorCode::kNone) {
    response.client_instance_id = told.client;
    response.subscription_id = told.id;
    for (const Compression codec : kAccepted) response.accepted_compression_types.push_back(static_cast<std::int8_t>(codec));
    response.push_interval_ms = told.push_interval_ms;
    response.telemetry_max_bytes = static_cast<std::int32_t>(broker.telemetry().limits().push_max_bytes);
    response.delta_temporality = true;
    response.requested_metrics = std::move(told.metrics);
  }
  reply(response);
}

}  // namespace barnabas::broker
