#pragma once
// One file of a partition's log, with its indexes, in Kafka's formats.
//
//   00000000000000004096.log         record batches, byte for byte as they were produced
//   00000000000000004096.index       offset -> file position, an entry per index interval   (segment_index.h)
//   00000000000000004096.timeindex   largest timestamp so far -> offset                     (segment_index.h)
//
// Bytes are only ever added at the end. The indexes are hints: losing or damaging one costs a scan, never a record.
//
// Threads: what changes a segment (append, flush, seal) happens under the log's lock. The lookups take a View, which
// is a copy of what they need, and run without it.
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/disk.h"
#include "model/types.h"
#include "storage/batch_frame.h"
#include "storage/segment_index.h"

namespace barnabas::storage {

struct SegmentInfo {
  Offset base_offset;
  Offset next_offset;
  std::uint64_t bytes = 0;
  std::int64_t max_timestamp_ms = -1;
  bool active = false;
};

struct BatchPosition {
  BatchFrame frame;
  std::uint64_t position = 0;
};

// The name of a segment's file: twenty digits and an extension.
std::string segment_file_name(Offset base, std::string_view extension);
// The offset in such a name, if it is one with this extension.
std::optional<Offset> parse_segment_file_name(std::string_view name, std::string_view extension);

}  // namespace barnabas::storage
