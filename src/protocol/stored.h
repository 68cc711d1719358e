#pragma once
// Messages that are stored in records or carried inside other messages: two bytes in front say which version follows.
//
//   record key     int16 type (which kind of record, kRecordType), then version 0 of the key
//   anything else  int16 version, then the message
#include <cstdint>

#include "base/result.h"
#include "protocol/codec.h"

namespace barnabas::protocol {

template <class Message>
Result<Bytes> encode_versioned(const Message& message, std::int16_t version) {
  Encoder encoder;
  encoder.fixed(version);
  message.encode(encoder, version);
  return encoder.finish_bytes();
}

template <class Key>
Result<Bytes> encode_record_key(const Key& key) {
  Encoder encoder;
  encoder.fixed(Key::kRecordType);
  key.encode(encoder, 0);
  return encoder.finish_bytes();
}

// The first two bytes: a record key's type, or a message's version.
inline Result<std::int16_t> stored_type(ByteView bytes) {
  Decoder decoder(bytes);
  const auto type = decoder.fixed<std::int16_t>();
  TRY(decoder.finish_prefix());
  return type;
}

// The key's type has been looked at with stored_type(). Views in the result point into `bytes`.
template <class Key>
Result<Key> decode_record_key(ByteView bytes) {
  Decoder decoder(bytes);
  if (decoder.fixed<std::int16_t>() != Key::kRecordType) decoder.fail("a record key of another type");
  Key key;
  key.decode(decoder, 0);
  TRY(decoder.finish());
  return key;
}

enum class Newer {
  kRefuse,    // kUnsupported for a version above ours
  kAsNewest,  // read what we know of it: the consumer protocol promises to only add fields at the end
};

template <class Message>
Result<Message> decode_versioned(ByteView bytes, Newer newer = Newer::kRefuse) {
  Decoder decoder(bytes);
  auto version = decoder.fixed<std::int16_t>();
  TRY(decoder.finish_prefix());
  const bool is_newer = version > Message::kMaxVersion;
  if (is_newer && newer == Newer::kRefuse) return fail(Errc::kUnsupported, "a stored message of a newer version");
  if (is_newer) version = Message::kMaxVersion;
  Message message;
  message.decode(decoder, version);
  TRY(newer == Newer::kAsNewest ? decoder.finish_prefix() : decoder.finish());
  return message;
}

}  // namespace barnabas::protocol
