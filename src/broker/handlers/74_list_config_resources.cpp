// ListConfigResources (KIP-1142): which resources have configs.
//
// Behaviour: topics and brokers all, groups and client metrics those that have some set. No types means all types; an
// unknown type is 35.
// Versions: 0 was ListClientMetricsResources and knows only those.
#include <algorithm>
#include <array>

#include "broker/handlers/config_requests.h"
#include "broker/handlers/handlers.h"

namespace barnabas::broker {
namespace {

constexpr std::array kTypes{kTopicResource, kBrokerResource, kBrokerLoggerResource, kClientMetricsResource, kGroupResource};

void list(const metadata::Image& image, std::int8_t type, protocol::ListConfigResourcesResponse& response) {
  const auto add = [&](std::string name) {
    auto& told = response.config_resources.emplace_back();
    told.resource_name = std::move(name);
    told.resource_type = type;
  };
  switch (type) {
    case kTopicResource: image.for_each_topic([&](const metadata::TopicPtr& topic) { add(topic->name); }); break;
    case kBrokerResource:
    case kBrokerLoggerResource:
      for (const auto& [id, broker] : image.brokers()) add(std::to_string(id));
      break;
    case kClientMetricsResource:
      for (const auto& [name, configs] : image.client_metrics()) add(name);
      break;
    case kGroupResource:
      for (const auto& [name, configs] : image.group_configs()) add(name);
      break;
    default: break;
  }
}

}  // namespace

void handle_list_config_resources(Broker&, const RequestContext& context, protocol::ListConfigResourcesRequest&& request,
                                  Replier<protocol::ListConfigResourcesResponse> reply) {
  protocol::ListConfigResourcesResponse response;
  std::vector<std::int8_t> types = context.version == 0 ? std::vector{kClientMetricsResource} : std::move(request.resource_types);
  if (types.empty()) types.assign(kTypes.begin(), kTypes.end());
  if (!std::ranges::all_of(types, [](std::int8_t type) { return std::ranges::find(kTypes, type) != kTypes.end(); })) {
    response.error_code = static_cast<std::int16_t>(ErrorCode::kUnsupportedVersion);
    return reply(response);
  }
  for (const std::int8_t type : kTypes) {
    if (std::ranges::find(types, type) != types.end()) list(*context.image, type, response);
  }
  reply(response);
}

}  // namespace barnabas::broker
