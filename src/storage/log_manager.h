#pragma once
// All logs of this broker, over its log directories. Keeps, at the top of each directory,
//
//   .lock              held while we run (PROC11)          clean-shutdown   how each log ended, S7
//   meta.properties    cluster, node and directory id      checkpoints      log_directory.h
//
// and works in the background: checkpoints every second, so that a start after kill -9 has little to read; retention;
// flush.ms and flush.messages; index entries and producer snapshots that an idle log would leave in memory; compaction
// (log_cleaner.h).
//
// A kill at any moment loses nothing but what was not synced; the clean-shutdown file is gone before the first append.
//
// Threads: any. Lifetime: it outlives nothing it was given; stop the executor first, then the queues, then destroy it.
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "storage/clean_shutdown.h"
#include "storage/log.h"
#include "storage/log_cleaner.h"
#include "storage/log_directory.h"
#include "storage/meta_properties.h"

namespace barnabas::storage {

struct LogManagerOptions {
  std::vector<Path> directories;
  std::string cluster_id;  // empty: what the directories say, or a new one
  BrokerId node_id = 0;
  std::size_t open_files_max = 4096;  // sealed segments and indexes, for each directory
  std::int64_t checkpoint_interval_ms = 1'000;
  std::int64_t maintenance_interval_ms = 5'000;
  std::int64_t retention_check_interval_ms = 300'000;
  std::int64_t producer_expiration_check_interval_ms = 600'000;
  CleanerOptions cleaner{};
};

struct LogManagerDeps {
  Disk& disk;
  Clock& clock;
  Executor& executor;
  Random& random;
  std::vector<DiskQueue*> queues;  // one for each directory
};

struct LoadReport {
  struct Failed {
    std::string folder;
    Error error;
  };
  std::size_t logs = 0;
  std::size_t clean = 0;
  std::uint64_t scanned_bytes = 0;
  std::uint64_t cut_bytes = 0;
  std::vector<Damage> damage;
  std::vector<Failed> failed;  // partitions that stay offline; the others are served
};

class LogManager {
 public:
  // Makes the directories if need be, locks them, reads or writes meta.properties. Waits. kBusy: another broker runs
  // on a directory. kInvalidArgument: it belongs to another cluster or node.
  static Result<std::unique_ptr<LogManager>> open(LogManagerDeps deps, LogManagerOptions options);
  ~LogManager();

  const std::string& cluster_id() const { return options_.cluster_id; }
  std::vector<Uuid> directory_ids() const;
  LogDirectory& directory(std::size_t index) { return *directories_[index].files; }
  std::size_t directory_count() const { return directories_.size(); }

  // Opens every partition folder, in parallel on the queues. done is called once, on one of them.
  void load(std::function<LogConfig(const std::string& topic)> config_of, std::move_only_function<void(LoadReport)> done);

  // kAlreadyExists when the log is there. Does not wait.
  Result<std::shared_ptr<Log>> create(const std::string& topic, const TopicPartition& partition, const LogConfig& config);
  std::shared_ptr<Log> find(const TopicPartition& partition) const;
  std::vector<std::shared_ptr<Log>> all() const;
  // The folder is renamed at once, its files go after file.delete.delay.ms.
  Result<> remove(const TopicPartition& partition);
  // The same without the deletion: for folders the metadata does not know, which may be all that is left of somebody's data.
  Result<> set_aside(const TopicPartition& partition);

  // How far retention and compaction may go: the high watermark. Without one, nothing is deleted.
  void set_retention_bound(std::function<Offset(const Log&)> bound);
  void start_background();
  LogCleaner& cleaner() { return *cleaner_; }
  // One round of the background's work, now. Waits.
  void checkpoint_now();
  void maintain_now();
  void retain_now();
  void expire_producers_now();

  // Closes every log and writes the clean-shutdown file. Waits. Logs that fail are left for recovery.
  Result<> close();

 private:
  struct Directory {
    std::unique_ptr<LogDirectory> files;
    std::unique_ptr<DirectoryLock> lock;
    MetaProperties meta;
  };
  struct Loading;

  LogManager(LogManagerDeps deps, LogManagerOptions options);
  Result<std::shared_ptr<Log>> take(const TopicPartition& partition);
  void make_cleaner();
  Result<> open_directory(const Path& path, DiskQueue& queue);
  void load_directory(LogDirectory& directory, const std::shared_ptr<Loading>& loading);
  void load_one(LogDirectory& directory, const std::string& folder, const RecoveryFacts& facts, const std::shared_ptr<Loading>& loading);
  LogDirectory& least_used_directory();
  void schedule(std::size_t slot, std::int64_t after_ms, void (LogManager::*work)());  // under mutex_
  bool wall_clock_jumped();

  const LogManagerDeps deps_;
  LogManagerOptions options_;
  std::vector<Directory> directories_;
  std::unique_ptr<LogCleaner> cleaner_;

  mutable std::mutex mutex_;
  std::unordered_map<TopicPartition, std::shared_ptr<Log>> logs_;
  std::function<Offset(const Log&)> retention_bound_;
  std::vector<TimerId> timers_;
  bool closed_ = false;
  MonoTime last_mono_;
  std::int64_t last_wall_ms_ = 0;
};

}  // namespace barnabas::storage
