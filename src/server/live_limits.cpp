#include "server/live_limits.h"

#include <string>

namespace barnabas::server {

net::AdmissionLimits admission_of(const Settings& settings) {
  net::AdmissionLimits limits;
  limits.connections_max = static_cast<std::uint32_t>(settings.get(setting::kMaxConnections));
  limits.connections_max_per_ip = static_cast<std::uint32_t>(settings.get(setting::kMaxConnectionsPerIp));
  for (const auto& [address, most] : settings.connections_per_ip_overrides()) {
    limits.connections_max_by_ip.emplace(address, static_cast<std::uint32_t>(most));
  }
  return limits;
}

net::AdmissionLimits LiveLimits::limits(const metadata::Image& image) const {
  return admission_of(settings_.with_dynamic(image.broker_configs(""), image.broker_configs(std::to_string(settings_.node_id()))));
}

void LiveLimits::follow(net::SocketServer& sockets, const metadata::Image& now) {
  sockets.set_admission(limits(now));
  sockets_ = &sockets;
}

void LiveLimits::on_image(const metadata::ImagePtr&, const metadata::ImagePtr& now, const metadata::ImageDelta& delta) {
  net::SocketServer* sockets = sockets_;
  if (sockets != nullptr && !delta.broker_configs.empty()) sockets->set_admission(limits(*now));
}

}  // namespace barnabas::server
