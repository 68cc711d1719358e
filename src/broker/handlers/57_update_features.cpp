// UpdateFeatures (KIP-584): raises or lowers finalized levels of features.
//
// Behaviour: no feature that clients use is advertised yet, so every update is refused as a whole (95), as Kafka refuses
// a feature it does not know; no updates are none. This program's own level is raised by the program, not by clients.
// Versions: 1 adds validate_only and the kind of update; 2 drops the results per feature.
#include "base/log.h"
#include "broker/broker.h"
#include "broker/handlers/handlers.h"

namespace barnabas::broker {

void handle_update_features(Broker&, const RequestContext&, protocol::UpdateFeaturesRequest&& request,
                            Replier<protocol::UpdateFeaturesResponse> reply) {
  protocol::UpdateFeaturesResponse response;
  response.error_message.reset();
  if (!request.feature_updates.empty()) {
    response.error_code = static_cast<std::int16_t>(ErrorCode::kInvalidUpdateVersion);
    response.error_message =
        "Nothing was updated: this broker does not have the feature " + log::escape(request.feature_updates.front().feature) + ".";
  }
  reply(response);
}

}  // namespace barnabas::broker
