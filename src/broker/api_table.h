#pragma once
// Which APIs this broker serves, in which versions, and who handles them. A key or version that is not here is not
// advertised, so clients fall back by themselves; a client that uses it anyway is disconnected (A2).
#include <cstdint>
#include <span>

#include "broker/handler.h"

namespace barnabas::broker {

struct ApiRow {
  protocol::ApiKey key{};
  std::int16_t min_version = 0;
  std::int16_t max_version = 0;
  bool pipelined = false;      // may follow unanswered requests of its kind on a connection (net/connection.h)
  bool waits_by_wish = false;  // its wait is what the client asked for (fetches, joins), so no sign of slowness
  // Decodes the body and calls the handler. An error: the body is malformed, nothing was called.
  Result<> (*call)(Broker&, const RequestContext&, protocol::Decoder&, std::int32_t correlation_id, net::Responder&) = nullptr;
};

std::span<const ApiRow> api_table();           // ascending by key
const ApiRow* find_api_row(std::int16_t key);  // null: not served
std::size_t place_of(const ApiRow& row);       // in the table

}  // namespace barnabas::broker
