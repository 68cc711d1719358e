#pragma once
// One pass of compaction over one log, in steps of bounded size, so that a disk queue does other work in between.
//
//   0 ── clean ── first dirty ────── dirty ────── end ── not yet ── log end
//                 \_ 1. keys and their latest offsets _/
//   \_ 2. each group of segments is written again as one, without what was superseded, and swapped in _/
//
// A pass ends early, and moves "first dirty" only so far, at keys that do not fit the map (the next pass goes on there)
// and at a batch of a transaction: whether its records count is known by its marker and not before, and dropping one
// that was aborted needs an index that is not kept yet. Nothing is ever removed above such a batch.
//
// A crash takes the work of the current group. Threads: one at a time, on the directory's queue. Every step waits.
#include <memory>
#include <optional>
#include <vector>

#include "base/random.h"
#include "storage/batch_compaction.h"
#include "storage/batch_scanner.h"
#include "storage/log.h"

namespace barnabas::storage {

struct PassLimits {
  std::size_t map_bytes_max = 128 << 20;
  double map_load_factor = 0.9;
};

struct PassResult {
  Offset compacted_to;  // where the next pass begins
  std::uint64_t bytes_before = 0;
  std::uint64_t bytes_after = 0;
  int segments_before = 0;
  int segments_after = 0;
  bool at_transaction = false;  // it ended at a transaction's batch
};

class CompactionPass {
 public:
  CompactionPass(std::shared_ptr<Log> log, const Compactable& work, const PassLimits& limits, Random& random);
  ~CompactionPass();

  // Goes on for about `bytes` read and written. The result once there is nothing left to do.
  //   kCorrupt, kTooLarge, kUnsupported: what is in the log cannot be compacted, trying again will not help.
  //   kFenced, kClosed: the log changed under it or is going. kNoSpace, kIo: the disk's affair.
  // After an error the pass is over; whole groups that were swapped in stay.
  Result<std::optional<PassResult>> step(std::uint64_t bytes);

  Log& log() const { return *log_; }
  const Compactable& work() const { return work_; }
  // Since the pass began.
  std::uint64_t bytes_read() const { return bytes_read_; }
  std::uint64_t bytes_written() const { return bytes_written_; }
  std::uint64_t bytes_moved() const { return bytes_read_ + bytes_written_; }

 private:
  struct Group {
    std::vector<SealedSegment> sources;
    std::shared_ptr<Segment> made;
    std::shared_ptr<File> file;
    Bytes buffer;  // not written yet
    Bytes last_dropped_header;
    std::uint64_t written = 0;
    std::uint64_t unsynced = 0;
    bool changed = false;
  };
  enum class Phase { kBegin, kMap, kFilter, kDone };

  Result<> begin();
  Result<> map_step();
  Result<bool> map_batch(const BatchFrame& frame, ByteView batch);
  Result<> begin_filter();
  void form_groups();
  Result<> filter_step();
  Result<> filter_batch(const BatchFrame& frame, ByteView batch);
  Result<> emit(ByteView batch);
  Result<> write_out();
  Result<> finish_group();
  // The batch under the scanner, checked; opens the scanner on the source if there is none.
  Result<ByteView> next_batch(const SealedSegment& source, BatchFrame& frame);

  const std::shared_ptr<Log> log_;
  const Compactable work_;
  const PassLimits limits_;
  Random& random_;
  const LogConfig config_;
  const std::int64_t now_ms_;

  Phase phase_ = Phase::kBegin;
  std::vector<SealedSegment> sources_;
  std::size_t source_ = 0;  // of sources_, then of the group's
  std::optional<BatchScanner> scanner_;
  std::optional<OffsetMap> map_;
  Offset mapped_end_;
  std::vector<Group> groups_;
  std::size_t group_ = 0;
  CompressionContext context_;
  Bytes large_;
  Bytes rewritten_;
  std::uint64_t bytes_read_ = 0;
  std::uint64_t bytes_written_ = 0;
  PassResult result_;
};

}  // namespace barnabas::storage
