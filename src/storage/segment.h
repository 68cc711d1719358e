#pragma once
// One file of a partition's log, with its indexes, in Kafka's formats.
//
//   00000000000000004096.log         record batches, byte for byte as they were produced
//   00000000000000004096.index       offset -> file position, an entry per index interval   (segment_index.h)
//   00000000000000004096.timeindex   largest timestamp so far -> offset                     (segment_index.h)
//
// Bytes are only ever added at the end. The indexes are hints: losing or damaging one costs a scan, never a record.
// Damage inside is remembered: what lies behind it is served, it itself is never returned.
//
// Threads: the plain members belong to the log's lock. Lookups run without it, over a file and a size taken under it.
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/disk.h"
#include "model/types.h"
#include "storage/batch_frame.h"
#include "storage/log_directory.h"
#include "storage/segment_index.h"

namespace barnabas::storage {

struct SegmentInfo {
  Offset base_offset;
  Offset next_offset;
  std::uint64_t bytes = 0;
  std::int64_t max_timestamp_ms = -1;
  bool active = false;
};

// A damaged stretch: offsets [from, to) cannot be read; what lies behind is served.
struct Damage {
  Offset from;
  Offset to;
  std::string file;
  std::uint64_t position = 0;
  std::uint64_t length = 0;
  std::string why;
};

struct BatchPosition {
  BatchFrame frame;
  std::uint64_t position = 0;
};

// Twenty digits and an extension with its dot; and back.
std::string segment_file_name(Offset base, std::string_view extension);
std::optional<Offset> parse_segment_file_name(std::string_view name, std::string_view extension);

class BatchScanner;

class Segment {
 public:
  Segment(LogDirectory& directory, const Path& folder, Offset base);

  const Offset base;
  const Path log_path;
  SegmentIndex index;

  // ---- the log's lock ----
  std::shared_ptr<File> own;  // held while active or not yet synced; else the file is in the directory's cache
  std::uint64_t bytes = 0;
  std::uint64_t reserved = 0;  // the disk has room for the file up to here
  Offset next_offset;
  TimeEntry largest;                     // largest timestamp and its batch's last offset
  std::uint64_t bytes_since_entry = 0;   // of the index
  std::int64_t first_timestamp_ms = -1;  // of the first batch: when to roll
  std::int64_t created_ms = 0;           // by our clock, of this process
  bool largest_known = true;             // false: sealed, and its time index was not looked at yet
  bool sole_handle = true;               // `own` was never shared with the cache: its use count tells whether a slice pins it
  std::atomic<bool> dropped{false};      // its files are gone or going: nothing may make them again
  std::atomic<bool> superseded{false};   // its names go to a compacted segment: `own` is the only way to its bytes

  // Accounts for a batch that was written at `bytes`; an index entry when one is due.
  void count_in(const BatchFrame& frame, std::int32_t index_interval_bytes);
  // Room for the next bytes of a segment that grows, up to `limit`: blocks that come in large runs cost half the processor
  // time of blocks that each write finds for itself. The file's size stays exact.
  void reserve_ahead(std::uint64_t more, std::uint64_t limit);
  void give_back_reserve();
  std::uint32_t relative(Offset offset) const { return static_cast<std::uint32_t>(offset - base); }

  // ---- without the lock ----
  // kBusy: superseded; look again.
  Result<std::shared_ptr<File>> open_file() const;
  // The batch that contains the offset, or the first one above it; nothing when there is none below `limit`.
  // kCorrupt: the offset lies in a damaged stretch. kBusy: see ReadMode.
  Result<std::optional<BatchPosition>> find(const File& file, std::uint64_t limit, Offset offset, ReadMode mode);
  struct End {
    std::uint64_t position = 0;
    Offset next_offset;
  };
  // Where whole batches from `first` end, within max_bytes and below the offset; at `first` itself when none fits.
  Result<End> find_end(const File& file, std::uint64_t limit, const BatchPosition& first, std::uint64_t max_bytes, Offset upper_bound,
                       ReadMode mode);
  // Makes sure the indexes can be used, making them again if need be.
  Result<> prepare_index(const File& file, std::uint64_t limit, bool sealed, ReadMode mode);
  Result<> rebuild_index(const File& file, std::uint64_t limit);

  // Checks the batch at the scanner's position, checksum included, and moves behind it; nothing when it is damaged,
  // which is noted.
  Result<std::optional<BatchFrame>> verify_next(const File& file, std::uint64_t limit, BatchScanner& scanner, Offset expected);
  // The same without the checksum.
  Result<std::optional<BatchFrame>> next_frame(const File& file, std::uint64_t limit, BatchScanner& scanner, Offset expected);
  // The offset behind every damage that ends at or before the position.
  Offset damage_end(std::uint64_t position) const;

  void add_damage(Damage damage);
  void forget_damage_from(std::uint64_t position);
  std::vector<Damage> damage() const;
  int rebuilds() const;

  // How sparse a rebuilt index is.
  static constexpr std::int32_t kRebuildInterval = 4096;

 private:
  // What to do about a place where no batch begins.
  Result<Damage> damage_at(const File& file, std::uint64_t position, std::uint64_t limit, Offset expected, ReadMode mode);
  std::optional<Damage> damage_beginning_at(std::uint64_t position) const;
  // The batch at the scanner's position; nothing when damage is there, which the scanner has then left behind.
  Result<std::optional<BatchFrame>> next_frame_here(const File& file, std::uint64_t limit, BatchScanner& scanner, Offset expected,
                                                    ReadMode mode);
  std::uint64_t first_damage_behind(std::uint64_t position) const;

  LogDirectory& directory_;
  mutable std::mutex mutex_;
  std::vector<Damage> damage_;  // by position
  int rebuilds_ = 0;
};

}  // namespace barnabas::storage
