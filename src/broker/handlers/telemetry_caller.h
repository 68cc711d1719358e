#pragma once
// Who asks, as client telemetry wants to know it.
#include "broker/broker.h"

namespace barnabas::broker {

inline ClientTelemetry::Caller telemetry_caller(const RequestContext& context) {
  const auto or_unknown = [](const std::string& text) { return text.empty() ? std::string("unknown") : text; };  // as Kafka
  return {.image = *context.image,
          .facts = {.client_id = std::string(context.client_id),
                    .software_name = or_unknown(context.session.software_name),
                    .software_version = or_unknown(context.session.software_version),
                    .address = context.session.info.peer.host,
                    .port = context.session.info.peer.port},
          .presence = context.session.telemetry};
}

}  // namespace barnabas::broker
