#pragma once
// What the handlers of group requests share.
#include "broker/broker.h"
#include "broker/handlers/handlers.h"

namespace barnabas::broker {

inline coordinator::RequestContext group_context(const RequestContext& context) {
  // The slash is Kafka's: tools print the host as it is stored.
  return {context.version, std::string(context.client_id), "/" + context.session.info.peer.host};
}

}  // namespace barnabas::broker
