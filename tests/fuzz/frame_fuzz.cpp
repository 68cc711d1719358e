// A frame as it comes from a socket: its header, and whatever request it claims to be as far as the API table goes.
#include <cstdint>

#include "base/check.h"
#include "protocol/api.h"

using namespace barnabas;
using namespace barnabas::protocol;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView frame(reinterpret_cast<const std::byte*>(data), size);
  Decoder decoder(frame);
  const RequestHeader header = RequestHeader::decode(decoder);
  const bool ok = decoder.ok();
  CHECK(ok == decoder.finish_prefix().has_value());
  if (!ok) return 0;
  CHECK(decoder.position() + decoder.remaining() == size);
  if (header.client_id) CHECK(header.client_id->size() <= size);

  // What was understood is written and read as the same. Tagged fields of the header are not kept.
  const ApiInfo* api = find_api(header.api_key);
  if (api == nullptr) return 0;
  CHECK(!name(api->key).empty());
  Encoder encoder;
  header.encode(encoder);
  const auto bytes = encoder.finish_bytes();
  CHECK(bytes.has_value());
  Decoder again{ByteView(*bytes)};
  const RequestHeader same = RequestHeader::decode(again);
  CHECK(again.finish().has_value());
  CHECK(same.api_key == header.api_key && same.api_version == header.api_version && same.correlation_id == header.correlation_id &&
        same.client_id == header.client_id);
  return 0;
}
