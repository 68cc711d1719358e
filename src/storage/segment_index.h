#pragma once
// The two sparse indexes of a segment, in Kafka's formats, big-endian.
//
//   .index      relative offset int32 | position int32                 the last offset of the batch at the position
//   .timeindex  timestamp int64 | relative offset int32                the largest timestamp up to that batch
//
// Entries rise strictly. They are collected in memory and written a few KiB at a time, never synced on the produce
// path: whatever is lost or wrong is seen and made again from the log.
//
// Threads: the log's lock.
#include <cstdint>

namespace barnabas::storage {

struct OffsetEntry {
  std::uint32_t relative_offset = 0;
  std::uint32_t position = 0;
};

struct TimeEntry {
  std::int64_t timestamp_ms = -1;
  std::uint32_t relative_offset = 0;
};

}  // namespace barnabas::storage
