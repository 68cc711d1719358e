#pragma once
// Makes record batches: what the coordinators, the controller and the tests append. Base timestamp is the first
// record's, max timestamp the largest; offset deltas are 0, 1, 2 ...
//
//   RecordBatchBuilder builder({.base_offset = Offset(100)});
//   builder.add({.timestamp_ms = now, .key = as_bytes("k"), .value = as_bytes("v")});
//   Bytes batch = std::move(builder).build();
//
// Keys and values are copied at add(). One thread at a time.
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "model/compression.h"
#include "model/record_batch.h"
#include "model/types.h"

namespace barnabas {

struct RecordHeader {
  std::string_view key;
  std::optional<ByteView> value;  // nullopt: null, which is not the same as empty
};

struct NewRecord {
  std::int64_t timestamp_ms = kNoTimestamp;
  std::optional<ByteView> key = {};    // nullopt: null
  std::optional<ByteView> value = {};  // nullopt: null, a tombstone on a compacted topic
  std::span<const RecordHeader> headers = {};
};

struct BatchOptions {
  Offset base_offset{0};
  LeaderEpoch leader_epoch = kNoLeaderEpoch;
  TimestampType timestamp_type = TimestampType::kCreateTime;
  ProducerId producer_id = kNoProducerId;
  ProducerEpoch producer_epoch = kNoProducerEpoch;
  Sequence base_sequence = kNoSequence;
  bool transactional = false;
  bool control = false;
};

class RecordBatchBuilder {
 public:
  explicit RecordBatchBuilder(BatchOptions options = {});

  void add(const NewRecord& record);

  // Leaves a hole: the next record's offset delta is `delta` (at least the next one), as compaction does.
  void skip_to(std::int32_t delta);

  std::int32_t count() const { return count_; }
  // What build() would return now, uncompressed.
  std::size_t size_bytes() const { return bytes_.size(); }
  // What one more record would add, at most.
  static std::size_t record_bytes_max(const NewRecord& record);

  // An empty batch (no record was added) has a last offset delta of -1; nobody may send that, but tests can.
  Bytes build() &&;
  Bytes build(Compression compression, CompressionContext& context, const CompressionLevels& levels = {}) &&;

 private:
  void finish_header(Compression compression);

  const BatchOptions options_;
  Bytes bytes_;
  std::int32_t count_ = 0;
  std::int32_t next_delta_ = 0;
  std::int64_t base_timestamp_ = kNoTimestamp;
  std::int64_t max_timestamp_ = kNoTimestamp;
};

// The control record that ends a transaction (KIP-98). Key: version int16 = 0, type int16; value: version int16 = 0,
// epoch of the transaction coordinator int32.
enum class EndTransaction : std::int16_t { kAbort = 0, kCommit = 1 };
Bytes build_end_transaction_marker(EndTransaction outcome, std::int32_t coordinator_epoch, ProducerId producer_id,
                                   ProducerEpoch producer_epoch, std::int64_t timestamp_ms);

// What a control record's key and value say; nullopt for other control types (snapshots, leader changes) and damage.
struct EndTransactionMarker {
  EndTransaction outcome = EndTransaction::kAbort;
  std::int32_t coordinator_epoch = 0;
};
std::optional<EndTransactionMarker> parse_end_transaction_marker(ByteView key, ByteView value);

}  // namespace barnabas
