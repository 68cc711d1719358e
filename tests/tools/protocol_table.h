#pragma once
// Every message by name, for the tests of the codec: what a message is after the way through our code, and messages
// filled with random values. The functions behind it are made by generate_protocol_table.py.
#include <deque>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/codec.h"

namespace barnabas::protocol::test {

// Random values, the same for the same seed. Bytes that a message refers to live as long as the filler.
class Filler {
 public:
  explicit Filler(std::uint64_t seed) : random_(seed) {}

  std::uint64_t below(std::uint64_t limit) { return random_() % limit; }

  // How long strings, bytes and arrays may be; arrays of structs get shorter as they nest.
  void set_longest(std::size_t longest) { longest_ = longest; }

  template <class T>
  void value(std::optional<T>& out, std::int16_t version, bool nullable) {
    if (nullable && below(4) == 0) return out.reset();
    value(out.emplace(), version, false);
  }
  template <class T>
  void value(std::vector<T>& out, std::int16_t version, bool) {
    const std::size_t before = longest_;
    out.resize(length());
    if constexpr (std::is_class_v<T>) longest_ /= 2;
    for (T& element : out) value(element, version, false);
    longest_ = before;
  }
  template <class T>
    requires std::is_integral_v<T>
  void value(T& out, std::int16_t, bool) {
    out = static_cast<T>(below(3) == 0 ? below(3) - 1 : random_());
  }
  template <class T>
    requires std::is_class_v<T>
  void value(T& out, std::int16_t version, bool) {
    fill(*this, out, version);
  }
  void value(bool& out, std::int16_t, bool) { out = below(2) == 1; }
  void value(double& out, std::int16_t, bool) { out = static_cast<double>(random_()) / 1024; }
  void value(Uuid& out, std::int16_t, bool);
  void value(std::string& out, std::int16_t, bool);
  void value(BytesField& out, std::int16_t, bool) { out = bytes(); }
  void value(RecordsField& out, std::int16_t, bool nullable);
  void unknown(UnknownTags& out);

 private:
  std::size_t length() { return below(longest_ + 1); }
  ByteView bytes();

  std::mt19937_64 random_;
  std::size_t longest_ = 4;
  std::deque<Bytes> owned_;
};

struct Entry {
  std::string_view name;
  std::int16_t min_version;
  std::int16_t max_version;
  // Decodes and encodes again. An error when the bytes are refused.
  Result<Bytes> (*echo)(ByteView bytes, std::int16_t version);
  // Only decodes.
  Result<> (*accept)(ByteView bytes, std::int16_t version);
  Result<Bytes> (*random)(Filler& filler, std::int16_t version);
};

std::vector<Entry> all_messages();

template <class Message>
Result<Bytes> encode_one(const Message& message, std::int16_t version) {
  Encoder encoder;
  message.encode(encoder, version);
  return encoder.finish_bytes();
}

template <class Message>
Entry entry(std::string_view name) {
  return {name,
          Message::kMinVersion,
          Message::kMaxVersion,
          [](ByteView bytes, std::int16_t version) -> Result<Bytes> {
            Decoder decoder(bytes);
            Message message;
            message.decode(decoder, version);
            TRY(decoder.finish());
            return encode_one(message, version);
          },
          [](ByteView bytes, std::int16_t version) {
            Decoder decoder(bytes);
            Message message;
            message.decode(decoder, version);
            return decoder.finish();
          },
          [](Filler& filler, std::int16_t version) {
            Message message;
            fill(filler, message, version);
            return encode_one(message, version);
          }};
}

}  // namespace barnabas::protocol::test
