#pragma once
// What happens when a log is opened.
//
//   marker of a clean shutdown fits    nothing is scanned
//   else                               every batch above the recovery point is read, checksum included, but for those that
//                                      the kernel was given and has kept: the process was killed, not the machine
//
//   bad bytes with nothing valid behind           torn tail: cut (S1, S2)
//   bad bytes below the recovery point            damage: kept, reported, read as kCorrupt; what follows is served (S8-S10)
//   bad bytes above it, valid batches behind      an unsynced hole of a power cut: cut there, nothing above was promised
//   recovery point unknown                        nothing valid is ever cut
//
// A compaction that was interrupted is finished or undone first (log_swap.h).
// Indexes, epochs and producer state are checked and made again from the log as far as needed (S5, S6, E6, I10).
//
// Threads: the opening one; the log is not shared yet. Waits.
#include <vector>

#include "storage/log.h"

namespace barnabas::storage {

class BatchScanner;

class LogRecovery {
 public:
  LogRecovery(Log& log, const RecoveryFacts& facts);
  Result<> run();

 private:
  Result<> take_stock();
  Result<std::vector<std::string>> file_names();
  Result<> tidy(const std::vector<std::string>& names);
  Result<> load_metadata();
  Result<> load_segments(const std::vector<Offset>& bases);
  Result<> drop_below_start();
  Result<bool> try_clean();
  Result<> scan();
  // Scans one segment from the recovery point; false: the log ends here, later segments go.
  Result<bool> scan_segment(std::size_t index);
  Result<std::uint64_t> trusted_position(Segment& segment, const File& file, bool sealed);
  Result<bool> bad_bytes(std::size_t index, BatchScanner& scanner, Offset expected);
  Result<> cut(Segment& segment, std::uint64_t position);
  Result<> drop_later(std::size_t index);
  Result<> keep_tail_and_go_on_at(Segment& segment, std::uint64_t position, Offset from, Offset to);
  Result<> finish_segments();
  Result<> load_epochs();
  Result<> make_durable();
  Result<> leave_unsynced();

  Disk& disk() const { return log_.directory_.disk(); }
  // Batches below were read before, or need not be.
  std::optional<Offset> scan_from() const {
    return facts_.recovery_point ? std::optional(std::max(*facts_.recovery_point, facts_.kernel_end)) : std::nullopt;
  }
  bool below_recovery_point(Offset offset) const { return !facts_.recovery_point || offset < *facts_.recovery_point; }

  Log& log_;
  const RecoveryFacts facts_;
  std::vector<std::uint64_t> file_bytes_;  // of each segment's file
  std::vector<std::shared_ptr<Segment>> scanned_;
  std::vector<EpochStart> seen_epochs_;
  Offset end_;
  Offset start_;
  bool names_changed_ = false;
  bool changed_ = false;
};

}  // namespace barnabas::storage
