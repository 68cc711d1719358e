#pragma once
// Where to find a cluster, as people write it: "localhost", "a:9092,b:9093", "[::1]:9092". The port is 9092 unless said.
#include <string_view>
#include <vector>

#include "net/stream.h"

namespace barnabas::client {

inline constexpr std::uint16_t kDefaultPort = 9092;

// kInvalidArgument names the part that is none.
Result<std::vector<net::Endpoint>> parse_brokers(std::string_view text);

}  // namespace barnabas::client
