#include <nlohmann/json.hpp>

#include "cli/record_text.h"

namespace barnabas::cli {
namespace {

using Json = nlohmann::json;

std::unexpected<Error> bad(const std::string& why) { return fail(Errc::kInvalidArgument, why); }

Result<> take_number(const Json& json, const std::string& name, std::int64_t& into) {
  if (!json.is_number_integer()) return bad(name + " is no whole number");
  into = json.get<std::int64_t>();
  return {};
}

// `name` is "key" or "value" with or without "_base64".
Result<> take_bytes(const Json& json, const std::string& name, std::optional<std::string>& into) {
  if (json.is_null()) {
    into.reset();
    return {};
  }
  if (!json.is_string()) return bad(name + " is no string");
  into = json.get<std::string>();
  if (!name.ends_with("_base64")) return {};
  into = parse_base64(*into);
  if (!into) return bad(name + " is no base64");
  return {};
}

Result<> take_headers(const Json& json, TextRecord& record) {
  if (!json.is_array()) return bad("headers are no list");
  for (const Json& each : json) {
    if (!each.is_object()) return bad("a header is no object");
    std::optional<std::string> key, value;
    for (const auto& [name, member] : each.items()) {
      if (name == "key" || name == "key_base64") {
        TRY(take_bytes(member, name, key));
      } else if (name == "value" || name == "value_base64") {
        TRY(take_bytes(member, name, value));
      } else {
        return bad("a header has no " + name);
      }
    }
    if (!key) return bad("a header needs a key");
    record.headers.emplace_back(*std::move(key), std::move(value));
  }
  return {};
}

}  // namespace

Result<TextRecord> parse_record_json(std::string_view line) {
  const Json json = Json::parse(line, nullptr, false);
  if (json.is_discarded() || !json.is_object()) return bad("this is no JSON object");
  TextRecord record;
  for (const auto& [name, member] : json.items()) {
    std::int64_t partition = -1;
    if (name == "topic") {
      if (!member.is_string()) return bad("topic is no string");
      record.topic = member.get<std::string>();
    } else if (name == "partition") {
      TRY(take_number(member, name, partition));
      if (partition < -1 || partition > INT32_MAX) return bad("partition is out of range");
      record.partition = static_cast<std::int32_t>(partition);
    } else if (name == "offset") {
      TRY(take_number(member, name, record.offset));
    } else if (name == "timestamp") {
      TRY(take_number(member, name, record.timestamp));
    } else if (name == "key" || name == "key_base64") {
      TRY(take_bytes(member, name, record.key));
    } else if (name == "value" || name == "value_base64") {
      TRY(take_bytes(member, name, record.value));
    } else if (name == "headers") {
      TRY(take_headers(member, record));
    } else {
      return bad("a record has no " + name + "; it has key, value, headers, timestamp, partition, topic, offset");
    }
  }
  return record;
}

}  // namespace barnabas::cli
