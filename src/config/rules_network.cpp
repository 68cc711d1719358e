// Listeners, what clients are told, and how many connections there may be.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/log.h"
#include "config/loader.h"

namespace barnabas {
namespace {

std::string upper(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return out;
}

const Listener* find_listener(const std::vector<Listener>& listeners, std::string_view name) {
  const auto found = std::ranges::find(listeners, name, &Listener::name);
  return found == listeners.end() ? nullptr : &*found;
}

bool is_wildcard(std::string_view host) { return host.empty() || host == "0.0.0.0" || host == "::"; }

}  // namespace

bool SettingsLoader::controller_only(std::string_view listener) const {
  const auto names = settings_.find(setting::kControllerListenerNames).value_or(StringList());
  return std::ranges::any_of(names, [&](const std::string& name) { return upper(name) == listener; });
}

void SettingsLoader::derive_listeners() {
  auto map = parse_protocol_map(text("listener.security.protocol.map"));
  if (!map) return wrong_value("listener.security.protocol.map", map.error().message);
  // KIP-631: controller listeners speak plaintext unless something is said about protocols.
  if (!is_set("listener.security.protocol.map"))
    for (const std::string& name : settings_.find(setting::kControllerListenerNames).value_or(StringList()))
      if (std::ranges::find(*map, upper(name), &ListenerProtocol::name) == map->end())
        map->push_back({upper(name), SecurityProtocol::kPlaintext});
  auto listeners = parse_listeners(text("listeners"), *map);
  if (!listeners) return wrong_value("listeners", listeners.error().message);
  leave_out_controller_listeners(*listeners);
  refuse_unprotected(*listeners);
  settings_.listeners_ = *std::move(listeners);
  if (settings_.listeners_.empty()) return wrong_value("listeners", "leaves no listener for clients");
  derive_advertised(*map);
  derive_inter_broker_listener();
}

void SettingsLoader::leave_out_controller_listeners(std::vector<Listener>& listeners) {
  for (const Listener& listener : listeners)
    if (controller_only(listener.name))
      warn(fmt::format("listener {} is not opened: the local metadata engine has no controller listener", listener.text()));
  std::erase_if(listeners, [&](const Listener& listener) { return controller_only(listener.name); });
}

// Fail closed: a listener that should encrypt or authenticate is not opened without.
void SettingsLoader::refuse_unprotected(const std::vector<Listener>& listeners) {
  for (const Listener& listener : listeners)
    if (listener.protocol != SecurityProtocol::kPlaintext)
      wrong_value(
          "listeners",
          fmt::format(
              "listener {} should speak {} (listener.security.protocol.map), which is not built yet; it is not opened in plaintext instead",
              listener.name, to_string(listener.protocol)));
}

void SettingsLoader::derive_advertised(const std::vector<ListenerProtocol>& map) {
  if (!is_set("advertised.listeners")) {
    for (const Listener& listener : settings_.listeners_)
      if (!is_wildcard(listener.host) && listener.port != 0) settings_.advertised_.push_back(listener);
    return;
  }
  auto advertised = parse_advertised_listeners(text("advertised.listeners"), map);
  if (!advertised) return wrong_value("advertised.listeners", advertised.error().message);
  std::erase_if(*advertised, [&](const Listener& listener) { return controller_only(listener.name); });
  for (const Listener& listener : *advertised)
    if (!find_listener(settings_.listeners_, listener.name))
      return wrong_value("advertised.listeners", fmt::format("{} is not one of listeners", listener.name));
  settings_.advertised_ = *std::move(advertised);
}

void SettingsLoader::derive_inter_broker_listener() {
  const std::string wanted = upper(text("inter.broker.listener.name"));
  if (!wanted.empty() && is_set("security.inter.broker.protocol"))
    return wrong_value("inter.broker.listener.name", "cannot be set together with security.inter.broker.protocol");
  if (!wanted.empty() && !find_listener(settings_.listeners_, wanted))
    return wrong_value("inter.broker.listener.name", "is not the name of one of listeners");
  const std::string by_protocol = text("security.inter.broker.protocol");
  settings_.inter_broker_listener_ = !wanted.empty()                                    ? wanted
                                     : find_listener(settings_.listeners_, by_protocol) ? by_protocol
                                                                                        : settings_.listeners_[0].name;
}

void SettingsLoader::derive_http_listener() {
  constexpr std::string_view kName = "barnabas.http.listener";
  const std::string address = text(kName);
  if (address.empty()) return;
  auto listener = parse_listeners("HTTP://" + address, {{"HTTP", SecurityProtocol::kPlaintext}});
  if (!listener || listener->size() != 1) return wrong_value(kName, "is not host:port");
  settings_.http_listener_ = std::move(listener->front());
}

void SettingsLoader::derive_per_ip_limits() {
  constexpr std::string_view kName = "max.connections.per.ip.overrides";
  auto limits = parse_connections_per_ip(text(kName));
  if (!limits) return wrong_value(kName, limits.error().message);
  settings_.per_ip_ = *std::move(limits);
  if (settings_.get(setting::kMaxConnectionsPerIp) == 0 && settings_.per_ip_.empty())
    wrong_value("max.connections.per.ip", "0 lets nobody in unless max.connections.per.ip.overrides names who may");
}

}  // namespace barnabas
