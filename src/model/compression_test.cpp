#include "model/compression.h"

#include <gtest/gtest.h>
#include <lz4frame.h>
#include <snappy.h>
#include <zstd.h>

#include <algorithm>
#include <string>

namespace barnabas {
namespace {

constexpr Compression kAll[] = {Compression::kNone, Compression::kGzip, Compression::kSnappy, Compression::kLz4, Compression::kZstd};
constexpr Compression kReal[] = {Compression::kGzip, Compression::kSnappy, Compression::kLz4, Compression::kZstd};

// Text that compresses somewhat, different at every place.
Bytes text(std::size_t size) {
  std::string out;
  for (int i = 0; out.size() < size; ++i) out += "event " + std::to_string(i * 7919) + " of the day; ";
  out.resize(size);
  const ByteView view = as_bytes(out);
  return {view.begin(), view.end()};
}

Bytes compressed(CompressionContext& context, Compression codec, ByteView bytes, const CompressionLevels& levels = {}) {
  Bytes out;
  Compressor compressor = context.compress(codec, levels, out, SIZE_MAX);
  EXPECT_TRUE(compressor.write(bytes));
  EXPECT_TRUE(compressor.finish());
  return out;
}

Result<Bytes> decompressed(CompressionContext& context, Compression codec, ByteView bytes, std::size_t step = 65536,
                           std::size_t limit = std::size_t{1} << 30) {
  Decompressor decompressor = context.decompress(codec, bytes);
  Bytes out;
  Bytes buffer(step);
  for (;;) {
    TRY_ASSIGN(const std::size_t size, decompressor.read(buffer));
    if (size == 0) return out;
    out.insert(out.end(), buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(size));
    if (out.size() > limit) return fail(Errc::kTooLarge, "limit of the test");
  }
}

std::optional<Errc> refusal(CompressionContext& context, Compression codec, ByteView bytes) {
  const auto result = decompressed(context, codec, bytes);
  return result ? std::nullopt : std::optional(result.error().code);
}

}  // namespace

TEST(CompressionTest, WhatGoesInComesOutInStepsOfAnySize) {
  CompressionContext context;
  for (const Compression codec : kAll) {
    for (const std::size_t size : {0U, 1U, 100U, 32767U, 32768U, 32769U, 65536U, 300'000U}) {
      const Bytes original = text(size);
      const Bytes packed = compressed(context, codec, original);
      for (const std::size_t step : {1000U, 32768U, 65536U, 1U << 20}) {
        const auto back = decompressed(context, codec, packed, step);
        ASSERT_TRUE(back) << to_string(codec) << " " << size << ": " << back.error().message;
        ASSERT_TRUE(*back == original) << to_string(codec) << " " << size << " in steps of " << step;
      }
    }
  }
}

TEST(CompressionTest, EveryLevelThatKafkaAllowsWorks) {
  CompressionContext context;
  const Bytes original = text(20'000);
  const auto check = [&](Compression codec, const CompressionLevels& levels) {
    const auto back = decompressed(context, codec, compressed(context, codec, original, levels));
    ASSERT_TRUE(back && *back == original) << to_string(codec);
  };
  for (int level = -1; level <= 9; ++level) {
    if (level != 0) check(Compression::kGzip, {.gzip = level});
  }
  for (int level = 1; level <= 17; ++level) check(Compression::kLz4, {.lz4 = level});
  for (const int level : {-131072, -5, 1, 3, 4, 10, 19, 22}) check(Compression::kZstd, {.zstd = level});
}

TEST(CompressionTest, AHigherLevelIsSmaller) {
  CompressionContext context;
  const Bytes original = text(40'000);
  EXPECT_LT(compressed(context, Compression::kGzip, original, {.gzip = 9}).size(),
            compressed(context, Compression::kGzip, original, {.gzip = 1}).size());
  EXPECT_LT(compressed(context, Compression::kLz4, original, {.lz4 = 17}).size(),
            compressed(context, Compression::kLz4, original, {.lz4 = 9}).size());
  EXPECT_LT(compressed(context, Compression::kZstd, original, {.zstd = 9}).size(),
            compressed(context, Compression::kZstd, original, {.zstd = -50}).size());
}

TEST(CompressionTest, EveryCutIsRefused) {
  CompressionContext context;
  const Bytes original = text(3000);
  for (const Compression codec : kReal) {
    const Bytes packed = compressed(context, codec, original);
    for (std::size_t size = 0; size < packed.size(); ++size) {
      const auto result = decompressed(context, codec, ByteView(packed).first(size));
      // A snappy stream may end after its header or any block: nothing in it says how long it is.
      if (codec == Compression::kSnappy && size == 16) continue;
      ASSERT_FALSE(result) << to_string(codec) << " cut at " << size;
      ASSERT_EQ(result.error().code, Errc::kCorrupt);
    }
  }
}

TEST(CompressionTest, WhatFollowsAStreamIsRefused) {
  CompressionContext context;
  for (const Compression codec : kReal) {
    Bytes packed = compressed(context, codec, text(3000));
    packed.push_back(std::byte{0x55});
    EXPECT_EQ(refusal(context, codec, packed), Errc::kCorrupt) << to_string(codec);
  }
}

TEST(CompressionTest, AContextIsFineAgainAfterDamage) {
  CompressionContext context;
  const Bytes original = text(100'000);
  for (const Compression codec : kReal) {
    const Bytes good = compressed(context, codec, original);
    for (std::size_t at = 0; at < good.size(); at += good.size() / 50) {
      Bytes bad = good;
      bad[at] ^= std::byte{0x41};
      (void)decompressed(context, codec, bad);
      const auto back = decompressed(context, codec, good);
      ASSERT_TRUE(back && *back == original) << to_string(codec) << " after damage at " << at;
    }
  }
}

TEST(CompressionTest, OutputStopsAtItsLimit) {
  CompressionContext context;
  for (const Compression codec : kAll) {
    Bytes out(61);
    Compressor compressor = context.compress(codec, {}, out, 200);
    auto result = compressor.write(text(100'000));
    if (result) result = compressor.finish();
    ASSERT_FALSE(result) << to_string(codec);
    EXPECT_EQ(result.error().code, Errc::kTooLarge);
    EXPECT_LE(out.size(), 200U);
  }
}

TEST(GzipTest, SeveralMembersAreOneStream) {
  CompressionContext context;
  Bytes packed = compressed(context, Compression::kGzip, as_bytes("one "));
  const Bytes second = compressed(context, Compression::kGzip, as_bytes("two"));
  packed.insert(packed.end(), second.begin(), second.end());
  EXPECT_EQ(as_text(*decompressed(context, Compression::kGzip, packed)), "one two");
}

TEST(SnappyTest, ARawBlockIsReadToo) {
  CompressionContext context;
  for (const std::size_t size : {1U, 1000U, 2'000'000U}) {
    const Bytes original = text(size);
    std::string block;
    snappy::Compress(reinterpret_cast<const char*>(original.data()), original.size(), &block);
    for (const std::size_t step : {1000U, 65536U, 4U << 20}) {
      const auto back = decompressed(context, Compression::kSnappy, as_bytes(block), step);
      ASSERT_TRUE(back && *back == original) << size;
    }
  }
}

TEST(SnappyTest, StreamsThatWereJoinedAreOneStream) {
  CompressionContext context;
  Bytes packed = compressed(context, Compression::kSnappy, as_bytes("one "));
  const Bytes second = compressed(context, Compression::kSnappy, as_bytes("two"));
  packed.insert(packed.end(), second.begin(), second.end());
  EXPECT_EQ(as_text(*decompressed(context, Compression::kSnappy, packed)), "one two");
}

TEST(SnappyTest, SizesThatCannotBeAreRefusedBeforeMemoryIsTaken) {  // D7
  CompressionContext context;
  const auto framed = [&](std::int32_t chunk_size, ByteView chunk) {
    Bytes stream = compressed(context, Compression::kSnappy, {});
    stream.resize(20);
    store_be(stream.data() + 16, chunk_size);
    stream.insert(stream.end(), chunk.begin(), chunk.end());
    return stream;
  };
  const Bytes some(100, std::byte{0x11});
  for (const std::int32_t size : {INT32_MAX, 101, 0, -1, INT32_MIN}) {  // CVE-2023-34455
    EXPECT_EQ(refusal(context, Compression::kSnappy, framed(size, some)), Errc::kCorrupt) << size;
  }
  // A block that claims 4 GiB - 1 in five bytes, raw and framed.
  Bytes claim(100);
  for (std::size_t i = 0; i < 4; ++i) claim[i] = std::byte{0xff};
  claim[4] = std::byte{0x0f};
  EXPECT_EQ(refusal(context, Compression::kSnappy, claim), Errc::kCorrupt);
  EXPECT_EQ(refusal(context, Compression::kSnappy, framed(100, claim)), Errc::kCorrupt);
}

TEST(SnappyTest, ABlockOverTheMemoryLimitIsTooLarge) {  // D7
  CompressionContext context;
  std::string block;
  snappy::Compress(std::string(std::size_t{25} << 20, 'x').data(), std::size_t{25} << 20, &block);
  EXPECT_EQ(refusal(context, Compression::kSnappy, as_bytes(block)), Errc::kTooLarge);
}

TEST(Lz4Test, WhatJavaCouldNotReadIsRefused) {
  CompressionContext context;
  const Bytes original = text(200'000);
  const auto frame = [&](LZ4F_blockMode_t mode, unsigned dictionary) {
    LZ4F_preferences_t preferences{};
    preferences.frameInfo.blockMode = mode;
    preferences.frameInfo.dictID = dictionary;
    preferences.frameInfo.contentSize = original.size();
    Bytes out(LZ4F_compressFrameBound(original.size(), &preferences));
    out.resize(LZ4F_compressFrame(out.data(), out.size(), original.data(), original.size(), &preferences));
    return out;
  };
  const auto fine = decompressed(context, Compression::kLz4, frame(LZ4F_blockIndependent, 0));
  EXPECT_TRUE(fine && *fine == original);
  EXPECT_EQ(refusal(context, Compression::kLz4, frame(LZ4F_blockLinked, 0)), Errc::kCorrupt);
  EXPECT_EQ(refusal(context, Compression::kLz4, frame(LZ4F_blockIndependent, 7)), Errc::kCorrupt);
}

TEST(ZstdTest, HighestLevelsOfHonestClientsAreRead) {
  // Level 22 without a known size claims a window of 128 MiB, whatever the batch.
  CompressionContext context;
  const Bytes original = text(300'000);
  ZSTD_CCtx* encoder = ZSTD_createCCtx();
  ZSTD_CCtx_setParameter(encoder, ZSTD_c_compressionLevel, 3);
  ZSTD_CCtx_setParameter(encoder, ZSTD_c_windowLog, 27);
  Bytes packed(ZSTD_compressBound(original.size()));
  ZSTD_outBuffer to{packed.data(), packed.size(), 0};
  ZSTD_inBuffer from{original.data(), original.size(), 0};
  ZSTD_compressStream2(encoder, &to, &from, ZSTD_e_flush);
  ZSTD_compressStream2(encoder, &to, &from, ZSTD_e_end);
  packed.resize(to.pos);
  ZSTD_freeCCtx(encoder);

  for (const std::size_t step : {1000U, 65536U}) {
    const auto back = decompressed(context, Compression::kZstd, packed, step);
    ASSERT_TRUE(back) << back.error().message;
    EXPECT_TRUE(*back == original);
  }
  // Two frames: the second is found behind the first.
  Bytes twice = packed;
  twice.insert(twice.end(), packed.begin(), packed.end());
  EXPECT_EQ(decompressed(context, Compression::kZstd, twice)->size(), 2 * original.size());
  for (const std::size_t cut : {5U, 10U, 1000U})
    EXPECT_EQ(refusal(context, Compression::kZstd, ByteView(packed).first(cut)), Errc::kCorrupt);
}

TEST(ZstdTest, AHugeWindowWithMuchBehindItIsTooLarge) {  // D7
  CompressionContext context;
  const Bytes zeros(std::size_t{25} << 20);
  ZSTD_CCtx* encoder = ZSTD_createCCtx();
  ZSTD_CCtx_setParameter(encoder, ZSTD_c_windowLog, 27);
  Bytes packed(ZSTD_compressBound(zeros.size()));
  ZSTD_outBuffer to{packed.data(), packed.size(), 0};
  ZSTD_inBuffer from{zeros.data(), zeros.size(), 0};
  ZSTD_compressStream2(encoder, &to, &from, ZSTD_e_flush);
  ZSTD_compressStream2(encoder, &to, &from, ZSTD_e_end);
  packed.resize(to.pos);
  ZSTD_freeCCtx(encoder);
  EXPECT_EQ(refusal(context, Compression::kZstd, packed), Errc::kTooLarge);
}

}  // namespace barnabas
