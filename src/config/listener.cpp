#include "config/listener.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "base/log.h"
#include "config/value.h"

namespace barnabas {
namespace {

constexpr std::size_t kHostMaxBytes = 255;

std::string upper(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return out;
}

bool is_name(std::string_view name) {
  return !name.empty() && name.size() <= 64 && std::ranges::all_of(name, [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
  });
}

bool is_host(std::string_view host) {
  return host.size() <= kHostMaxBytes && std::ranges::all_of(host, [](char c) {
           return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || std::string_view("-._:%").contains(c);
         });
}

bool is_ipv4(std::string_view host) {
  return !host.empty() && std::ranges::all_of(host, [](char c) { return (c >= '0' && c <= '9') || c == '.'; });
}
bool is_ipv6(std::string_view host) { return host.contains(':'); }

std::unexpected<Error> problem(std::string_view text, std::string_view why) {
  return fail(Errc::kInvalidArgument, fmt::format("{}: {}", log::escape(text), why));
}

template <class Named>
bool has_name(const std::vector<Named>& all, std::string_view name) {
  return std::ranges::find(all, name, &Named::name) != all.end();
}

// "host:port", the host empty, a name, an address, or an IPv6 address in brackets.
Result<Listener> parse_address(std::string_view text, std::string_view address) {
  Listener listener;
  const auto colon = address.rfind(':');
  if (colon == std::string_view::npos || address.ends_with(']')) return problem(text, "has no port; write NAME://host:port");
  std::string_view host = address.substr(0, colon);
  const std::string_view port = address.substr(colon + 1);
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
    if (!is_ipv6(host)) return problem(text, "has brackets around what is no IPv6 address");
  } else if (is_ipv6(host)) {
    return problem(text, "has an IPv6 address without brackets; write NAME://[address]:port");
  }
  if (!is_host(host)) return problem(text, "has a host with characters that no host has");
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), listener.port);
  if (port.empty() || error != std::errc() || end != port.data() + port.size())
    return problem(text, "has a port that is not from 0 to 65535");
  listener.host = host;
  return listener;
}

Result<Listener> parse_listener(std::string_view text, const std::vector<ListenerProtocol>& map) {
  const auto scheme = text.find("://");
  if (scheme == std::string_view::npos) return problem(text, "is not NAME://host:port");
  TRY_ASSIGN(Listener listener, parse_address(text, text.substr(scheme + 3)));
  listener.name = upper(text.substr(0, scheme));
  if (!is_name(listener.name)) return problem(text, "has a listener name that is not of letters, digits, '.', '_' and '-'");
  const auto mapped = std::ranges::find(map, listener.name, &ListenerProtocol::name);
  if (mapped == map.end()) return problem(text, fmt::format("listener.security.protocol.map does not say what {} speaks", listener.name));
  listener.protocol = mapped->protocol;
  return listener;
}

Result<std::vector<Listener>> parse_all(std::string_view text, const std::vector<ListenerProtocol>& map) {
  std::vector<Listener> listeners;
  for (const std::string& item : split_list(text)) {
    TRY_ASSIGN(Listener listener, parse_listener(trimmed(item), map));
    if (has_name(listeners, listener.name)) return problem(item, "names a listener that is already there");
    listeners.push_back(std::move(listener));
  }
  return listeners;
}

// Kafka allows a port twice only for one IPv4 and one IPv6 address.
Result<> check_ports(const std::vector<Listener>& listeners) {
  for (std::size_t a = 0; a < listeners.size(); ++a) {
    for (std::size_t b = a + 1; b < listeners.size(); ++b) {
      const Listener& one = listeners[a];
      const Listener& other = listeners[b];
      const bool two_families = (is_ipv4(one.host) && is_ipv6(other.host)) || (is_ipv6(one.host) && is_ipv4(other.host));
      if (one.port != 0 && one.port == other.port && !two_families)
        return problem(other.text(), fmt::format("has the port of {}", one.text()));
    }
  }
  return {};
}

}  // namespace

std::string_view to_string(SecurityProtocol protocol) {
  switch (protocol) {
    case SecurityProtocol::kPlaintext: return "PLAINTEXT";
    case SecurityProtocol::kSsl: return "SSL";
    case SecurityProtocol::kSaslPlaintext: return "SASL_PLAINTEXT";
    case SecurityProtocol::kSaslSsl: return "SASL_SSL";
  }
  return {};
}

std::string Listener::text() const {
  return is_ipv6(host) ? fmt::format("{}://[{}]:{}", name, host, port) : fmt::format("{}://{}:{}", name, host, port);
}

Result<std::vector<ListenerProtocol>> parse_protocol_map(std::string_view text) {
  using enum SecurityProtocol;
  std::vector<ListenerProtocol> map;
  for (const std::string& item : split_list(text)) {
    const std::string_view pair = trimmed(item);
    const auto colon = pair.find(':');
    if (colon == std::string_view::npos) return problem(pair, "is not NAME:PROTOCOL");
    const std::string name = upper(trimmed(pair.substr(0, colon)));
    const std::string spoken = upper(trimmed(pair.substr(colon + 1)));
    if (!is_name(name)) return problem(pair, "has a listener name that is not of letters, digits, '.', '_' and '-'");
    if (has_name(map, name)) return problem(pair, "names a listener that is already there");
    std::optional<SecurityProtocol> protocol;
    for (const SecurityProtocol known : {kPlaintext, kSsl, kSaslPlaintext, kSaslSsl})
      if (spoken == to_string(known)) protocol = known;
    if (!protocol) return problem(pair, "has a protocol that is not one of PLAINTEXT, SSL, SASL_PLAINTEXT, SASL_SSL");
    map.push_back({name, *protocol});
  }
  return map;
}

Result<std::vector<Listener>> parse_listeners(std::string_view text, const std::vector<ListenerProtocol>& map) {
  TRY_ASSIGN(auto listeners, parse_all(text, map));
  TRY(check_ports(listeners));
  return listeners;
}

Result<std::vector<Listener>> parse_advertised_listeners(std::string_view text, const std::vector<ListenerProtocol>& map) {
  TRY_ASSIGN(auto listeners, parse_all(text, map));
  for (const Listener& listener : listeners) {
    if (listener.host.empty() || listener.host == "0.0.0.0" || listener.host == "::")
      return problem(listener.text(), "is no address that a client could connect to");
    if (listener.port == 0) return problem(listener.text(), "has port 0, which no client could connect to");
  }
  return listeners;
}

}  // namespace barnabas
