#include <algorithm>

#include "protocol_table.h"

namespace barnabas::protocol::test {

void Filler::value(Uuid& out, std::int16_t, bool) {
  if (below(4) == 0) return;
  for (std::byte& byte : out.bytes) byte = static_cast<std::byte>(random_());
}

void Filler::value(std::string& out, std::int16_t, bool) {
  static constexpr std::string_view kPieces[] = {
      "a", "Z", "0", ".", "_", "-", " ", "\u00e9", "\u6f22", "\U0001f600", std::string_view("\0", 1)};
  const std::size_t count = below(20) == 0 ? 150 : length();
  for (std::size_t i = 0; i < count; ++i) out += kPieces[below(std::size(kPieces))];
}

ByteView Filler::bytes() {
  Bytes& bytes = owned_.emplace_back(below(20) == 0 ? 300 : length() * 3);
  std::ranges::generate(bytes, [this] { return static_cast<std::byte>(random_()); });
  return bytes;
}

// Big slices stay by themselves in the frame, small ones are copied into it: both kinds are made.
void Filler::value(RecordsField& out, std::int16_t, bool nullable) {
  if (nullable && below(4) == 0) return;
  if (below(2) == 0) {
    out = RecordsField(bytes());
    return;
  }
  std::vector<Slice> slices;
  for (std::size_t i = length(); i > 0; --i) {
    Bytes& big = owned_.emplace_back(below(8) == 0 ? 3000 : 100, static_cast<std::byte>(i));
    slices.emplace_back(MemorySlice{nullptr, big});
  }
  out = RecordsField(std::move(slices));
}

void Filler::unknown(UnknownTags& out) {
  for (std::uint32_t tag = 90; below(8) == 0; tag += 1 + static_cast<std::uint32_t>(below(100))) out.add(tag, bytes());
}

}  // namespace barnabas::protocol::test
