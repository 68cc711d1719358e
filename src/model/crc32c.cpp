#include "model/crc32c.h"

#include <isa-l/crc.h>
#include <nmmintrin.h>

#include <algorithm>

namespace barnabas {
namespace {

constexpr std::size_t kIsalFromBytes = 512;
constexpr std::size_t kIsalMaxBytes = 1U << 30;  // its length is an int

std::uint32_t sse42(std::uint32_t state, const std::byte* at, std::size_t size) {
  std::uint64_t wide = state;
  for (; size >= 8; at += 8, size -= 8) {
    std::uint64_t word;
    std::memcpy(&word, at, sizeof word);
    wide = _mm_crc32_u64(wide, word);
  }
  state = static_cast<std::uint32_t>(wide);
  for (; size > 0; ++at, --size) state = _mm_crc32_u8(state, static_cast<std::uint8_t>(*at));
  return state;
}

}  // namespace

std::uint32_t crc32c_extend(std::uint32_t crc, ByteView bytes) {
  // Both engines work on the bare register: the inversions before and after are ours.
  std::uint32_t state = ~crc;
  if (bytes.size() < kIsalFromBytes) return ~sse42(state, bytes.data(), bytes.size());
  while (!bytes.empty()) {
    const std::size_t step = std::min(bytes.size(), kIsalMaxBytes);
    // ISA-L reads only, but its signature predates const.
    auto* at = const_cast<unsigned char*>(reinterpret_cast<const unsigned char*>(bytes.data()));
    state = crc32_iscsi(at, static_cast<int>(step), state);
    bytes = bytes.subspan(step);
  }
  return ~state;
}

}  // namespace barnabas
