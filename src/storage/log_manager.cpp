#include "storage/log_manager.h"

#include <algorithm>
#include <atomic>
#include <utility>

#include "base/check.h"
#include "base/log.h"
#include "storage/kernel_ends.h"
#include "storage/offset_checkpoint.h"

namespace barnabas::storage {

// A load that is under way: folders still to be opened, and what was found so far.
struct LogManager::Loading {
  std::function<LogConfig(const std::string&)> config_of;
  std::move_only_function<void(LoadReport)> done;
  std::mutex mutex;
  LoadReport report;
  std::size_t left = 0;

  void start(std::size_t more) {
    const std::scoped_lock lock(mutex);
    left += more;
  }
  void finish_one() {
    {
      const std::scoped_lock lock(mutex);
      if (--left > 0) return;
    }
    done(std::move(report));
  }
  void add_failure(std::string folder, Error error) {
    log::error("partition cannot be opened and stays offline", {{"folder", folder}, {"error", error.message}});
    const std::scoped_lock lock(mutex);
    report.failed.push_back({std::move(folder), std::move(error)});
  }
};

LogManager::LogManager(LogManagerDeps deps, LogManagerOptions options)
    : deps_(std::move(deps)), options_(std::move(options)), last_mono_(deps_.clock.mono()), last_wall_ms_(deps_.clock.wall_ms()) {}

LogManager::~LogManager() {
  cleaner_.reset();
  for (const TimerId timer : timers_) deps_.executor.cancel(timer);
  logs_.clear();
}

Result<std::unique_ptr<LogManager>> LogManager::open(LogManagerDeps deps, LogManagerOptions options) {
  if (options.directories.empty()) return fail(Errc::kInvalidArgument, "no log directory");
  CHECK(deps.queues.size() == options.directories.size());
  std::unique_ptr<LogManager> manager(new LogManager(std::move(deps), std::move(options)));
  for (std::size_t i = 0; i < manager->options_.directories.size(); ++i) {
    TRY(manager->open_directory(manager->options_.directories[i], *manager->deps_.queues[i]));
  }
  manager->make_cleaner();
  return manager;
}

void LogManager::make_cleaner() {
  std::vector<LogDirectory*> directories;
  for (const Directory& directory : directories_) directories.push_back(directory.files.get());
  LogCleaner::Deps parts{.clock = deps_.clock, .executor = deps_.executor, .random = deps_.random, .logs = [this] { return all(); }};
  cleaner_ = std::make_unique<LogCleaner>(std::move(parts), options_.cleaner, std::move(directories));
}

Result<> LogManager::open_directory(const Path& path, DiskQueue& queue) {
  Disk& disk = deps_.disk;
  TRY_ASSIGN(const bool existed, disk.exists(path));
  TRY(disk.make_directories(path));
  if (!existed && path.has_parent_path()) TRY(disk.sync_directory(path.parent_path()));
  auto lock = disk.lock(path / ".lock");
  if (!lock) return wrap(std::move(lock).error(), "log directory " + path.string());
  auto meta = read_meta_properties(disk, path);
  if (!meta && meta.error().code != Errc::kNotFound) return std::unexpected(meta.error());
  if (!meta) {
    if (options_.cluster_id.empty()) options_.cluster_id = Uuid::random(deps_.random).text();
    meta = MetaProperties{.cluster_id = options_.cluster_id, .node_id = options_.node_id, .directory_id = Uuid::random(deps_.random)};
    TRY(write_meta_properties(disk, path, *meta));
  }
  if (options_.cluster_id.empty()) options_.cluster_id = meta->cluster_id;
  if (meta->cluster_id != options_.cluster_id) {
    return fail(Errc::kInvalidArgument, path.string() + ": belongs to cluster " + meta->cluster_id + ", this is " + options_.cluster_id);
  }
  if (meta->node_id != options_.node_id) {
    return fail(Errc::kInvalidArgument, path.string() + ": belongs to node " + std::to_string(meta->node_id));
  }
  const LogDirectoryDeps parts{.disk = disk, .queue = queue, .clock = deps_.clock, .executor = deps_.executor, .random = deps_.random};
  directories_.push_back({std::make_unique<LogDirectory>(parts, path, options_.open_files_max), std::move(*lock), *meta});
  return {};
}

std::vector<Uuid> LogManager::directory_ids() const {
  std::vector<Uuid> ids;
  for (const Directory& directory : directories_) ids.push_back(directory.meta.directory_id);
  return ids;
}

// ---- loading ------------------------------------------------------------------------------------------------------

void LogManager::load(std::function<LogConfig(const std::string&)> config_of, std::move_only_function<void(LoadReport)> done) {
  auto loading = std::make_shared<Loading>();
  loading->config_of = std::move(config_of);
  loading->done = [this, finished = std::move(done)](LoadReport report) mutable {
    // From here on a missing checkpoint means that one was lost, not that there never was one.
    for (Directory& directory : directories_) {
      if (directory.files->failed()) continue;
      const Result<> saved = directory.files->save_recovery_points();
      if (!saved) log::error("recovery points not saved", {{"error", saved.error().message}});
    }
    finished(std::move(report));
  };
  loading->start(directories_.size());
  for (Directory& directory : directories_) {
    directory.files->queue().run([this, loading, files = directory.files.get()] {
      load_directory(*files, loading);
      loading->finish_one();
    });
  }
}

namespace {

// A checkpoint that cannot be read is as if nothing was known: everything is scanned, nothing is lost (S6).
std::optional<OffsetsByLog> checkpoint_of(LogDirectory& directory, const char* file) {
  auto offsets = read_offset_checkpoint(directory.disk(), directory.path() / file);
  if (offsets) return *std::move(offsets);
  if (offsets.error().code != Errc::kNotFound)
    log::error("checkpoint cannot be read", {{"file", file}, {"error", offsets.error().message}});
  return std::nullopt;
}

std::optional<Offset> line_of(const std::optional<OffsetsByLog>& offsets, const std::string& name) {
  if (!offsets) return std::nullopt;
  const auto found = offsets->find(name);
  return found == offsets->end() ? Offset(0) : found->second;
}

}  // namespace

void LogManager::load_directory(LogDirectory& directory, const std::shared_ptr<Loading>& loading) {
  const auto entries = directory.disk().list(directory.path());
  auto clean = take_clean_shutdown(directory.disk(), directory.path());
  if (!entries || !clean) {
    const Error& error = entries ? clean.error() : entries.error();
    loading->add_failure(directory.path().string(), error);
    directory.fail(error);
    return;
  }
  const auto points = checkpoint_of(directory, LogDirectory::kRecoveryPointFile);
  const auto starts = checkpoint_of(directory, LogDirectory::kLogStartFile);
  const auto kernel_ends = std::optional(read_kernel_ends(directory.disk(), directory.path()));
  const auto compacted = checkpoint_of(directory, LogDirectory::kCompactedFile);
  for (const DirectoryEntry& entry : *entries) {
    if (!entry.is_directory) continue;
    if (entry.name.ends_with("-delete")) {
      directory.queue().run([&disk = directory.disk(), path = directory.path() / entry.name] {
        const Result<> removed = disk.remove_all(path);
        if (!removed) log::warn("deleted partition stays", {{"folder", path.native()}, {"error", removed.error().message}});
      });
      continue;
    }
    if (!parse_log_name(entry.name)) continue;
    RecoveryFacts facts{.recovery_point = line_of(points, entry.name),
                        .kernel_end = line_of(kernel_ends, entry.name).value_or(Offset(0)),
                        .log_start = line_of(starts, entry.name).value_or(Offset(0)),
                        .clean_end = {},
                        .compacted_to = line_of(compacted, entry.name).value_or(Offset(0))};
    if (const auto found = clean->find(entry.name); found != clean->end()) facts.clean_end = found->second;
    loading->start(1);
    directory.queue().run([this, loading, facts, &directory, folder = entry.name] {
      load_one(directory, folder, facts, loading);
      loading->finish_one();
    });
  }
}

void LogManager::load_one(LogDirectory& directory, const std::string& folder, const RecoveryFacts& facts,
                          const std::shared_ptr<Loading>& loading) {
  auto opened = Log::open(directory, folder, loading->config_of(parse_log_name(folder)->topic), facts);
  if (!opened) {
    directory.keep_lines(folder, facts.recovery_point, facts.log_start);
    return loading->add_failure(folder, std::move(opened).error());
  }
  const std::shared_ptr<Log> log = *std::move(opened);
  if (log->topic_id().is_zero()) {
    if (log->log_end() == Offset(0)) {  // a creation that a power cut undid: nothing was promised
      const Result<> removed = log->remove();
      if (!removed) loading->add_failure(folder, removed.error());
      return;
    }
    directory.keep_lines(folder, facts.recovery_point, facts.log_start);
    return loading->add_failure(folder, {.code = Errc::kCorrupt, .message = folder + ": partition.metadata is missing or damaged"});
  }
  bool twice = false;
  {
    const std::scoped_lock lock(mutex_);
    twice = !logs_.emplace(TopicPartition{log->topic_id(), log->partition()}, log).second;
  }
  if (twice) return loading->add_failure(folder, {.code = Errc::kAlreadyExists, .message = folder + ": the partition is there twice"});
  const RecoveryReport& report = log->recovery_report();
  const std::scoped_lock lock(loading->mutex);
  ++loading->report.logs;
  loading->report.clean += report.clean ? 1 : 0;
  loading->report.scanned_bytes += report.scanned_bytes;
  loading->report.cut_bytes += report.cut_bytes;
  loading->report.damage.insert(loading->report.damage.end(), report.damage.begin(), report.damage.end());
}

// ---- coming and going ---------------------------------------------------------------------------------------------

LogDirectory& LogManager::least_used_directory() {
  std::map<const LogDirectory*, std::size_t> count;
  for (const auto& [partition, log] : logs_) ++count[&log->directory()];
  const auto least =
      std::ranges::min_element(directories_, {}, [&](const Directory& d) { return std::pair(d.files->failed(), count[d.files.get()]); });
  return *least->files;
}

Result<std::shared_ptr<Log>> LogManager::create(const std::string& topic, const TopicPartition& partition, const LogConfig& config) {
  const std::scoped_lock lock(mutex_);
  if (closed_) return fail(Errc::kClosed, "log manager is closed");
  if (logs_.contains(partition)) return fail(Errc::kAlreadyExists, log_name(topic, partition.partition));
  LogDirectory& directory = directories_.size() == 1 ? *directories_.front().files : least_used_directory();
  if (const auto failure = directory.failure()) return std::unexpected(*failure);
  TRY_ASSIGN(auto log, Log::create(directory, topic, partition.partition, partition.topic, config));
  logs_.emplace(partition, log);
  return log;
}

std::shared_ptr<Log> LogManager::find(const TopicPartition& partition) const {
  const std::scoped_lock lock(mutex_);
  const auto found = logs_.find(partition);
  return found == logs_.end() ? nullptr : found->second;
}

std::vector<std::shared_ptr<Log>> LogManager::all() const {
  const std::scoped_lock lock(mutex_);
  std::vector<std::shared_ptr<Log>> logs;
  logs.reserve(logs_.size());
  for (const auto& [partition, log] : logs_) logs.push_back(log);
  return logs;
}

Result<std::shared_ptr<Log>> LogManager::take(const TopicPartition& partition) {
  const std::scoped_lock lock(mutex_);
  auto node = logs_.extract(partition);
  if (node.empty()) return fail(Errc::kNotFound, "no such log");
  return std::move(node.mapped());
}

Result<> LogManager::remove(const TopicPartition& partition) {
  TRY_ASSIGN(const std::shared_ptr<Log> log, take(partition));
  return log->remove();
}

Result<> LogManager::set_aside(const TopicPartition& partition) {
  TRY_ASSIGN(const std::shared_ptr<Log> log, take(partition));
  return log->set_aside();
}

// ---- in the background --------------------------------------------------------------------------------------------

void LogManager::set_retention_bound(std::function<Offset(const Log&)> bound) {
  cleaner_->set_bound(bound);
  const std::scoped_lock lock(mutex_);
  retention_bound_ = std::move(bound);
}

void LogManager::start_background() {
  const std::scoped_lock lock(mutex_);
  timers_.resize(4);
  schedule(0, options_.checkpoint_interval_ms, &LogManager::checkpoint_now);
  schedule(1, options_.maintenance_interval_ms, &LogManager::maintain_now);
  schedule(2, options_.retention_check_interval_ms, &LogManager::retain_now);
  schedule(3, options_.producer_expiration_check_interval_ms, &LogManager::expire_producers_now);
  cleaner_->start();
}

// The work waits for the disk: the timer hands it to a queue, and is set again when it is done.
void LogManager::schedule(std::size_t slot, std::int64_t after_ms, void (LogManager::*work)()) {
  timers_[slot] = deps_.executor.post_at(deps_.clock.mono() + std::chrono::milliseconds(after_ms), [this, slot, after_ms, work] {
    deps_.queues.front()->run([this, slot, after_ms, work] {
      (this->*work)();
      const std::scoped_lock lock(mutex_);
      if (!closed_) schedule(slot, after_ms, work);
    });
  });
}

void LogManager::checkpoint_now() {
  std::map<const LogDirectory*, OffsetsByLog> kernel_ends;
  for (const std::shared_ptr<Log>& log : all()) {
    if (log->wants_flush()) log->request_sync([](Result<>) {});  // a failure has taken the log offline already
    if (const Offset end = log->kernel_end(); end > log->durable_end()) kernel_ends[&log->directory()][log->name()] = end;
  }
  for (Directory& directory : directories_) {
    if (directory.files->failed()) continue;
    const Result<> saved = directory.files->save_recovery_points();
    if (!saved) log::warn("recovery points not saved", {{"error", saved.error().message}});
    const Result<> noted = directory.files->save_kernel_ends(std::move(kernel_ends[directory.files.get()]));
    if (!noted) log::warn("kernel ends not saved", {{"error", noted.error().message}});
  }
}

void LogManager::maintain_now() {
  for (const std::shared_ptr<Log>& log : all()) {
    const Result<> done = log->maintain(/*release_idle_file=*/true);
    if (!done) log::warn("log upkeep failed", {{"partition", log->name()}, {"error", done.error().message}});
  }
}

// S24: a wall clock that was set must not make everything look old at once. Retention by time waits a round.
bool LogManager::wall_clock_jumped() {
  constexpr std::int64_t kToleranceMs = 60'000;
  const MonoTime mono = deps_.clock.mono();
  const std::int64_t wall = deps_.clock.wall_ms();
  const std::int64_t expected = last_wall_ms_ + (mono - last_mono_).count() / 1'000'000;
  last_mono_ = mono;
  last_wall_ms_ = wall;
  return wall > expected + kToleranceMs;
}

void LogManager::expire_producers_now() {
  for (const std::shared_ptr<Log>& log : all()) log->expire_producers();
}

void LogManager::retain_now() {
  std::function<Offset(const Log&)> bound;
  {
    const std::scoped_lock lock(mutex_);
    bound = retention_bound_;
    if (wall_clock_jumped()) {
      log::warn("wall clock was set forward, retention waits for the next round", {});
      return;
    }
  }
  for (const std::shared_ptr<Log>& log : all()) {
    if (!bound || log->failure()) continue;
    const auto deleted = log->apply_retention(bound(*log));
    if (!deleted) log::warn("retention failed", {{"partition", log->name()}, {"error", deleted.error().message}});
  }
}

Result<> LogManager::close() {
  cleaner_->stop();
  std::vector<std::shared_ptr<Log>> logs;
  {
    const std::scoped_lock lock(mutex_);
    if (closed_) return {};
    closed_ = true;
    for (const TimerId timer : timers_) deps_.executor.cancel(timer);
    for (const auto& [partition, log] : logs_) logs.push_back(log);
  }
  std::map<LogDirectory*, CleanEnds> ends;
  std::optional<Error> first;
  for (const std::shared_ptr<Log>& log : logs) {
    auto end = log->close();
    if (end) {
      ends[&log->directory()][log->name()] = *end;
      continue;
    }
    log::error("log not closed cleanly", {{"partition", log->name()}, {"error", end.error().message}});
    if (!first) first = end.error();
  }
  for (Directory& directory : directories_) {
    LogDirectory& files = *directory.files;
    if (files.failed()) continue;
    TRY(files.save_recovery_points());
    TRY(files.save_log_starts());
    TRY(files.save_compacted());
    TRY(write_clean_shutdown(deps_.disk, files.path(), ends[&files]));
  }
  {
    const std::scoped_lock lock(mutex_);
    logs_.clear();
  }
  for (Directory& directory : directories_) directory.lock.reset();
  if (first) return std::unexpected(*first);
  return {};
}

}  // namespace barnabas::storage
