#include "metadata/local_log.h"

#include <algorithm>
#include <deque>
#include <utility>
#include <variant>

#include "base/check.h"
#include "base/log.h"
#include "metadata/local_store.h"

namespace barnabas::metadata {
namespace {

using local::OpenLog;
using local::Recovered;

struct PendingAppend {
  ControllerEpoch epoch;
  std::vector<Bytes> records;
  std::optional<MetadataOffset> expected_end;
  MetadataLog::AppendDone done;
};
struct PendingBarrier {
  ControllerEpoch epoch;
  MetadataLog::BarrierDone done;
};
using Pending = std::variant<PendingAppend, PendingBarrier>;

// An append that was written, or refused, and is answered in its turn.
struct Answer {
  std::optional<Batch> batch;  // written
  AppendResult result;         // when it was not
  MetadataLog::AppendDone done;
};
using InFlight = std::variant<Answer, PendingBarrier>;

struct Waiter {
  MetadataOffset end;
  MetadataLog::AppliedDone done;
};

enum class State { kIdle, kOpening, kFollowing, kLeading, kResigned, kDead, kClosed };

// Lives until the last job and task that knows it is done, and with it the lock on the folder.
class Core : public std::enable_shared_from_this<Core> {
 public:
  Core(LocalLogOptions options, Disk& disk, DiskQueue& queue, Executor& executor, Random& random)
      : options_(std::move(options)), disk_(disk), queue_(queue), executor_(executor), random_(random) {}

  void start(Listener& listener);
  void submit(Pending pending);
  void wait_applied(Waiter waiter);
  void resign();
  void close(Task closed);
  void abandon();

  Executor& executor() { return executor_; }
  const LocalLogOptions& options() const { return options_; }
  Health health() const {
    return {.log_start = log_start_, .committed_end = end_, .snapshot_end = snapshot_end_, .log_bytes = bytes_since_snapshot_};
  }

 private:
  void opened(Result<Recovered> recovered);
  void begin_epoch(ControllerEpoch epoch);
  void epoch_durable(ControllerEpoch epoch);
  void pump();
  void build_group();
  AppendStatus check(const PendingAppend& append, MetadataOffset end) const;
  void write_group();
  void sync_group();
  void group_durable();
  void answer_group();
  void out_of_space();
  void after_group();
  void seal();
  void maybe_snapshot();
  void rotated(Result<OpenLog> log, SnapshotSource source, SnapshotId id);
  void snapshot_written(Result<std::uint64_t> size, SnapshotId id);
  void finish_resign();
  void finish_close();
  void answer_pending(AppendStatus status);
  void answer_waiters(AppendStatus status);
  void die(const std::string& reason);
  bool gone() const { return state_ == State::kDead || state_ == State::kClosed; }

  const LocalLogOptions options_;
  Disk& disk_;
  DiskQueue& queue_;
  Executor& executor_;
  Random& random_;
  Listener* listener_ = nullptr;
  State state_ = State::kIdle;
  std::unique_ptr<DirectoryLock> lock_;

  OpenLog log_;  // position: up to where the file is durable
  ControllerEpoch epoch_;
  MetadataOffset log_start_, snapshot_end_, end_;  // end_: committed and delivered
  std::deque<Pending> pending_;
  std::vector<InFlight> group_;
  Bytes group_bytes_;
  std::vector<Waiter> waiters_;
  bool busy_ = false;  // a write, a sync or a change of files is on its way
  bool resigning_ = false;
  Task closed_;
  bool closing_ = false;

  bool snapshotting_ = false;
  std::uint64_t bytes_since_snapshot_ = 0, snapshot_bytes_ = 0, retry_snapshot_at_bytes_ = 0;
};

void Core::start(Listener& listener) {
  CHECK(state_ == State::kIdle);
  listener_ = &listener;
  state_ = State::kOpening;
  busy_ = true;
  queue_.run([self = shared_from_this()] {
    auto recovered = local::recover(self->disk_, self->random_, self->options_.directory, self->options_.cluster_id, self->options_.limits);
    self->executor_.post([self, recovered = std::move(recovered)]() mutable { self->opened(std::move(recovered)); });
  });
}

void Core::opened(Result<Recovered> recovered) {
  busy_ = false;
  if (gone()) return;
  if (!recovered) return die("metadata log: " + recovered.error().message);
  lock_ = std::move(recovered->lock);
  log_ = std::move(recovered->log);
  log_start_ = recovered->log_start;
  bytes_since_snapshot_ = recovered->log_bytes;
  epoch_ = recovered->epoch;
  state_ = State::kFollowing;
  if (recovered->snapshot) {
    snapshot_end_ = end_ = recovered->snapshot->id.end;
    snapshot_bytes_ = recovered->snapshot->image.size();
    listener_->on_snapshot(recovered->snapshot->id, recovered->snapshot->image);
  }
  for (const Batch& batch : recovered->batches) {
    if (gone()) return;
    end_ = batch.end();
    listener_->on_batch(batch);
  }
  if (gone()) return;
  end_ = recovered->end;
  listener_->on_caught_up();
  if (closing_) return finish_close();
  if (!gone() && !resigning_) begin_epoch(epoch_ + 1);
  answer_waiters(AppendStatus::kOk);
}

void Core::begin_epoch(ControllerEpoch epoch) {
  Bytes frame;
  local::append_epoch_frame(frame, log_.salt, log_.position, epoch, end_);
  if (auto written = log_.file->write_at(log_.position, frame); !written) {
    return die("metadata log: cannot begin an epoch: " + written.error().message);
  }
  busy_ = true;
  queue_.sync(log_.file, [self = shared_from_this(), epoch, size = frame.size()](Result<> synced) {
    self->executor_.post([self, epoch, size, synced = std::move(synced)] {
      self->busy_ = false;
      if (self->gone()) return;
      if (!synced) return self->die("metadata log: sync failed: " + synced.error().message);
      self->log_.position += size;
      self->bytes_since_snapshot_ += size;
      self->epoch_durable(epoch);
    });
  });
}

void Core::epoch_durable(ControllerEpoch epoch) {
  epoch_ = epoch;
  if (closing_) return finish_close();
  if (resigning_) {
    state_ = State::kResigned;
    return pump();
  }
  state_ = State::kLeading;
  listener_->on_leader(Leader{.node = options_.node, .epoch = epoch, .self = true});
  if (!gone()) listener_->on_elected(epoch);
  if (!gone()) after_group();
}

void Core::submit(Pending pending) {
  pending_.push_back(std::move(pending));
  pump();
}

void Core::wait_applied(Waiter waiter) {
  waiters_.push_back(std::move(waiter));
  if (gone()) return answer_waiters(AppendStatus::kClosed);
  if (state_ != State::kIdle && state_ != State::kOpening) answer_waiters(AppendStatus::kOk);
}

AppendStatus Core::check(const PendingAppend& append, MetadataOffset end) const {
  if (gone() || closing_) return AppendStatus::kClosed;
  if (state_ != State::kLeading || resigning_) return AppendStatus::kNotController;
  if (append.epoch != epoch_) return AppendStatus::kFenced;
  std::size_t bytes = 0;
  for (const Bytes& record : append.records) bytes += record.size();
  if (bytes > options_.limits.max_batch_bytes || append.records.size() > options_.limits.max_batch_records) return AppendStatus::kTooLarge;
  if (append.expected_end && *append.expected_end != end) return AppendStatus::kFenced;
  return AppendStatus::kOk;
}

// Takes what is pending, in order, until the write is large enough.
void Core::build_group() {
  group_.clear();
  group_bytes_.clear();
  MetadataOffset end = end_;
  while (!pending_.empty() && group_bytes_.size() < options_.group_max_bytes) {
    Pending next = std::move(pending_.front());
    pending_.pop_front();
    if (auto* barrier = std::get_if<PendingBarrier>(&next)) {
      group_.emplace_back(std::move(*barrier));
      continue;
    }
    auto& append = std::get<PendingAppend>(next);
    Answer answer{.batch = std::nullopt, .result = {}, .done = std::move(append.done)};
    answer.result.status = check(append, end);
    if (answer.result.status == AppendStatus::kOk) {
      answer.batch = Batch{end, epoch_, std::move(append.records)};
      end = answer.batch->end();
      local::append_batch_frame(group_bytes_, log_.salt, log_.position, *answer.batch);
    }
    group_.emplace_back(std::move(answer));
  }
}

void Core::pump() {
  if (busy_ || pending_.empty()) return;
  build_group();
  if (group_bytes_.empty()) {
    answer_group();
    return after_group();
  }
  write_group();
}

void Core::write_group() {
  busy_ = true;
  const auto written = log_.file->write_at(log_.position, group_bytes_);
  if (written) return sync_group();
  if (written.error().code == Errc::kNoSpace) return out_of_space();
  die("metadata log: write failed: " + written.error().message);
}

void Core::sync_group() {
  queue_.sync(log_.file, [self = shared_from_this()](Result<> synced) {
    self->executor_.post([self, synced = std::move(synced)] {
      if (self->gone()) return;
      if (!synced) return self->die("metadata log: sync failed: " + synced.error().message);
      self->group_durable();
    });
  });
}

void Core::group_durable() {
  log_.position += group_bytes_.size();
  bytes_since_snapshot_ += group_bytes_.size();
  busy_ = false;
  answer_group();
  after_group();
}

// Nothing of the group is in the log; the node goes on leading, and later appends may find room again.
void Core::out_of_space() {
  busy_ = false;
  if (auto cut = log_.file->truncate(log_.position); !cut) return die("metadata log: cannot undo a write: " + cut.error().message);
  log::error("metadata log has no space", {{"directory", options_.directory.string()}});
  for (InFlight& item : group_) {
    auto* answer = std::get_if<Answer>(&item);
    if (answer == nullptr || !answer->batch) continue;
    answer->batch.reset();
    answer->result.status = AppendStatus::kNoSpace;
  }
  answer_group();
  after_group();
}

void Core::answer_group() {
  std::vector<InFlight> group = std::move(group_);
  group_.clear();
  for (InFlight& item : group) {
    if (auto* barrier = std::get_if<PendingBarrier>(&item)) {
      AppendStatus status = AppendStatus::kOk;
      if (gone() || closing_) {
        status = AppendStatus::kClosed;
      } else if (state_ != State::kLeading || resigning_) {
        status = AppendStatus::kNotController;
      } else if (barrier->epoch != epoch_) {
        status = AppendStatus::kFenced;
      }
      barrier->done(status, end_);
      continue;
    }
    auto& answer = std::get<Answer>(item);
    if (answer.batch && state_ != State::kLeading) answer.result.status = AppendStatus::kUnknown;  // died meanwhile
    if (answer.batch && state_ == State::kLeading) {
      end_ = answer.batch->end();
      answer.result = {AppendStatus::kOk, answer.batch->base, end_};
      listener_->on_batch(*answer.batch);
    }
    answer.done(answer.result);
  }
}

void Core::after_group() {
  if (gone()) return;
  answer_waiters(AppendStatus::kOk);
  if (resigning_ && state_ == State::kLeading) finish_resign();
  if (closing_) return finish_close();
  if (gone()) return;
  maybe_snapshot();
  if (!busy_ && pending_.empty()) seal();
  if (!busy_ && !pending_.empty()) {
    executor_.post([self = shared_from_this()] { self->pump(); });
  }
}

// Says in the file that everything before is durable, so that damage to the last frame is not taken for a torn write.
// Not waited for: a crash that loses it loses only that knowledge. The next frame overwrites it.
void Core::seal() {
  Bytes frame;
  local::append_seal_frame(frame, log_.salt, log_.position, epoch_, end_);
  if (auto written = log_.file->write_at(log_.position, frame); !written) {
    log::warn("metadata log not sealed", {{"error", written.error().message}});
  }
}

void Core::maybe_snapshot() {
  if (busy_ || snapshotting_ || state_ != State::kLeading) return;
  if (bytes_since_snapshot_ < std::max({options_.snapshot_after_bytes, 2 * snapshot_bytes_, retry_snapshot_at_bytes_})) return;
  const SnapshotId id{end_, epoch_};
  SnapshotSource source = listener_->take_snapshot(id);
  if (!source || gone()) return;
  busy_ = snapshotting_ = true;
  queue_.run([self = shared_from_this(), source = std::move(source), id]() mutable {
    auto log = local::create_log(self->disk_, self->random_, self->options_.directory, self->options_.cluster_id, id.end, id.epoch);
    if (!log && log.error().code == Errc::kNoSpace) {
      // The old file goes on, which must not be if the new one is there after all.
      const auto exists = self->disk_.exists(self->options_.directory / local::log_name(id.end));
      if (!exists || *exists) log.error().code = Errc::kIo;
    }
    self->executor_.post(
        [self, log = std::move(log), source = std::move(source), id]() mutable { self->rotated(std::move(log), std::move(source), id); });
  });
}

void Core::rotated(Result<OpenLog> log, SnapshotSource source, SnapshotId id) {
  busy_ = false;
  if (gone()) return;
  if (!log && log.error().code != Errc::kNoSpace) return die("metadata log: cannot begin a new file: " + log.error().message);
  if (!log) {
    snapshotting_ = false;
    retry_snapshot_at_bytes_ = bytes_since_snapshot_ + options_.snapshot_after_bytes;
    log::warn("metadata snapshot put off", {{"error", log.error().message}});
    return after_group();
  }
  log_ = *std::move(log);
  bytes_since_snapshot_ = 0;
  queue_.run([self = shared_from_this(), source = std::move(source), id]() mutable {
    local::Snapshot snapshot{.cluster_id = self->options_.cluster_id, .id = id, .image = source()};
    auto size = snapshot.image.size() > self->options_.limits.max_snapshot_bytes
                    ? Result<std::uint64_t>(fail(Errc::kTooLarge, "the snapshot is over its limit"))
                    : local::write_snapshot(self->disk_, self->options_.directory, snapshot);
    self->executor_.post([self, size = std::move(size), id] { self->snapshot_written(size, id); });
  });
  after_group();
}

void Core::snapshot_written(Result<std::uint64_t> size, SnapshotId id) {
  snapshotting_ = false;
  if (gone()) return;
  if (!size) {
    // Nothing is lost: the older snapshot and both logs are there. A later snapshot makes up for this one.
    log::warn("metadata snapshot failed", {{"end", id.end.value()}, {"error", size.error().message}});
    retry_snapshot_at_bytes_ = bytes_since_snapshot_ + options_.snapshot_after_bytes;
    return;
  }
  snapshot_end_ = log_start_ = id.end;
  snapshot_bytes_ = *size;
  retry_snapshot_at_bytes_ = 0;
  log::info("metadata snapshot written", {{"end", id.end.value()}, {"bytes", *size}});
}

void Core::resign() {
  if (gone() || resigning_) return;
  resigning_ = true;
  if (!busy_ && state_ == State::kLeading) finish_resign();
}

void Core::finish_resign() {
  const ControllerEpoch epoch = epoch_;
  // Whatever was appended and not yet written is answered first: nothing of this epoch is outstanding afterwards.
  answer_pending(AppendStatus::kNotController);
  state_ = State::kResigned;
  listener_->on_resigned(epoch);
  if (!gone()) listener_->on_leader(std::nullopt);
}

void Core::close(Task closed) {
  if (gone()) return executor_.post(std::move(closed));
  closed_ = std::move(closed);
  closing_ = true;
  if (!busy_) finish_close();
}

void Core::finish_close() {
  answer_pending(AppendStatus::kClosed);
  answer_waiters(AppendStatus::kClosed);
  if (state_ == State::kLeading) {
    state_ = State::kResigned;
    listener_->on_resigned(epoch_);
  }
  state_ = State::kClosed;
  auto finished = [self = shared_from_this()](const Result<>& synced) {
    if (!synced) log::warn("metadata log not sealed at its end", {{"error", synced.error().message}});
    self->executor_.post([self] {
      self->lock_.reset();
      if (self->closed_) std::exchange(self->closed_, {})();
    });
  };
  if (log_.file == nullptr) return finished({});
  seal();
  queue_.sync(log_.file, std::move(finished));
}

// The log object goes away: no callback any more, but everybody who asked gets an answer.
void Core::abandon() {
  if (!gone()) state_ = State::kClosed;
  listener_ = nullptr;
  executor_.post([self = shared_from_this()] {
    self->answer_group();
    self->answer_pending(AppendStatus::kClosed);
    self->answer_waiters(AppendStatus::kClosed);
    if (self->closed_) std::exchange(self->closed_, {})();
  });
}

void Core::answer_pending(AppendStatus status) {
  std::deque<Pending> pending = std::move(pending_);
  pending_.clear();
  for (Pending& item : pending) {
    if (auto* barrier = std::get_if<PendingBarrier>(&item)) {
      barrier->done(status, end_);
    } else {
      std::get<PendingAppend>(item).done({.status = status});
    }
  }
}

void Core::answer_waiters(AppendStatus status) {
  std::vector<Waiter> ready;
  std::erase_if(waiters_, [&](Waiter& waiter) {
    if (status == AppendStatus::kOk && waiter.end > end_) return false;
    ready.push_back(std::move(waiter));
    return true;
  });
  for (Waiter& waiter : ready) waiter.done(status);
}

void Core::die(const std::string& reason) {
  const bool led = state_ == State::kLeading;
  state_ = State::kDead;
  busy_ = false;
  answer_group();
  answer_pending(led ? AppendStatus::kUnknown : AppendStatus::kClosed);
  answer_waiters(AppendStatus::kClosed);
  if (led && listener_ != nullptr) listener_->on_resigned(epoch_);
  if (listener_ != nullptr) listener_->on_fatal(reason);
  if (closed_) executor_.post(std::exchange(closed_, {}));
}

class LocalLog final : public MetadataLog {
 public:
  explicit LocalLog(std::shared_ptr<Core> core) : core_(std::move(core)) {}
  ~LocalLog() override { core_->abandon(); }

  void start(Listener& listener) override { core_->start(listener); }
  void close(Task closed) override { core_->close(std::move(closed)); }
  void append(ControllerEpoch epoch, std::vector<Bytes> records, AppendDone done, std::optional<MetadataOffset> expected_end) override {
    CHECK(!records.empty());
    submit(PendingAppend{epoch, std::move(records), expected_end, std::move(done)});
  }
  void barrier(ControllerEpoch epoch, BarrierDone done) override { submit(PendingBarrier{epoch, std::move(done)}); }
  void wait_applied(MetadataOffset end, AppliedDone done) override {
    core_->executor().post([core = core_, waiter = Waiter{end, std::move(done)}]() mutable { core->wait_applied(std::move(waiter)); });
  }
  void resign() override {
    core_->executor().post([core = core_] { core->resign(); });
  }
  Limits limits() const override { return core_->options().limits; }
  Health health() const override { return core_->health(); }

 private:
  void submit(Pending pending) {
    core_->executor().post([core = core_, pending = std::move(pending)]() mutable { core->submit(std::move(pending)); });
  }

  std::shared_ptr<Core> core_;
};

}  // namespace

std::unique_ptr<MetadataLog> make_local_log(LocalLogOptions options, Disk& disk, DiskQueue& queue, Executor& executor, Random& random) {
  return std::make_unique<LocalLog>(std::make_shared<Core>(std::move(options), disk, queue, executor, random));
}

}  // namespace barnabas::metadata
