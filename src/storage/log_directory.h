#pragma once
// One log directory (one disk): what its logs share. Files at its top, in Kafka's formats:
//
//   recovery-point-offset-checkpoint   below this offset a log was synced
//   log-start-offset-checkpoint        below this offset nothing is served any more
//   cleaner-offset-checkpoint          below this offset compaction has been; losing it costs a longer pass
//   meta.properties, .lock             log_manager.h
//   clean-shutdown                     ours: how each log ended (docs/formats/clean-shutdown.md)
//   kernel-ends                        ours: how far each log was given to the kernel (docs/formats/kernel-ends.md)
//
// A failed sync or an I/O error marks the directory failed for good: its logs go offline, others go on (S14, E19).
//
// Threads: any. It must outlive its logs.
#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/disk.h"
#include "base/executor.h"
#include "base/metrics.h"
#include "base/random.h"
#include "model/types.h"
#include "storage/open_files.h"

namespace barnabas::storage {

class Log;

// How a log ended: enough to see that the files are those that were closed.
struct CleanEnd {
  Offset log_end;
  Offset active_base;
  std::uint64_t active_bytes = 0;
  std::uint64_t last_batch_position = 0;  // of the active segment; meaningless when it is empty
  std::uint32_t last_batch_crc = 0;
};

// Counted on the disk's threads.
struct SyncMetrics {
  metrics::LatencyCounter seconds;    // from handing a sync to the queue until it is done
  metrics::CountCounter group_sizes;  // who waited for one: 0 for the background's
  metrics::Counter failed;
};

struct LogDirectoryDeps {
  Disk& disk;
  DiskQueue& queue;
  Clock& clock;
  Executor& executor;  // timers of deferred deletions
  Random& random;
};

class LogDirectory {
 public:
  static constexpr const char* kRecoveryPointFile = "recovery-point-offset-checkpoint";
  static constexpr const char* kLogStartFile = "log-start-offset-checkpoint";
  static constexpr const char* kCompactedFile = "cleaner-offset-checkpoint";

  LogDirectory(LogDirectoryDeps deps, Path path, std::size_t open_files_max = 1024);
  ~LogDirectory();

  const Path& path() const { return path_; }
  Disk& disk() const { return deps_.disk; }
  DiskQueue& queue() const { return deps_.queue; }
  Clock& clock() const { return deps_.clock; }
  Executor& executor() const { return deps_.executor; }
  Random& random() const { return deps_.random; }
  OpenFiles& files() { return files_; }
  SyncMetrics& syncs() { return syncs_; }

  // The first failure wins and is passed to the handler, once, on the thread that met it.
  void fail(const Error& error);
  bool failed() const { return failed_.load(std::memory_order_acquire); }
  std::optional<Error> failure() const;
  void on_failure(std::move_only_function<void(const Error&)> handler);

  // Logs enter when they are opened and leave when they are closed or removed; checkpoints are made of them.
  void enter(Log& log);
  void leave(Log& log);

  // Makes the names that an earlier life left in the directory durable, once; a kill may have come before their sync.
  Result<> settle_names();

  // A log that could not be opened keeps its lines in the checkpoints for the next start.
  void keep_lines(const std::string& name, std::optional<Offset> recovery_point, Offset log_start);

  // Writes the checkpoint file durably. They wait. The second form is for the queue: requests that meet share one write.
  Result<> save_recovery_points();
  Result<> save_log_starts();
  Result<> save_compacted();
  // Writes how far the kernel has logs that are ahead of their recovery points. Does not wait for the disk. They are asked
  // by the caller: a log's lock may be held by who wants this directory's.
  Result<> save_kernel_ends(std::map<std::string, Offset> ends);
  void request_save_log_starts(DiskQueue::Done done);

 private:
  void run_log_start_save();

  const LogDirectoryDeps deps_;
  const Path path_;
  OpenFiles files_;
  SyncMetrics syncs_;
  std::atomic<bool> failed_{false};
  mutable std::mutex mutex_;
  std::optional<Error> failure_;
  std::move_only_function<void(const Error&)> failure_handler_;
  std::map<std::string, Log*> logs_;
  std::map<std::string, Offset> kept_recovery_points_;
  std::map<std::string, Offset> kept_log_starts_;
  std::mutex settle_mutex_;
  bool settled_ = false;
  std::mutex recovery_point_file_mutex_;
  std::mutex log_start_file_mutex_;
  std::mutex compacted_file_mutex_;
  std::mutex kernel_ends_file_mutex_;
  std::vector<DiskQueue::Done> log_start_waiters_;
  bool log_start_save_queued_ = false;
  std::optional<std::map<std::string, Offset>> saved_recovery_points_;  // under the file's mutex
  std::optional<std::map<std::string, Offset>> saved_log_starts_;
  std::optional<std::map<std::string, Offset>> saved_compacted_;
  std::map<std::string, Offset> saved_kernel_ends_;
};

}  // namespace barnabas::storage
