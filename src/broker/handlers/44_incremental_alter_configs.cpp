// IncrementalAlterConfigs (KIP-339): sets, deletes, appends to and subtracts from single configs.
//
// Behaviour: each resource is changed whole or not at all. The controller decides (controller/alter_configs.cpp) but for
// log levels, which are this process's own; a broker's resource is refused (42) by any other broker. An answer of NONE
// means that the change is in force here.
// Versions: 1 is flexible.
#include "broker/broker_loggers.h"
#include "broker/handlers/config_requests.h"
#include "broker/handlers/handlers.h"

namespace barnabas::broker {

void handle_incremental_alter_configs(Broker& broker, const RequestContext&, protocol::IncrementalAlterConfigsRequest&& request,
                                      Replier<protocol::IncrementalAlterConfigsResponse> reply) {
  controller::IncrementalAlterConfigs wish;
  wish.validate_only = request.validate_only;
  for (auto& asked : request.resources) {
    auto& resource = wish.resources.emplace_back();
    resource.type = asked.resource_type;
    resource.name = std::move(asked.resource_name);
    for (auto& config : asked.configs) {
      resource.changes.push_back({std::move(config.name), config.config_operation, std::move(config.value)});
    }
  }
  const auto here = [&](const controller::IncrementalAlterConfigs::Resource& resource) -> std::optional<controller::Verdict> {
    const bool logger = resource.type == kBrokerLoggerResource;
    if (!logger && (resource.type != kBrokerResource || resource.name.empty())) return std::nullopt;
    if (std::string why = not_this_broker(resource.name, broker.id()); !why.empty()) {
      return controller::Verdict{ErrorCode::kInvalidRequest, std::move(why)};
    }
    if (!logger) return std::nullopt;
    return alter_loggers(resource, request.validate_only);
  };
  alter_resources(broker, std::move(wish), here, std::move(reply));
}

}  // namespace barnabas::broker
