#pragma once
// Reads the records of a batch one after the other, decompressing as needed: for coordinators that load their
// partitions, for compaction, for tools. Validating an append is record_walk.h's affair.
//
//   RecordReader reader(batch, context);
//   for (;;) {
//     TRY_ASSIGN(const RecordView* record, reader.next());
//     if (record == nullptr) break;
//     use(reader.offset(), reader.timestamp(), record->key(), record->value());
//   }
//
// One thread; one reader at a time on a CompressionContext.
#include <cstdint>

#include "base/result.h"
#include "model/record.h"
#include "model/record_batch.h"
#include "model/record_source.h"

namespace barnabas {

// A record is held in memory whole, so a reader must say how large it may be, once decompressed.
inline constexpr std::uint64_t kReaderDefaultMaxBytes = std::uint64_t{64} << 20;

class RecordReader {
 public:
  RecordReader(const RecordBatchView& batch, CompressionContext& context, std::uint64_t decompressed_max = kReaderDefaultMaxBytes);

  // The next record, valid until the next call; nullptr after the last. kCorrupt: malformed, fewer or more records
  // than the batch declares, or damaged compression. kTooLarge: over decompressed_max. kUnsupported: unknown codec.
  Result<const RecordView*> next();

  // Of the record that next() returned last. With LogAppendTime every record has the batch's timestamp.
  Offset offset() const;
  std::int64_t timestamp() const;

 private:
  const RecordBatchView batch_;
  std::optional<RecordSource> source_;  // none: unknown codec
  RecordView record_;
  std::int32_t read_ = 0;
};

// base + delta, wrapping where hostile numbers would overflow.
constexpr std::int64_t add_delta(std::int64_t base, std::int64_t delta) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(base) + static_cast<std::uint64_t>(delta));
}

}  // namespace barnabas
