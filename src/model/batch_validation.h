#pragma once
// Whether the bytes of a produce may be appended, and as what. Pure: bytes, rules and a time in, a verdict out.
//
//   P9, P10          check_produce_records   before the partition is looked at (P22)
//   P14 P12 P11      validate_append         offset 0, max.message.bytes, checksum,
//   P15 P16 P17                              count and offsets, no control batch, sequence,
//   P18 P19                                  every record: structure, key, timestamp,
//   P20 P26 P12 P13                          append time, recompression, the sizes again
//
// Normally nothing is copied: the accepted batch is the request's own bytes. Offsets, leader epoch and producer state
// are the log's affair. Where several rules are broken the first in this order is reported, as in Kafka.
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "model/compression.h"
#include "model/error_code.h"
#include "model/record_batch.h"

namespace barnabas {

// What a topic's configuration says about appends. Defaults are Kafka's.
struct AppendRules {
  std::optional<Compression> compression;  // compression.type; nullopt: producer, whatever was sent
  CompressionLevels levels;
  TimestampType timestamp_type = TimestampType::kCreateTime;  // message.timestamp.type
  std::int64_t timestamp_before_max_ms = INT64_MAX;           // message.timestamp.before.max.ms
  std::int64_t timestamp_after_max_ms = 3'600'000;            // message.timestamp.after.max.ms
  std::int32_t max_message_bytes = 1'048'588;                 // max.message.bytes: one batch, header included
  std::int32_t segment_bytes = 1 << 30;                       // segment.bytes
  bool compacted = false;                                     // cleanup.policy has compact
};

enum class AppendOrigin : std::uint8_t {
  kClient,
  kCoordinator,  // our own records: control batches and set offsets are fine
};

struct RecordError {
  std::int32_t batch_index = 0;  // of the record in its batch
  std::string message;
};

struct BatchRejection {
  ErrorCode code = ErrorCode::kNone;
  std::string message;
  std::vector<RecordError> record_errors;  // for Produce v8+ (KIP-467); at most kRecordProblemsMax
};

// What the log and the answer need to know of a batch that may be appended.
struct AcceptedBatch {
  MutableBytes bytes;  // one whole batch, checksum right: the request's own bytes, or those in `rewritten`
  Bytes rewritten;     // empty unless another compression was asked for (P26)
  std::int32_t count = 0;
  std::int32_t last_offset_delta = 0;
  std::int64_t max_timestamp = kNoTimestamp;
  std::int32_t max_timestamp_offset_delta = 0;     // of the first record with the max timestamp
  std::optional<std::int64_t> log_append_time_ms;  // P20: only where the topic says LogAppendTime
  Compression compression = Compression::kNone;
  ProducerId producer_id = kNoProducerId;
  ProducerEpoch producer_epoch = kNoProducerEpoch;
  Sequence base_sequence = kNoSequence;
  Sequence last_sequence = kNoSequence;
  bool transactional = false;
  bool control = false;
};

// P9, P10: one whole batch of magic 2 and nothing else; no zstd before Produce v7. nullopt: fine.
std::optional<BatchRejection> check_produce_records(ByteView records, std::int16_t produce_version);

// `records` is one batch that check_produce_records let pass (or built by us). On acceptance its header may have been
// changed: max timestamp and timestamp type. `bytes` points into `records` or into `rewritten`, whose moves keep it.
std::expected<AcceptedBatch, BatchRejection> validate_append(MutableBytes records, const AppendRules& rules, AppendOrigin origin,
                                                             std::int64_t now_ms, CompressionContext& context);

// What one batch of this topic may decompress to (D7): 64 MiB, or 16 times max.message.bytes where that is more.
std::uint64_t decompressed_max_bytes(const AppendRules& rules);

}  // namespace barnabas
