#include "protocol/api.h"

#include <algorithm>

namespace barnabas::protocol {

const ApiInfo* find_api(std::int16_t key) {
  const auto apis = all_apis();
  const auto found = std::ranges::lower_bound(apis, key, {}, [](const ApiInfo& api) { return static_cast<std::int16_t>(api.key); });
  return found != apis.end() && static_cast<std::int16_t>(found->key) == key ? &*found : nullptr;
}

std::string_view name(ApiKey key) {
  const ApiInfo* api = find_api(static_cast<std::int16_t>(key));
  return api != nullptr ? api->name : "unknown";
}

std::int16_t request_header_version(const ApiInfo& api, std::int16_t version) { return api.flexible(version) ? 2 : 1; }

std::int16_t response_header_version(const ApiInfo& api, std::int16_t version) {
  return api.key != ApiKey::kApiVersions && api.flexible(version) ? 1 : 0;
}

RequestHeader RequestHeader::decode(Decoder& decoder) {
  RequestHeader header;
  decoder.fixed(header.api_key);
  decoder.fixed(header.api_version);
  decoder.fixed(header.correlation_id);
  const ApiInfo* api = find_api(header.api_key);
  if (api == nullptr || !decoder.ok()) return header;
  // Two-byte length in header version 2 as well.
  const auto size = decoder.fixed<std::int16_t>();
  if (size < -1) decoder.fail("the client id's length is negative");
  if (size >= 0) header.client_id = as_text(decoder.take(static_cast<std::size_t>(size)));
  if (request_header_version(*api, header.api_version) >= 2) {
    UnknownTags ignored;
    decoder.unknown_tags(ignored);
  }
  return header;
}

void RequestHeader::encode(Encoder& encoder) const {
  encoder.fixed(api_key);
  encoder.fixed(api_version);
  encoder.fixed(correlation_id);
  if (client_id) {
    encoder.string(false, *client_id, "client_id");
  } else {
    encoder.fixed(std::int16_t{-1});
  }
  const ApiInfo* api = find_api(api_key);
  if (api != nullptr && request_header_version(*api, api_version) >= 2) encoder.uvarint(0);
}

namespace detail {

void begin_response(Encoder& encoder, ApiKey key, std::int16_t version, std::int32_t correlation_id) {
  encoder.fixed(std::int32_t{0});
  encoder.fixed(correlation_id);
  const ApiInfo* api = find_api(static_cast<std::int16_t>(key));
  if (api != nullptr && response_header_version(*api, version) >= 1) encoder.uvarint(0);
}

Result<OutFrame> finish_frame(Encoder& encoder) {
  const std::uint64_t size = encoder.size() - sizeof(std::int32_t);
  if (size > INT32_MAX) encoder.fail("the frame", "is over 2 GiB");
  encoder.patch_int32(0, static_cast<std::int32_t>(size));
  return encoder.finish();
}

}  // namespace detail

}  // namespace barnabas::protocol
