#include "client/address.h"

#include <charconv>

namespace barnabas::client {
namespace {

constexpr std::string_view kBlanks = " \t";

Result<net::Endpoint> parse_one(std::string_view text) {
  const auto bad = [&](std::string_view why) {
    return fail(Errc::kInvalidArgument, "broker address '" + std::string(text) + "': " + std::string(why) + "; write host:port");
  };
  std::string_view host = text, port;
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos) return bad("a ] is missing");
    host = text.substr(1, end - 1);
    port = text.substr(end + 1);
    if (!port.empty() && !port.starts_with(':')) return bad("no port behind the ]");
  } else if (const std::size_t colon = text.rfind(':'); colon != std::string_view::npos) {
    host = text.substr(0, colon);
    port = text.substr(colon);
    if (host.find(':') != std::string_view::npos) return bad("an IPv6 address stands in brackets");
  }
  if (host.empty()) return bad("no host");
  net::Endpoint endpoint{std::string(host), kDefaultPort};
  if (port.empty()) return endpoint;
  port.remove_prefix(1);
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), endpoint.port);
  if (error != std::errc() || end != port.data() + port.size() || endpoint.port == 0) return bad("the port is no number from 1 to 65535");
  return endpoint;
}

}  // namespace

Result<std::vector<net::Endpoint>> parse_brokers(std::string_view text) {
  std::vector<net::Endpoint> all;
  while (true) {
    const std::size_t comma = text.find(',');
    std::string_view part = text.substr(0, comma);
    part.remove_prefix(std::min(part.find_first_not_of(kBlanks), part.size()));
    part = part.substr(0, part.find_last_not_of(kBlanks) + 1);
    if (!part.empty()) {
      TRY_ASSIGN(net::Endpoint one, parse_one(part));
      all.push_back(std::move(one));
    }
    if (comma == std::string_view::npos) break;
    text.remove_prefix(comma + 1);
  }
  if (all.empty()) return fail(Errc::kInvalidArgument, "no broker address given; write host:port");
  return all;
}

}  // namespace barnabas::client
