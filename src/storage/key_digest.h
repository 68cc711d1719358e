#pragma once
// A key of any length as 128 bits that stand for it: SipHash-2-4 with 128 bits of output, keyed by chance.
//
// Who takes equal digests for equal keys would lose a record where two keys met. By accident that needs 2^64 keys; on
// purpose it needs the seed, which lives for one use of the table and is told to nobody.
//
// Pure; any thread.
#include <bit>
#include <cstdint>
#include <cstring>

#include "base/bytes.h"

namespace barnabas::storage {

struct KeyDigest {
  std::uint64_t low = 0;
  std::uint64_t high = 0;
  friend bool operator==(const KeyDigest&, const KeyDigest&) = default;
};

struct DigestSeed {
  std::uint64_t low = 0;
  std::uint64_t high = 0;
};

namespace digest_detail {

struct State {
  std::uint64_t v0, v1, v2, v3;

  void rounds(int count) {
    for (int i = 0; i < count; ++i) {
      v0 += v1;
      v1 = std::rotl(v1, 13) ^ v0;
      v0 = std::rotl(v0, 32);
      v2 += v3;
      v3 = std::rotl(v3, 16) ^ v2;
      v0 += v3;
      v3 = std::rotl(v3, 21) ^ v0;
      v2 += v1;
      v1 = std::rotl(v1, 17) ^ v2;
      v2 = std::rotl(v2, 32);
    }
  }
  void take(std::uint64_t word) {
    v3 ^= word;
    rounds(2);
    v0 ^= word;
  }
  std::uint64_t folded() const { return v0 ^ v1 ^ v2 ^ v3; }
};

inline std::uint64_t load_word(const std::byte* from, std::size_t bytes) {
  std::uint64_t word = 0;
  std::memcpy(&word, from, bytes);
  return word;  // the byte order is that of x86 and ARM; the digest never leaves the process
}

}  // namespace digest_detail

inline KeyDigest digest(ByteView key, const DigestSeed& seed) {
  digest_detail::State state{seed.low ^ 0x736f6d6570736575U, seed.high ^ 0x646f72616e646f6dU ^ 0xeeU, seed.low ^ 0x6c7967656e657261U,
                             seed.high ^ 0x7465646279746573U};
  std::size_t at = 0;
  for (; key.size() - at >= 8; at += 8) state.take(digest_detail::load_word(key.data() + at, 8));
  std::uint64_t last = std::uint64_t{key.size()} << 56;
  if (at < key.size()) last |= digest_detail::load_word(key.data() + at, key.size() - at);
  state.take(last);
  state.v2 ^= 0xeeU;
  state.rounds(4);
  KeyDigest result{.low = state.folded(), .high = 0};
  state.v1 ^= 0xddU;
  state.rounds(4);
  result.high = state.folded();
  return result;
}

}  // namespace barnabas::storage
