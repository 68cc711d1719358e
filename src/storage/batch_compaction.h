#pragma once
// What compaction makes of one batch: as it was, without some of its records, an empty header, or nothing.
//
//   record above what the map covers           stays
//   an offset below the key's latest one       goes
//   no key                                     goes (from before the topic was compacted)
//   tombstone                                  stays until its batch's delete horizon, which the first pass that keeps
//                                              it writes into the batch: base timestamp, attribute bit 6 (KIP-534)
//
// Offsets, leader epoch, producer id, epoch and sequence of what stays are as they were; so is the codec.
//
// Pure; one thread at a time on a CompressionContext.
#include <cstdint>

#include "base/result.h"
#include "model/compression.h"
#include "model/record_batch.h"
#include "storage/offset_map.h"

namespace barnabas::storage {

struct CompactionRules {
  const OffsetMap& latest;
  Offset mapped_end;  // of the offsets that `latest` knows about
  std::int64_t now_ms = 0;
  std::int64_t delete_retention_ms = 0;
};

enum class CompactedAs { kUnchanged, kRewritten, kNothing };

// What one batch may decompress to. Records are streamed: this bounds work, not memory.
inline constexpr std::uint64_t kCompactionDecompressedMax = std::uint64_t{1} << 30;

// The batch's checksum was verified. kRewritten: the new batch is in `out`, whatever was there is gone.
//   kCorrupt, kTooLarge, kUnsupported: its records cannot be read.
Result<CompactedAs> compact_batch(const RecordBatchView& batch, const CompactionRules& rules, CompressionContext& context, Bytes& out);

// The header alone, with no records: it still tells how far offsets and a producer's sequence have come.
Bytes empty_batch(const RecordBatchView& batch);

}  // namespace barnabas::storage
