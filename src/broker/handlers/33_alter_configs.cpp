// AlterConfigs: replaces all configs of a resource. Superseded by IncrementalAlterConfigs; for old clients.
//
// Behaviour: as there, but what is not named goes back to its default, and log levels are not a resource (42).
// Versions: 2 is flexible.
#include "broker/handlers/config_requests.h"
#include "broker/handlers/handlers.h"

namespace barnabas::broker {

void handle_alter_configs(Broker& broker, const RequestContext&, protocol::AlterConfigsRequest&& request,
                          Replier<protocol::AlterConfigsResponse> reply) {
  controller::AlterConfigs wish;
  wish.validate_only = request.validate_only;
  for (auto& asked : request.resources) {
    auto& resource = wish.resources.emplace_back();
    resource.type = asked.resource_type;
    resource.name = std::move(asked.resource_name);
    for (auto& config : asked.configs) resource.configs.push_back({std::move(config.name), std::move(config.value)});
  }
  const auto here = [&](const controller::AlterConfigs::Resource& resource) -> std::optional<controller::Verdict> {
    if (resource.type != kBrokerResource || resource.name.empty()) return std::nullopt;
    std::string why = not_this_broker(resource.name, broker.id());
    if (why.empty()) return std::nullopt;
    return controller::Verdict{ErrorCode::kInvalidRequest, std::move(why)};
  };
  alter_resources(broker, std::move(wish), here, std::move(reply));
}

}  // namespace barnabas::broker
