#include "storage/log_directory.h"

#include <utility>

#include "base/check.h"
#include "base/log.h"
#include "storage/kernel_ends.h"
#include "storage/log.h"
#include "storage/offset_checkpoint.h"

namespace barnabas::storage {

LogDirectory::LogDirectory(LogDirectoryDeps deps, Path path, std::size_t open_files_max)
    : deps_(deps), path_(std::move(path)), files_(deps.disk, open_files_max) {}

LogDirectory::~LogDirectory() { CHECK(logs_.empty()); }

void LogDirectory::fail(const Error& error) {
  std::move_only_function<void(const Error&)> handler;
  {
    const std::scoped_lock lock(mutex_);
    if (failure_) return;
    failure_ = error;
    failed_.store(true, std::memory_order_release);
    handler = std::move(failure_handler_);
  }
  log::error("log directory failed, its partitions are offline", {{"directory", path_.native()}, {"error", error.message}});
  if (handler) handler(error);
}

std::optional<Error> LogDirectory::failure() const {
  if (!failed()) return std::nullopt;
  const std::scoped_lock lock(mutex_);
  return failure_;
}

void LogDirectory::on_failure(std::move_only_function<void(const Error&)> handler) {
  const std::scoped_lock lock(mutex_);
  failure_handler_ = std::move(handler);
}

void LogDirectory::enter(Log& log) {
  const std::scoped_lock lock(mutex_);
  logs_[log.name()] = &log;
}

void LogDirectory::leave(Log& log) {
  const std::scoped_lock lock(mutex_);
  if (const auto found = logs_.find(log.name()); found != logs_.end() && found->second == &log) logs_.erase(found);
}

Result<> LogDirectory::settle_names() {
  const std::scoped_lock lock(settle_mutex_);
  if (settled_) return {};
  TRY(disk().sync_directory(path_));
  settled_ = true;
  return {};
}

void LogDirectory::keep_lines(const std::string& name, std::optional<Offset> recovery_point, Offset log_start) {
  const std::scoped_lock lock(mutex_);
  if (recovery_point) kept_recovery_points_[name] = *recovery_point;
  if (log_start > Offset(0)) kept_log_starts_[name] = log_start;
}

Result<> LogDirectory::save_recovery_points() {
  const std::scoped_lock one_writer(recovery_point_file_mutex_);
  OffsetsByLog points;
  {
    const std::scoped_lock lock(mutex_);
    if (failure_) return std::unexpected(*failure_);
    points = kept_recovery_points_;
    for (const auto& [name, log] : logs_) points[name] = log->durable_end();
  }
  if (saved_recovery_points_ == points) return {};
  TRY(write_offset_checkpoint(disk(), path_ / kRecoveryPointFile, points));
  saved_recovery_points_ = std::move(points);
  return {};
}

Result<> LogDirectory::save_log_starts() {
  const std::scoped_lock one_writer(log_start_file_mutex_);
  OffsetsByLog starts;
  {
    const std::scoped_lock lock(mutex_);
    if (failure_) return std::unexpected(*failure_);
    starts = kept_log_starts_;
    for (const auto& [name, log] : logs_) {
      if (log->log_start() > Offset(0)) starts[name] = log->log_start();
    }
  }
  if (saved_log_starts_ == starts) return {};
  TRY(write_offset_checkpoint(disk(), path_ / kLogStartFile, starts));
  saved_log_starts_ = std::move(starts);
  return {};
}

Result<> LogDirectory::save_compacted() {
  const std::scoped_lock one_writer(compacted_file_mutex_);
  OffsetsByLog offsets;
  {
    const std::scoped_lock lock(mutex_);
    if (failure_) return std::unexpected(*failure_);
    for (const auto& [name, log] : logs_) {
      if (log->compacted_to() > Offset(0)) offsets[name] = log->compacted_to();
    }
  }
  if (saved_compacted_ == offsets) return {};
  if (!saved_compacted_ && offsets.empty()) {
    TRY_ASSIGN(const bool there, disk().exists(path_ / kCompactedFile));
    if (!there) return {};  // nothing was ever compacted here
  }
  TRY(write_offset_checkpoint(disk(), path_ / kCompactedFile, offsets));
  saved_compacted_ = std::move(offsets);
  return {};
}

Result<> LogDirectory::save_kernel_ends(std::map<std::string, Offset> ends) {
  const std::scoped_lock one_writer(kernel_ends_file_mutex_);
  if (saved_kernel_ends_ == ends) return {};
  TRY(write_kernel_ends(disk(), path_, ends));
  saved_kernel_ends_ = std::move(ends);
  return {};
}

void LogDirectory::request_save_log_starts(DiskQueue::Done done) {
  const std::scoped_lock lock(mutex_);
  log_start_waiters_.push_back(std::move(done));
  if (log_start_save_queued_) return;
  log_start_save_queued_ = true;
  queue().run([this] { run_log_start_save(); });
}

void LogDirectory::run_log_start_save() {
  std::vector<DiskQueue::Done> waiting;
  {
    const std::scoped_lock lock(mutex_);
    waiting = std::exchange(log_start_waiters_, {});
    log_start_save_queued_ = false;
  }
  const Result<> saved = save_log_starts();
  for (DiskQueue::Done& done : waiting) done(saved);
}

}  // namespace barnabas::storage
