#pragma once
// Which requests there are, in which versions, and the headers in front of them.
//
//   request    int32 size, then  int16 key, int16 version, int32 correlation id, [1+: string? client id], [2+: tags]
//   response   int32 size, then  int32 correlation id, [1+: tags]
//
// Header version 2 (1 of a response) goes with flexible messages. ApiVersions responses always have header 0, so that
// a client that does not know our versions yet can read them (KIP-511).
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/result.h"
#include "protocol/codec.h"
#include "protocol/generated/api_key.h"

namespace barnabas::protocol {

struct ApiInfo {
  ApiKey key;
  std::string_view name;
  std::int16_t min_version;
  std::int16_t max_version;            // the highest that may be advertised
  std::int16_t described_max_version;  // the schema may know a newer one that is not settled yet
  std::int16_t first_flexible;         // 32767: none is

  bool supports(std::int16_t version) const { return version >= min_version && version <= max_version; }
  bool flexible(std::int16_t version) const { return version >= first_flexible; }
};

std::span<const ApiInfo> all_apis();        // ascending by key
const ApiInfo* find_api(std::int16_t key);  // null: unknown
std::string_view name(ApiKey key);          // Kafka's name; "unknown" for a number outside the enumeration

std::int16_t request_header_version(const ApiInfo& api, std::int16_t version);
std::int16_t response_header_version(const ApiInfo& api, std::int16_t version);

struct RequestHeader {
  std::int16_t api_key = 0;
  std::int16_t api_version = 0;
  std::int32_t correlation_id = 0;
  std::optional<std::string_view> client_id;  // a view of the frame, any bytes

  // Reads the header at the start of a frame (without its size) and leaves the decoder in front of the body. The key
  // and version may be unknown: of those only the first eight bytes mean something to us, an ApiVersions request
  // excepted, whose client id is readable in every version.
  static RequestHeader decode(Decoder& decoder);
  void encode(Encoder& encoder) const;
};

// A whole response frame, its size in front. A failure is a bug of who filled the message in: a value that the
// version cannot carry.
template <class Response>
Result<OutFrame> encode_response(std::int32_t correlation_id, const Response& response, std::int16_t version);

// A whole request frame; the header's key and version are filled in.
template <class Request>
Result<OutFrame> encode_request(RequestHeader header, const Request& request, std::int16_t version);

namespace detail {
void begin_response(Encoder& encoder, ApiKey key, std::int16_t version, std::int32_t correlation_id);
Result<OutFrame> finish_frame(Encoder& encoder);
}  // namespace detail

template <class Response>
Result<OutFrame> encode_response(std::int32_t correlation_id, const Response& response, std::int16_t version) {
  static_assert(!Response::kIsRequest);
  Encoder encoder;
  detail::begin_response(encoder, Response::kKey, version, correlation_id);
  response.encode(encoder, version);
  return detail::finish_frame(encoder);
}

template <class Request>
Result<OutFrame> encode_request(RequestHeader header, const Request& request, std::int16_t version) {
  static_assert(Request::kIsRequest);
  Encoder encoder;
  encoder.fixed(std::int32_t{0});
  header.api_key = static_cast<std::int16_t>(Request::kKey);
  header.api_version = version;
  header.encode(encoder);
  request.encode(encoder, version);
  return detail::finish_frame(encoder);
}

// A message of this version from the bytes behind the header.
template <class Message>
Result<Message> decode(Decoder& decoder, std::int16_t version) {
  Message message;
  message.decode(decoder, version);
  TRY(decoder.finish());
  return message;
}

}  // namespace barnabas::protocol
