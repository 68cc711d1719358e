#pragma once
// The two sparse indexes of a segment, in Kafka's formats, big-endian.
//
//   .index      relative offset int32 | position int32         the last offset of the batch that begins at the position
//   .timeindex  timestamp int64 | relative offset int32        the largest timestamp so far, and its batch's last offset
//
// Entries rise strictly. They are collected in memory and written a few KiB at a time, never synced on the produce
// path: whatever is lost or wrong is noticed by check() and made again from the log (segment.h).
//
// Threads: any; it has a lock of its own, which a cached-only lookup never waits for.
#include <cstdint>
#include <mutex>
#include <optional>
#include <vector>

#include "base/disk.h"
#include "model/types.h"
#include "storage/open_files.h"

namespace barnabas::storage {

enum class ReadMode {
  kCachedOnly,  // for I/O threads: Errc::kBusy when something would have to come from the disk
  kMayWait,     // for the disk queue
};

// Reads exactly out.size() bytes: kBusy when they are cold and waiting is not allowed, kOutOfRange past the end.
Result<> read_exactly(const File& file, std::uint64_t position, MutableBytes out, ReadMode mode);

struct OffsetEntry {
  std::uint32_t relative_offset = 0;
  std::uint32_t position = 0;
  friend bool operator==(const OffsetEntry&, const OffsetEntry&) = default;
};

struct TimeEntry {
  std::int64_t timestamp_ms = -1;
  std::uint32_t relative_offset = 0;
  friend bool operator==(const TimeEntry&, const TimeEntry&) = default;
};

class SegmentIndex {
 public:
  SegmentIndex(OpenFiles& files, Disk& disk, Path offset_path, Path time_path);

  // ---- the writing side ----
  // The segment is new: what files may bear the name are of another life.
  void begin_empty();
  void add(OffsetEntry offset, TimeEntry largest);
  // Kafka ends a segment's time index with its largest timestamp, so that retention needs no look into the log.
  void add_time(TimeEntry largest);
  // Writes what is pending. On failure it stays pending, thinned out if it grew: an index may be sparse.
  Result<> flush();
  bool wants_flush() const;
  bool is_full(std::int64_t bytes_max) const;
  Result<> sync();
  // For an index that was never flushed: writes all of it to these files, durably; they get the index's own names next.
  Result<> store_as(const Path& offsets, const Path& times);
  // The names are going to another segment: nothing is read or written under them any more, every lookup answers with
  // the segment's beginning, which is always a right place to begin.
  void retire();
  // Replaces everything.
  Result<> replace(std::vector<OffsetEntry> offsets, std::vector<TimeEntry> times);
  // Forgets entries whose batch begins at the position or above.
  Result<> cut(std::uint32_t position, std::uint32_t relative_offset);

  // ---- the reading side ----
  // Looks at both files once in a lifetime: sizes, order, entries inside the log. False: make it again.
  // `sealed`: the segment does not grow, so its indexes must reach near its end.
  Result<bool> check(std::uint64_t log_bytes, bool sealed, ReadMode mode);
  // The last entry not above; a zero entry (the segment's beginning) when there is none.
  Result<OffsetEntry> floor_offset(std::uint32_t relative_offset, ReadMode mode) const;
  Result<OffsetEntry> floor_position(std::uint32_t position, ReadMode mode) const;
  // The last entry whose timestamp is below; a segment's beginning when there is none.
  Result<TimeEntry> floor_time(std::int64_t timestamp_ms, ReadMode mode) const;
  // The largest timestamp that the time index knows of.
  TimeEntry last_time() const;
  OffsetEntry last_offset() const;
  std::vector<OffsetEntry> offsets_above(std::uint64_t position) const;  // may wait
  void trust_nothing();                                                  // check() looks again

  const Path& offset_path() const { return offset_path_; }
  const Path& time_path() const { return time_path_; }

 private:
  struct Snapshot;
  Result<std::shared_ptr<File>> open_for_writing(const Path& path);
  Result<bool> load_offsets(std::uint64_t log_bytes, ReadMode mode);
  Result<bool> load_times(std::uint64_t log_bytes, ReadMode mode);
  template <class Below>
  Result<OffsetEntry> floor(Below below, ReadMode mode) const;

  OpenFiles& files_;
  Disk& disk_;
  const Path offset_path_;
  const Path time_path_;

  mutable std::mutex mutex_;
  bool checked_ = false;
  bool retired_ = false;
  std::uint32_t offsets_written_ = 0;  // entries in the file
  std::uint32_t times_written_ = 0;
  std::vector<OffsetEntry> offsets_pending_;
  std::vector<TimeEntry> times_pending_;
  OffsetEntry last_offset_;
  TimeEntry last_time_;
};

}  // namespace barnabas::storage
