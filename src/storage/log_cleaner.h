#pragma once
// Compaction in the background, for topics whose cleanup.policy has "compact": of each key only the latest record stays.
// Each log directory works on one log at a time, the one with the largest dirty share first, in steps on its own queue;
// what a step is (compaction_pass.h) and how its outcome takes its place (log_swap.h) is said there.
//
// Idle it looks, every backoff, at two numbers of each compacted log; memory is taken while a pass runs and given back.
// A log that cannot be compacted (damage, a transaction at once) is left alone until that changes, and said so once.
//
// A crash takes the group that was being written; the checkpoint is written when a pass is done.
// Threads: any. Lifetime as LogManager's: stop the executor and the queues first.
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/executor.h"
#include "base/random.h"
#include "storage/compaction_pass.h"
#include "storage/log.h"
#include "storage/log_directory.h"

namespace barnabas::storage {

struct CleanerOptions {  // log.cleaner.*
  bool enabled = true;
  int threads = 1;                              // directories that compact at the same time
  std::size_t dedupe_buffer_bytes = 128 << 20;  // over all of them
  double load_factor = 0.9;
  double bytes_per_second_max = 1e300;  // read and written, over all of them
  std::int64_t backoff_ms = 15'000;
};

// What it has done since the start, and what it saw at its latest look.
struct CleanerReport {
  bool enabled = true;
  std::uint64_t passes = 0;  // that came to their end
  std::uint64_t failed_passes = 0;
  std::uint64_t bytes_read = 0;
  std::uint64_t bytes_written = 0;
  std::int64_t looked_ms = 0;   // wall clock; the start, before the first look
  double dirty_ratio_max = 0;   // of the logs that may be compacted
  std::size_t uncleanable = 0;  // logs that are left alone
};

class LogCleaner {
 public:
  struct Deps {
    Clock& clock;
    Executor& executor;
    Random& random;
    std::function<std::vector<std::shared_ptr<Log>>()> logs;
  };
  LogCleaner(Deps deps, CleanerOptions options, std::vector<LogDirectory*> directories);
  ~LogCleaner();

  // How far a pass may go: the high watermark. Without one, nothing is compacted.
  void set_bound(std::function<Offset(const Log&)> bound);
  // From the next look on.
  void set_options(const CleanerOptions& options);
  void start();
  void stop();

  CleanerReport report() const;

  // Everything that is due now, without pauses: for tests and tools. Waits.
  void clean_now();

 private:
  struct Worker {
    LogDirectory* directory = nullptr;
    std::unique_ptr<CompactionPass> pass;
    TimerId timer = TimerId::kNone;
    MonoTime rested_until;       // of the byte rate
    bool counted = false;        // among running_
    double dirty_ratio_max = 0;  // at the latest look
    std::size_t uncleanable = 0;
  };
  struct Excuse {  // a log is left alone until another begins under its name or its first dirty offset moves
    TopicId topic;
    Offset first_dirty;
  };

  void wait(Worker& worker, std::int64_t after_ms);
  void work_on_queue(Worker& worker);
  // One step; true: there may be more to do at once.
  bool work(Worker& worker);
  void count(const CompactionPass& pass, std::uint64_t read_before, std::uint64_t written_before);
  std::unique_ptr<CompactionPass> choose(Worker& worker);
  bool take_turn(Worker& worker);
  void give_turn_back(Worker& worker);
  void finish(Worker& worker, const PassResult& result);
  void give_up(Worker& worker, const Error& error);
  bool excused(const Log& log, const Compactable& work);
  void excuse(const Log& log, Offset first_dirty);
  bool is_stopped() const;

  const Deps deps_;
  std::vector<Worker> workers_;

  mutable std::mutex mutex_;
  CleanerOptions options_;
  std::function<Offset(const Log&)> bound_;
  std::map<std::string, Excuse> excuses_;
  int running_ = 0;
  CleanerReport done_;  // without what workers_ saw
  bool stopped_ = true;
};

}  // namespace barnabas::storage
