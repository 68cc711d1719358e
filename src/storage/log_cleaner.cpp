#include "storage/log_cleaner.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/log.h"

namespace barnabas::storage {
namespace {

constexpr std::uint64_t kStepBytes = 1 << 20;  // a few milliseconds: a sync that comes meanwhile waits no longer
constexpr std::int64_t kBackoffMinMs = 10;     // log.cleaner.backoff.ms=0 must not mean a busy loop

}  // namespace

LogCleaner::LogCleaner(Deps deps, CleanerOptions options, std::vector<LogDirectory*> directories)
    : deps_(std::move(deps)), options_(options), done_{.looked_ms = deps_.clock.wall_ms()} {
  for (LogDirectory* directory : directories) workers_.emplace_back().directory = directory;
}

LogCleaner::~LogCleaner() { stop(); }

void LogCleaner::set_bound(std::function<Offset(const Log&)> bound) {
  const std::scoped_lock lock(mutex_);
  bound_ = std::move(bound);
}

void LogCleaner::set_options(const CleanerOptions& options) {
  const std::scoped_lock lock(mutex_);
  options_ = options;
}

void LogCleaner::start() {
  std::int64_t backoff_ms = 0;
  {
    const std::scoped_lock lock(mutex_);
    if (!std::exchange(stopped_, false)) return;
    backoff_ms = options_.backoff_ms;
  }
  for (Worker& worker : workers_) wait(worker, backoff_ms);
}

void LogCleaner::stop() {
  const std::scoped_lock lock(mutex_);
  if (std::exchange(stopped_, true)) return;
  for (Worker& worker : workers_) deps_.executor.cancel(worker.timer);
}

CleanerReport LogCleaner::report() const {
  const std::scoped_lock lock(mutex_);
  CleanerReport all = done_;
  all.enabled = options_.enabled;
  for (const Worker& worker : workers_) {
    all.dirty_ratio_max = std::max(all.dirty_ratio_max, worker.dirty_ratio_max);
    all.uncleanable += worker.uncleanable;
  }
  return all;
}

bool LogCleaner::is_stopped() const {
  const std::scoped_lock lock(mutex_);
  return stopped_;
}

// ---- time ---------------------------------------------------------------------------------------------------------

void LogCleaner::wait(Worker& worker, std::int64_t after_ms) {
  const std::scoped_lock lock(mutex_);
  if (stopped_) return;
  worker.timer =
      deps_.executor.post_at(deps_.clock.mono() + std::chrono::milliseconds(after_ms), [this, &worker] { work_on_queue(worker); });
}

void LogCleaner::work_on_queue(Worker& worker) {
  worker.directory->queue().run([this, &worker] {
    if (is_stopped()) return;
    const bool more = work(worker);
    std::int64_t pause_ms = 0;
    if (more) {
      pause_ms = std::max<std::int64_t>(0, (worker.rested_until - deps_.clock.mono()).count() / 1'000'000);
    } else {
      const std::scoped_lock lock(mutex_);
      pause_ms = std::max(options_.backoff_ms, kBackoffMinMs);
    }
    if (pause_ms > 0) return wait(worker, pause_ms);
    if (!is_stopped()) work_on_queue(worker);  // behind what others have asked of this disk meanwhile
  });
}

bool LogCleaner::take_turn(Worker& worker) {
  const std::scoped_lock lock(mutex_);
  if (worker.counted) return true;
  if (!options_.enabled || running_ >= options_.threads) return false;
  ++running_;
  worker.counted = true;
  return true;
}

void LogCleaner::give_turn_back(Worker& worker) {
  const std::scoped_lock lock(mutex_);
  if (std::exchange(worker.counted, false)) --running_;
}

// ---- work ---------------------------------------------------------------------------------------------------------

bool LogCleaner::work(Worker& worker) {
  if (!take_turn(worker)) return false;
  if (worker.pass == nullptr) worker.pass = choose(worker);
  if (worker.pass == nullptr) {
    give_turn_back(worker);
    return false;
  }
  double rate = 0;
  {
    const std::scoped_lock lock(mutex_);
    rate = std::max(options_.bytes_per_second_max / std::max(1, options_.threads), 1.0);
  }
  const std::uint64_t read_before = worker.pass->bytes_read(), written_before = worker.pass->bytes_written();
  const auto step_bytes = static_cast<std::uint64_t>(std::clamp(rate, 1.0, static_cast<double>(kStepBytes)));
  const auto outcome = worker.pass->step(step_bytes);
  count(*worker.pass, read_before, written_before);
  const double seconds = static_cast<double>(worker.pass->bytes_moved() - read_before - written_before) / rate;
  const MonoTime now = deps_.clock.mono();
  worker.rested_until = now + std::chrono::nanoseconds(static_cast<std::int64_t>(std::min(seconds, 60.0) * 1e9));
  if (outcome && !*outcome) return true;
  if (outcome) {
    finish(worker, **outcome);
  } else {
    give_up(worker, outcome.error());
  }
  worker.pass.reset();
  return outcome.has_value();
}

void LogCleaner::count(const CompactionPass& pass, std::uint64_t read_before, std::uint64_t written_before) {
  const std::scoped_lock lock(mutex_);
  done_.bytes_read += pass.bytes_read() - read_before;
  done_.bytes_written += pass.bytes_written() - written_before;
}

// The log with the largest dirty share, as Kafka: then every pass frees the most it can.
std::unique_ptr<CompactionPass> LogCleaner::choose(Worker& worker) {
  std::function<Offset(const Log&)> bound;
  PassLimits limits;
  {
    const std::scoped_lock lock(mutex_);
    bound = bound_;
    limits.map_bytes_max = options_.dedupe_buffer_bytes / static_cast<std::size_t>(std::max(1, options_.threads));
    limits.map_load_factor = options_.load_factor;
  }
  if (!bound || worker.directory->failed()) return nullptr;
  std::shared_ptr<Log> best;
  std::optional<Compactable> best_work;
  double dirtiest = 0;
  std::size_t uncleanable = 0;
  for (const std::shared_ptr<Log>& log : deps_.logs()) {
    if (&log->directory() != worker.directory || !log->config().compact) continue;
    const auto found = log->compactable(bound(*log));
    if (!found) {
      log::warn("compaction cannot look at a log", {{"partition", log->name()}, {"error", found.error().message}});
      continue;
    }
    if (!*found) continue;
    if (excused(*log, **found)) {
      ++uncleanable;
      continue;
    }
    const Compactable& work = **found;
    dirtiest = std::max(dirtiest, work.ratio());
    if (!work.overdue && work.ratio() <= log->config().min_cleanable_ratio) continue;
    if (best_work && best_work->ratio() >= work.ratio()) continue;
    best = log;
    best_work = work;
  }
  {
    const std::scoped_lock lock(mutex_);
    worker.dirty_ratio_max = dirtiest;
    worker.uncleanable = uncleanable;
    done_.looked_ms = deps_.clock.wall_ms();
  }
  if (best == nullptr) return nullptr;
  return std::make_unique<CompactionPass>(std::move(best), *best_work, limits, deps_.random);
}

void LogCleaner::finish(Worker& worker, const PassResult& result) {
  give_turn_back(worker);
  Log& log = worker.pass->log();
  const Compactable& work = worker.pass->work();
  {
    const std::scoped_lock lock(mutex_);
    ++done_.passes;
  }
  if (result.at_transaction && result.compacted_to <= work.first_dirty) {
    log::warn("compaction stops at a transaction", {{"partition", log.name()}, {"offset", work.first_dirty.value()}});
    excuse(log, work.first_dirty);
    return;
  }
  log.set_compacted_to(result.compacted_to);
  const Result<> saved = worker.directory->save_compacted();
  if (!saved) log::warn("compaction's checkpoint not saved", {{"error", saved.error().message}});
  log::info("log compacted", {{"partition", log.name()},
                              {"from", work.first_dirty.value()},
                              {"to", result.compacted_to.value()},
                              {"bytes_before", result.bytes_before},
                              {"bytes_after", result.bytes_after},
                              {"segments_before", result.segments_before},
                              {"segments_after", result.segments_after}});
}

void LogCleaner::give_up(Worker& worker, const Error& error) {
  give_turn_back(worker);
  const Log& log = worker.pass->log();
  if (error.code == Errc::kFenced || error.code == Errc::kClosed || error.code == Errc::kBusy) return;  // it changed or goes
  {
    const std::scoped_lock lock(mutex_);
    ++done_.failed_passes;
  }
  log::error("log cannot be compacted", {{"partition", log.name()}, {"error", error.message}});
  const bool for_good = error.code == Errc::kCorrupt || error.code == Errc::kTooLarge || error.code == Errc::kUnsupported;
  if (for_good) excuse(log, worker.pass->work().first_dirty);
}

// ---- logs that are left alone ---------------------------------------------------------------------------------------

bool LogCleaner::excused(const Log& log, const Compactable& work) {
  const std::scoped_lock lock(mutex_);
  const auto found = excuses_.find(log.name());
  if (found == excuses_.end()) return false;
  if (found->second.topic == log.topic_id() && found->second.first_dirty == work.first_dirty) return true;
  excuses_.erase(found);
  return false;
}

void LogCleaner::excuse(const Log& log, Offset first_dirty) {
  const std::scoped_lock lock(mutex_);
  excuses_[log.name()] = {log.topic_id(), first_dirty};
}

void LogCleaner::clean_now() {
  for (Worker& worker : workers_) {
    while (work(worker)) {}
  }
}

}  // namespace barnabas::storage
