#pragma once
// From what an operator or a client wrote to what it means, by the row of the table: Kafka's parsing and its validators.
// Pure; any thread. Stricter than Kafka in two points: NaN is no number, and an item of a list is never empty.
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "config/setting.h"

namespace barnabas {

// The value in canonical spelling ("TRUE" is "true", " a , b" is "a,b"), or kInvalidArgument saying what is allowed,
// without the name and without the value (it may be a password).
Result<std::string> parse_value(const Setting& row, std::string_view raw);

// "a whole number, at least 1"
std::string allowed_text(const Setting& row);

// Why Barnabas refuses a value that Kafka takes, or empty. `canonical` comes from parse_value.
std::string refusal(const Setting& row, std::string_view canonical);

// "log.segment.bytes=abc (server.properties:12): why"; hides what is sensitive, escapes and shortens the rest.
std::string value_problem(std::string_view name, std::string_view value, bool sensitive, std::string_view origin, std::string_view why);

bool is_default(const Setting& row, std::string_view canonical);
// max.connections.per.ip.overrides: address or host name to limit.
using LimitsByHost = std::map<std::string, std::int32_t, std::less<>>;
Result<LimitsByHost> parse_connections_per_ip(std::string_view canonical);

std::vector<std::string> split_list(std::string_view canonical);
std::string_view trimmed(std::string_view text);

}  // namespace barnabas
