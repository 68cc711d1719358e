#pragma once
// The record batch, version 2: what producers send, what segments hold, what consumers get, byte for byte.
//
//    0 base offset        int64  \ not covered by the checksum:         23 last offset delta  int32
//    8 length from 12     int32   | the broker fills these in           27 base timestamp     int64 (ms)
//   12 leader epoch       int32   | without touching the rest           35 max timestamp      int64 (ms)
//   16 magic = 2          int8   /                                      43 producer id        int64 (-1: none)
//   17 CRC-32C of 21..    uint32                                        51 producer epoch     int16
//   21 attributes         int16  bits 0-2 compression, 3 timestamp      53 base sequence      int32
//                                type, 4 transactional, 5 control,      57 record count       int32
//                                6 base timestamp = delete horizon      61 records (record.h), perhaps compressed
//
// Views own nothing and copy nothing. Opening one checks sizes and magic only; the checksum is asked for separately.
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "base/check.h"
#include "base/result.h"
#include "model/types.h"

namespace barnabas {

enum class Compression : std::uint8_t { kNone = 0, kGzip = 1, kSnappy = 2, kLz4 = 3, kZstd = 4 };
inline constexpr int kCompressionKinds = 5;
std::string_view to_string(Compression compression);                  // "none", "gzip", ... as in compression.type
std::optional<Compression> parse_compression(std::string_view name);  // the inverse
inline std::optional<Compression> compression_from_id(int id) {
  if (id < 0 || id >= kCompressionKinds) return std::nullopt;
  return static_cast<Compression>(id);
}

enum class TimestampType : std::uint8_t { kCreateTime = 0, kLogAppendTime = 1 };

inline constexpr std::int64_t kNoTimestamp = -1;

namespace batch_layout {
inline constexpr std::size_t kBaseOffset = 0;
inline constexpr std::size_t kLength = 8;
inline constexpr std::size_t kLogOverhead = 12;  // the length counts from here
inline constexpr std::size_t kLeaderEpoch = 12;
inline constexpr std::size_t kMagic = 16;
inline constexpr std::size_t kCrc = 17;
inline constexpr std::size_t kAttributes = 21;  // the checksum covers from here
inline constexpr std::size_t kLastOffsetDelta = 23;
inline constexpr std::size_t kBaseTimestamp = 27;
inline constexpr std::size_t kMaxTimestamp = 35;
inline constexpr std::size_t kProducerId = 43;
inline constexpr std::size_t kProducerEpoch = 51;
inline constexpr std::size_t kBaseSequence = 53;
inline constexpr std::size_t kCount = 57;
inline constexpr std::size_t kRecords = 61;

inline constexpr std::int16_t kCompressionMask = 0x07;
inline constexpr std::int16_t kTimestampTypeBit = 0x08;
inline constexpr std::int16_t kTransactionalBit = 0x10;
inline constexpr std::int16_t kControlBit = 0x20;
inline constexpr std::int16_t kDeleteHorizonBit = 0x40;
}  // namespace batch_layout

inline constexpr std::size_t kBatchHeaderBytes = batch_layout::kRecords;
inline constexpr std::int8_t kMagicV2 = 2;

// The sequence `increment` records later; after 2147483647 comes 0.
constexpr Sequence add_sequence(Sequence sequence, std::int32_t increment) {
  return static_cast<Sequence>((static_cast<std::uint32_t>(sequence) + static_cast<std::uint32_t>(increment)) & 0x7fffffffU);
}

// What begins at a position of a log. Of message formats 0 and 1 (before Kafka 0.11) only the size is known.
struct BatchPeek {
  Offset base_offset;  // of formats 0 and 1 compressed: the offset of the last message inside
  std::uint64_t size_bytes = 0;
  std::optional<std::int8_t> magic;  // not known from fewer than 17 bytes
};

inline constexpr std::size_t kPeekMinBytes = batch_layout::kLogOverhead;
inline constexpr std::size_t kPeekMagicBytes = batch_layout::kMagic + 1;

// How long is the entry that begins here? Allocates nothing and believes nothing.
//   kOutOfRange: fewer than 12 bytes, ask again with more.
//   kCorrupt: a length below the smallest header, over max_bytes, or a magic that never existed.
Result<BatchPeek> peek_batch(ByteView bytes, std::uint64_t max_bytes = std::uint64_t{1} << 31);

class RecordBatchView {
 public:
  // The batch that begins at the first byte; bytes behind it are ignored.
  //   kOutOfRange: the batch is longer than `bytes`.  kCorrupt: impossible length.  kUnsupported: magic 0 or 1.
  static Result<RecordBatchView> open(ByteView bytes);

  ByteView bytes() const { return bytes_; }
  std::size_t size_bytes() const { return bytes_.size(); }

  Offset base_offset() const { return Offset(get<std::int64_t>(batch_layout::kBaseOffset)); }
  // Hostile offsets wrap around instead of overflowing; who reads a disk or a client checks them.
  Offset last_offset() const { return offset_at(last_offset_delta()); }
  Offset next_offset() const { return offset_at(std::int64_t{last_offset_delta()} + 1); }
  LeaderEpoch leader_epoch() const { return LeaderEpoch(get<std::int32_t>(batch_layout::kLeaderEpoch)); }
  std::uint32_t stored_crc() const { return get<std::uint32_t>(batch_layout::kCrc); }
  std::int16_t attributes() const { return get<std::int16_t>(batch_layout::kAttributes); }
  std::int32_t last_offset_delta() const { return get<std::int32_t>(batch_layout::kLastOffsetDelta); }
  std::int64_t base_timestamp() const { return get<std::int64_t>(batch_layout::kBaseTimestamp); }
  std::int64_t max_timestamp() const { return get<std::int64_t>(batch_layout::kMaxTimestamp); }
  ProducerId producer_id() const { return get<std::int64_t>(batch_layout::kProducerId); }
  ProducerEpoch producer_epoch() const { return get<std::int16_t>(batch_layout::kProducerEpoch); }
  Sequence base_sequence() const { return get<std::int32_t>(batch_layout::kBaseSequence); }
  Sequence last_sequence() const { return has_sequence() ? add_sequence(base_sequence(), last_offset_delta()) : kNoSequence; }
  std::int32_t count() const { return get<std::int32_t>(batch_layout::kCount); }

  int compression_id() const { return attributes() & batch_layout::kCompressionMask; }
  std::optional<Compression> compression() const { return compression_from_id(compression_id()); }  // nullopt: ids 5-7
  TimestampType timestamp_type() const {
    return has(batch_layout::kTimestampTypeBit) ? TimestampType::kLogAppendTime : TimestampType::kCreateTime;
  }
  bool is_transactional() const { return has(batch_layout::kTransactionalBit); }
  bool is_control() const { return has(batch_layout::kControlBit); }
  bool has_producer_id() const { return producer_id() > kNoProducerId; }
  bool has_sequence() const { return base_sequence() > kNoSequence; }
  // KIP-534: when tombstones and markers of this batch may be compacted away; the base timestamp's other meaning.
  std::optional<std::int64_t> delete_horizon_ms() const {
    return has(batch_layout::kDeleteHorizonBit) ? std::optional(base_timestamp()) : std::nullopt;
  }

  // The records as stored: compressed if compression() says so.
  ByteView records() const { return bytes_.subspan(kBatchHeaderBytes); }

  std::uint32_t computed_crc() const;
  bool crc_matches() const { return stored_crc() == computed_crc(); }

 protected:
  explicit RecordBatchView(ByteView bytes) : bytes_(bytes) {}
  template <std::integral T>
  T get(std::size_t at) const {
    return load_be<T>(bytes_.data() + at);
  }
  Offset offset_at(std::int64_t delta) const {
    return Offset(static_cast<std::int64_t>(static_cast<std::uint64_t>(base_offset().value()) + static_cast<std::uint64_t>(delta)));
  }
  bool has(std::int16_t bit) const { return (attributes() & bit) != 0; }

  ByteView bytes_;
};

// A batch in memory of ours, and the few fields of it that a broker may change.
class MutableRecordBatch : public RecordBatchView {
 public:
  static Result<MutableRecordBatch> open(MutableBytes bytes);

  // Outside the checksum: free.
  void set_base_offset(Offset offset) { set(batch_layout::kBaseOffset, offset.value()); }
  void set_leader_epoch(LeaderEpoch epoch) { set(batch_layout::kLeaderEpoch, epoch.value()); }

  // Inside the checksum, which is computed again over the whole batch when something changes.
  // Do not call it on a batch whose checksum was not verified: that would bless damage.
  void set_max_timestamp(TimestampType type, std::int64_t max_timestamp_ms);

  // Makes the checksum right, whatever the bytes are.
  void seal() { set(batch_layout::kCrc, computed_crc()); }

  MutableBytes mutable_bytes() const { return {mutable_, bytes_.size()}; }

 private:
  explicit MutableRecordBatch(MutableBytes bytes) : RecordBatchView(bytes), mutable_(bytes.data()) {}
  template <std::integral T>
  void set(std::size_t at, T value) {
    store_be<T>(mutable_ + at, value);
  }

  std::byte* mutable_;
};

}  // namespace barnabas
