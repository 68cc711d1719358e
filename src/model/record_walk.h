#pragma once
// One pass over the records of a batch that believes nothing: every varint, size, header and offset is checked, the
// declared count must be the real one, and nothing may follow the last record. No allocation per record; a compressed
// batch streams through a 64 KiB window, so a record of any size costs no memory.
//
// What makes the batch no batch is an Error (the whole batch is refused). What is wrong with single records of a
// well-formed batch is reported record by record, for record_errors of the Produce response (KIP-467).
#include <cstdint>
#include <limits>
#include <vector>

#include "base/result.h"
#include "model/compression.h"
#include "model/record_batch.h"
#include "model/record_source.h"

namespace barnabas {

// What to make of a batch whose header says LogAppendTime (P19).
enum class AppendTimeClaim : std::uint8_t {
  kBelieved,  // as stored: every record has the batch's max timestamp
  kIgnored,   // produced to a CreateTime topic: the records' own times count; one without (-1) is a problem
  kRefused,   // produced to a LogAppendTime topic: every record is a problem
};

struct WalkRules {
  bool keys_required = false;      // P18: a compacted topic
  bool contiguous_offsets = true;  // offset deltas are 0, 1, 2 ...; false: only increasing, as compaction leaves them
  AppendTimeClaim append_time_claim = AppendTimeClaim::kBelieved;
  // P19: a record's CreateTime must lie within; -1 (none) always may.
  std::int64_t timestamp_min = std::numeric_limits<std::int64_t>::min();
  std::int64_t timestamp_max = std::numeric_limits<std::int64_t>::max();
  // D7: work for one batch is bounded, whatever its compression claims.
  std::uint64_t decompressed_max = std::uint64_t{64} << 20;
};

enum class RecordFault : std::uint8_t { kNullKey, kTimestampOutOfRange, kLogAppendTimeClaimed };

struct RecordProblem {
  std::int32_t index = 0;
  RecordFault fault = RecordFault::kNullKey;
  std::int64_t timestamp = kNoTimestamp;
};

// More than these are counted, not kept: a hostile batch can have millions.
inline constexpr std::size_t kRecordProblemsMax = 1000;

struct WalkResult {
  std::int64_t max_timestamp = kNoTimestamp;    // the largest of the records', or -1
  std::int32_t max_timestamp_offset_delta = 0;  // of the first record that has it
  std::uint64_t records_bytes = 0;              // decompressed
  std::uint64_t problem_count = 0;
  bool any_timestamp_problem = false;
  std::vector<RecordProblem> problems;  // the first kRecordProblemsMax
};

// kCorrupt: malformed. kTooLarge: over decompressed_max or a codec's memory. kUnsupported: unknown codec.
// The sink, if any, gets a compressed batch's records as they are decompressed.
Result<WalkResult> walk_records(const RecordBatchView& batch, CompressionContext& context, const WalkRules& rules, ByteSink sink = {});

}  // namespace barnabas
