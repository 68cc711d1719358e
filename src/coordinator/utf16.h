#pragma once
// Kafka counts and hashes strings as Java does: in UTF-16 code units. Bytes that are no UTF-8 count as U+FFFD, one for
// each, as a lenient decoder sees them.
#include <cstdint>
#include <string_view>

namespace barnabas::coordinator {

// Calls visit(std::uint16_t) for each unit.
template <class Visitor>
void for_each_utf16(std::string_view text, Visitor&& visit) {
  constexpr std::uint16_t kReplacement = 0xfffd;
  const auto byte = [&](std::size_t at) -> std::uint32_t { return at < text.size() ? static_cast<unsigned char>(text[at]) : 0; };
  for (std::size_t at = 0; at < text.size();) {
    const std::uint32_t lead = byte(at);
    const std::size_t size = lead < 0x80 ? 1 : lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 0;
    std::uint32_t code = size < 2 ? lead : lead & (0xffU >> (size + 1));
    bool whole = size > 0;
    for (std::size_t i = 1; i < size; ++i) {
      const std::uint32_t next = byte(at + i);
      whole = whole && (next & 0xc0) == 0x80;
      code = code << 6 | (next & 0x3f);
    }
    const bool overlong = (size == 3 && code < 0x800) || (size == 4 && code < 0x10000);
    if (!whole || overlong || code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) {
      visit(kReplacement);
      ++at;
      continue;
    }
    if (code >= 0x10000) {
      visit(static_cast<std::uint16_t>(0xd800 + ((code - 0x10000) >> 10)));
      visit(static_cast<std::uint16_t>(0xdc00 + ((code - 0x10000) & 0x3ff)));
    } else {
      visit(static_cast<std::uint16_t>(code));
    }
    at += size;
  }
}

inline std::size_t utf16_length(std::string_view text) {
  std::size_t length = 0;
  for_each_utf16(text, [&](std::uint16_t) { ++length; });
  return length;
}

}  // namespace barnabas::coordinator
