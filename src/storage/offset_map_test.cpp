#include "storage/offset_map.h"

#include <gtest/gtest.h>

#include <string>

#include "base/sim_clock.h"

namespace barnabas::storage {
namespace {

TEST(KeyDigestTest, IsSipHashWith128Bits) {
  // The first two of the algorithm's published test vectors: key 00 01 .. 0f, no input and the byte 00.
  const DigestSeed seed{0x0706050403020100U, 0x0f0e0d0c0b0a0908U};
  EXPECT_EQ(digest({}, seed), (KeyDigest{0xe6a825ba047f81a3U, 0x930255c71472f66dU}));
  const std::byte zero{0};
  EXPECT_EQ(digest(ByteView(&zero, 1), seed), (KeyDigest{0x44af996bd8c187daU, 0x45fc229b11597634U}));
}

TEST(OffsetMapTest, RemembersTheLastOffsetOfEachKey) {
  SimRandom random(1);
  OffsetMap map(1 << 20, 0.9, 10'001, random);
  for (int i = 0; i < 20'000; ++i) ASSERT_TRUE(map.put(as_bytes("key-" + std::to_string(i % 10'000)), Offset(i)));
  EXPECT_EQ(map.size(), 10'000U);
  for (int i = 0; i < 10'000; ++i) EXPECT_EQ(map.latest(as_bytes("key-" + std::to_string(i))), Offset(10'000 + i));
  EXPECT_EQ(map.latest(as_bytes("never")), Offset(-1));
  ASSERT_TRUE(map.put({}, Offset(7)));
  EXPECT_EQ(map.latest({}), Offset(7));
}

TEST(OffsetMapTest, RefusesWhatWouldFillItAndTakesNoMoreMemoryThanItMay) {
  SimRandom random(1);
  OffsetMap map(24 * 100, 0.5, UINT64_MAX / 2, random);
  EXPECT_EQ(map.bytes(), 2400U);
  EXPECT_EQ(map.keys_max(), 50U);
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(map.put(as_bytes(std::to_string(i)), Offset(i)));
  EXPECT_FALSE(map.put(as_bytes("one more"), Offset(50)));
  EXPECT_EQ(map.latest(as_bytes("one more")), Offset(-1));
  EXPECT_TRUE(map.put(as_bytes("7"), Offset(51)));  // a key that is there always fits
  EXPECT_EQ(map.latest(as_bytes("7")), Offset(51));
  // Few keys take a small table, however large it might be.
  EXPECT_LE(OffsetMap(std::size_t{1} << 30, 0.9, 10, random).bytes(), 4096U);
}

}  // namespace
}  // namespace barnabas::storage
