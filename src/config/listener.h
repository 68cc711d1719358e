#pragma once
// Where the broker listens, and where it tells clients to find it.
//
//   listeners=PLAINTEXT://:9092,EXTERNAL://[::1]:9094        name://host:port, empty host: all interfaces
//   advertised.listeners=EXTERNAL://broker1.example.com:9094
//   listener.security.protocol.map=PLAINTEXT:PLAINTEXT,EXTERNAL:SSL
//
// Pure text in, structures out. Names are upper-cased, as Kafka does.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace barnabas {

enum class SecurityProtocol : std::int8_t { kPlaintext, kSsl, kSaslPlaintext, kSaslSsl };
std::string_view to_string(SecurityProtocol protocol);

struct Listener {
  std::string name;        // upper case
  std::string host;        // empty: all interfaces (IPv4 and IPv6); IPv6 without brackets
  std::uint16_t port = 0;  // 0: the system picks one (not for an advertised listener)
  SecurityProtocol protocol = SecurityProtocol::kPlaintext;

  std::string text() const;  // NAME://host:port, IPv6 in brackets
  friend bool operator==(const Listener&, const Listener&) = default;
};

struct ListenerProtocol {
  std::string name;  // upper case
  SecurityProtocol protocol;
};

// "NAME:PROTOCOL,..." Each name once.
Result<std::vector<ListenerProtocol>> parse_protocol_map(std::string_view text);

// "NAME://host:port,..." of `listeners`. Names once each; a port (0 aside) twice only on one IPv4 and one IPv6 host, as
// Kafka has it. A name missing from the map is an error that names it.
Result<std::vector<Listener>> parse_listeners(std::string_view text, const std::vector<ListenerProtocol>& map);

// The same for `advertised.listeners`: ports may repeat, no wildcard host, no port 0.
Result<std::vector<Listener>> parse_advertised_listeners(std::string_view text, const std::vector<ListenerProtocol>& map);

}  // namespace barnabas
