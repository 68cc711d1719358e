#include "model/crc32c.h"

#include <gtest/gtest.h>

#include <string>

namespace barnabas {
namespace {

// The definition, one bit at a time.
std::uint32_t slow_crc32c(ByteView bytes) {
  std::uint32_t crc = ~0U;
  for (const std::byte b : bytes) {
    crc ^= static_cast<std::uint32_t>(b);
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0x82f63b78U : 0U);
  }
  return ~crc;
}

Bytes pattern(std::size_t size) {
  Bytes bytes(size);
  std::uint32_t state = 12345;
  for (std::byte& b : bytes) b = static_cast<std::byte>((state = state * 1664525 + 1013904223) >> 24);
  return bytes;
}

}  // namespace

TEST(Crc32cTest, PublishedVectors) {
  EXPECT_EQ(crc32c({}), 0U);
  EXPECT_EQ(crc32c(as_bytes("123456789")), 0xe3069283U);
  // RFC 3720, B.4: 32 bytes of zeros, of ones, rising.
  EXPECT_EQ(crc32c(Bytes(32)), 0x8a9136aaU);
  EXPECT_EQ(crc32c(Bytes(32, std::byte{0xff})), 0x62a8ab43U);
  Bytes rising(32);
  for (std::size_t i = 0; i < 32; ++i) rising[i] = static_cast<std::byte>(i);
  EXPECT_EQ(crc32c(rising), 0x46dd794eU);
}

TEST(Crc32cTest, BothEnginesAgreeWithTheDefinitionAtEverySizeAndAlignment) {
  const Bytes bytes = pattern(2100);
  for (std::size_t size = 0; size < 2048; size += size < 64 || (size > 490 && size < 530) ? 1 : 37) {
    for (std::size_t at : {0U, 1U, 7U}) {
      const ByteView view = ByteView(bytes).subspan(at, size);
      ASSERT_EQ(crc32c(view), slow_crc32c(view)) << size << " bytes at " << at;
    }
  }
}

TEST(Crc32cTest, ItContinuesAcrossPieces) {
  const Bytes bytes = pattern(4000);
  const ByteView view(bytes);
  for (std::size_t cut : {0U, 1U, 9U, 511U, 512U, 3999U, 4000U}) {
    EXPECT_EQ(crc32c_extend(crc32c(view.first(cut)), view.subspan(cut)), crc32c(view)) << cut;
  }
}

}  // namespace barnabas
