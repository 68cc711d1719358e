#pragma once
// The four codecs of record batches, as streams, so that no input decides how much memory is taken.
//
//   gzip    RFC 1952, also several members        lz4   frame format, independent blocks (all that Java reads)
//   snappy  xerial's frames or one raw block      zstd  RFC 8878
//
// What a stream may take beside the caller's buffers, whatever the input says: gzip 64 KiB, lz4 8.5 MiB, snappy
// 24 MiB (only for one raw block of that size), zstd 24 MiB (only for windows over 8 MiB, else 8.5 MiB). What is
// over that is refused as kTooLarge. Library contexts live in a CompressionContext and are used again.
//
// A CompressionContext belongs to one thread and feeds one decompressor and one compressor at a time.
#include <array>
#include <cstdint>
#include <memory>
#include <utility>

#include "base/bytes.h"
#include "base/result.h"
#include "model/record_batch.h"

namespace barnabas {

// Bounds and defaults as Kafka's compression.gzip.level, compression.lz4.level and compression.zstd.level.
struct CompressionLevels {
  int gzip = -1;  // -1 (the library's choice), 1..9
  int lz4 = 9;    // 1..17; 9 is the fast compressor, as in Kafka; every other level the thorough one, which ends at 12
  int zstd = 3;   // -131072..22
};

namespace codec {
class Reader;
class Writer;
}  // namespace codec

// One compressed stream being read. It must not outlive its input or its context.
class Decompressor {
 public:
  Decompressor(Decompressor&& other) noexcept : reader_(std::exchange(other.reader_, nullptr)) {}
  Decompressor& operator=(Decompressor&&) = delete;
  ~Decompressor();

  // Writes up to out.size() bytes (at least one, if out has room) and returns how many; 0: the stream has ended as it
  // should. kCorrupt: not a stream of this codec, damaged, cut short, or followed by something else. kTooLarge: it
  // needs more memory than anybody gets. After an error or the end only destruction makes sense.
  Result<std::size_t> read(MutableBytes out);

 private:
  friend class CompressionContext;
  explicit Decompressor(codec::Reader* reader) : reader_(reader) {}
  codec::Reader* reader_;
};

// One stream being written to the end of a byte vector.
class Compressor {
 public:
  Compressor(Compressor&& other) noexcept : writer_(std::exchange(other.writer_, nullptr)) {}
  Compressor& operator=(Compressor&&) = delete;

  // kTooLarge: the output would grow over its limit; nothing more can be written then.
  Result<> write(ByteView bytes);
  Result<> finish();

 private:
  friend class CompressionContext;
  explicit Compressor(codec::Writer* writer) : writer_(writer) {}
  codec::Writer* writer_;
};

class CompressionContext {
 public:
  CompressionContext();
  ~CompressionContext();
  CompressionContext(const CompressionContext&) = delete;
  CompressionContext& operator=(const CompressionContext&) = delete;

  Decompressor decompress(Compression codec, ByteView input);
  // Output is appended to `out`, which must outlive the compressor and grows to at most out_max bytes.
  Compressor compress(Compression codec, const CompressionLevels& levels, Bytes& out, std::size_t out_max);

  // Scratch for who walks decompressed records; starts at 64 KiB.
  static constexpr std::size_t kWindowBytes = std::size_t{64} << 10;
  Bytes& window() { return window_; }

 private:
  std::array<std::unique_ptr<codec::Reader>, kCompressionKinds> readers_;
  std::array<std::unique_ptr<codec::Writer>, kCompressionKinds> writers_;
  Bytes window_;
};

}  // namespace barnabas
