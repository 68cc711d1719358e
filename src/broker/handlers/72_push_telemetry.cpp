// PushTelemetry: a client pushes its metrics (KIP-714); /metrics shows them.
//
// Behaviour: judged in this order: no id, or after the client's last push (42); before its interval is over, unless it is the
// first after asking or the last one (89); another subscription than the client's (117); a compression nobody knows (76); too
// large, as sent or uncompressed (118); not OTLP metrics (87). Metrics nobody asked for are left out.
// Versions: 0.
#include "broker/broker.h"
#include "broker/handlers/handlers.h"
#include "broker/handlers/telemetry_caller.h"

namespace barnabas::broker {

void handle_push_telemetry(Broker& broker, const RequestContext& context, protocol::PushTelemetryRequest&& request,
                           Replier<protocol::PushTelemetryResponse> reply) {
  const ErrorCode judged = broker.telemetry().push(telemetry_caller(context),
                                                   {.client = request.client_instance_id,
                                                    .subscription_id = request.subscription_id,
                                                    .terminating = request.terminating,
                                                    .compression = request.compression_type,
                                                    .metrics = request.metrics},
                                                   broker.scratch(context.loop));
  protocol::PushTelemetryResponse response;
  response.error_code = static_cast<std::int16_t>(judged);
  reply(response);
}

}  // namespace barnabas::broker
