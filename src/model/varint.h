#pragma once
// Zigzag varints, the numbers inside records: seven bits a byte, least significant first, the top bit says that more
// follow; 0, -1, 1, -2 ... are written as 0, 1, 2, 3 ... At most 5 bytes (32 bits) or 10 bytes (64 bits).
//
// Decoding is bounded and never reads past `end`; what would be longer, or has bits beyond the width, is refused.
#include <bit>
#include <concepts>
#include <cstdint>

#include "base/bytes.h"

namespace barnabas {

inline constexpr std::size_t kVarintMaxBytes = 5;
inline constexpr std::size_t kVarlongMaxBytes = 10;

template <std::signed_integral T>
constexpr auto zigzag(T value) {
  using U = std::make_unsigned_t<T>;
  return static_cast<U>((static_cast<U>(value) << 1) ^ static_cast<U>(value >> (sizeof(T) * 8 - 1)));
}

template <std::unsigned_integral U>
constexpr auto unzigzag(U value) {
  using T = std::make_signed_t<U>;
  return static_cast<T>((value >> 1) ^ (U{0} - (value & 1)));
}

// Bytes that the value takes.
template <std::signed_integral T>
constexpr std::size_t varint_size(T value) {
  return (static_cast<std::size_t>(std::bit_width(static_cast<std::make_unsigned_t<T>>(zigzag(value) | 1))) + 6) / 7;
}

// Returns the position after the value, or nullptr: cut short, too long, or too wide for T.
template <std::signed_integral T>
[[gnu::always_inline]] inline const std::byte* read_varint(const std::byte* at, const std::byte* end, T& value) {
  using U = std::make_unsigned_t<T>;
  constexpr unsigned kBits = sizeof(T) * 8;
  if (at == end) [[unlikely]]
    return nullptr;
  U raw = static_cast<U>(*at++);
  if (raw >= 0x80) {
    // Two bytes are common enough to be spelled out: sizes from 64, offset deltas from 64.
    if (at == end) [[unlikely]]
      return nullptr;
    const U second = static_cast<U>(*at++);
    raw = static_cast<U>((raw & 0x7f) | ((second & 0x7f) << 7));
    for (unsigned shift = 14; second >= 0x80; shift += 7) {
      if (at == end || shift >= kBits) [[unlikely]]
        return nullptr;
      const U byte = static_cast<U>(*at++);
      // The last byte has only the bits that are left.
      if (shift + 7 > kBits && (byte & 0x7f) >> (kBits - shift) != 0) [[unlikely]]
        return nullptr;
      raw |= static_cast<U>((byte & 0x7f) << shift);
      if (byte < 0x80) break;
    }
  }
  value = unzigzag(raw);
  return at;
}

template <std::signed_integral T>
void append_varint(Bytes& out, T value) {
  auto raw = zigzag(value);
  for (; raw >= 0x80; raw >>= 7) out.push_back(static_cast<std::byte>(raw | 0x80));
  out.push_back(static_cast<std::byte>(raw));
}

}  // namespace barnabas
