#include "metadata/memory_log.h"

#include <utility>

#include "base/check.h"

namespace barnabas::metadata {
namespace {

enum class State { kIdle, kLeading, kResigned, kDead, kClosed };

class Core : public std::enable_shared_from_this<Core> {
 public:
  Core(MemoryLogOptions options, std::shared_ptr<MemoryLogStore> store, Executor& executor)
      : options_(std::move(options)), store_(std::move(store)), executor_(executor) {}

  // Everything happens in tasks: a caller is never called back from inside its call.
  template <class F>
  void later(F f) {
    executor_.post([self = shared_from_this(), f = std::move(f)]() mutable { f(*self); });
  }

  void open();
  AppendResult append(ControllerEpoch epoch, std::vector<Bytes> records, std::optional<MetadataOffset> expected_end);
  AppendStatus status_of(ControllerEpoch epoch) const;
  void wait_applied(MetadataOffset end, MetadataLog::AppliedDone done);
  void resign();
  void close();
  void answer_waiters(AppendStatus status);

  const MemoryLogOptions options_;
  const std::shared_ptr<MemoryLogStore> store_;
  Executor& executor_;
  Listener* listener_ = nullptr;
  State state_ = State::kIdle;
  bool holds_store_ = false;
  MetadataOffset log_start_{0};
  std::vector<std::pair<MetadataOffset, MetadataLog::AppliedDone>> waiters_;

 private:
  AppendStatus check(ControllerEpoch epoch, const std::vector<Bytes>& records, std::optional<MetadataOffset> expected_end) const;
  void maybe_snapshot();
  void fatal(std::string reason);
  bool gone() const { return state_ == State::kDead || state_ == State::kClosed; }
};

void Core::open() {
  if (gone()) return;
  if (store_->in_use) return fatal("the metadata log is in use");
  if (!store_->cluster_id.empty() && store_->cluster_id != options_.cluster_id) {
    return fatal("the metadata log belongs to cluster " + store_->cluster_id);
  }
  store_->in_use = holds_store_ = true;
  store_->cluster_id = options_.cluster_id;
  if (store_->snapshot) {
    log_start_ = store_->snapshot->first.end;
    listener_->on_snapshot(store_->snapshot->first, store_->snapshot->second);
  }
  for (std::size_t i = 0; i < store_->batches.size() && !gone(); ++i) listener_->on_batch(store_->batches[i]);
  if (gone()) return;
  listener_->on_caught_up();
  if (gone() || state_ == State::kResigned) return;
  ++store_->epoch;
  state_ = State::kLeading;
  listener_->on_leader(Leader{.node = options_.node, .epoch = store_->epoch, .self = true});
  if (!gone()) listener_->on_elected(store_->epoch);
  if (!gone()) answer_waiters(AppendStatus::kOk);
}

AppendStatus Core::status_of(ControllerEpoch epoch) const {
  if (gone()) return AppendStatus::kClosed;
  if (state_ != State::kLeading) return AppendStatus::kNotController;
  return epoch == store_->epoch ? AppendStatus::kOk : AppendStatus::kFenced;
}

AppendStatus Core::check(ControllerEpoch epoch, const std::vector<Bytes>& records, std::optional<MetadataOffset> expected_end) const {
  if (const AppendStatus status = status_of(epoch); status != AppendStatus::kOk) return status;
  std::size_t bytes = 0;
  for (const Bytes& record : records) bytes += record.size();
  if (bytes > options_.limits.max_batch_bytes || records.size() > options_.limits.max_batch_records) return AppendStatus::kTooLarge;
  return expected_end && *expected_end != store_->end ? AppendStatus::kFenced : AppendStatus::kOk;
}

AppendResult Core::append(ControllerEpoch epoch, std::vector<Bytes> records, std::optional<MetadataOffset> expected_end) {
  if (const AppendStatus status = check(epoch, records, expected_end); status != AppendStatus::kOk) return {.status = status};
  const Batch batch{store_->end, store_->epoch, std::move(records)};
  store_->end = batch.end();
  store_->batches.push_back(batch);
  listener_->on_batch(batch);
  if (!gone()) maybe_snapshot();
  if (!gone()) answer_waiters(AppendStatus::kOk);
  return {AppendStatus::kOk, batch.base, batch.end()};
}

void Core::maybe_snapshot() {
  if (static_cast<std::size_t>(store_->end - log_start_) < options_.snapshot_after_records) return;
  const SnapshotId id{store_->end, store_->epoch};
  SnapshotSource source = listener_->take_snapshot(id);
  if (!source) return;
  store_->snapshot.emplace(id, source());
  store_->batches.clear();
  log_start_ = id.end;
}

void Core::wait_applied(MetadataOffset end, MetadataLog::AppliedDone done) {
  waiters_.emplace_back(end, std::move(done));
  if (gone()) return answer_waiters(AppendStatus::kClosed);
  if (state_ != State::kIdle) answer_waiters(AppendStatus::kOk);
}

void Core::answer_waiters(AppendStatus status) {
  std::vector<MetadataLog::AppliedDone> ready;
  std::erase_if(waiters_, [&](auto& waiter) {
    if (status == AppendStatus::kOk && waiter.first > store_->end) return false;
    ready.push_back(std::move(waiter.second));
    return true;
  });
  for (auto& done : ready) done(status);
}

void Core::resign() {
  if (gone() || state_ == State::kResigned) return;
  const bool led = std::exchange(state_, State::kResigned) == State::kLeading;
  if (!led) return;
  listener_->on_resigned(store_->epoch);
  if (!gone()) listener_->on_leader(std::nullopt);
}

void Core::close() {
  resign();
  state_ = State::kClosed;
  answer_waiters(AppendStatus::kClosed);
  if (std::exchange(holds_store_, false)) store_->in_use = false;
}

void Core::fatal(std::string reason) {
  state_ = State::kDead;
  answer_waiters(AppendStatus::kClosed);
  listener_->on_fatal(std::move(reason));
}

class MemoryLog final : public MetadataLog {
 public:
  explicit MemoryLog(std::shared_ptr<Core> core) : core_(std::move(core)) {}
  ~MemoryLog() override {
    core_->state_ = State::kClosed;
    if (std::exchange(core_->holds_store_, false)) core_->store_->in_use = false;
    core_->later([](Core& core) { core.answer_waiters(AppendStatus::kClosed); });
  }

  void start(Listener& listener) override {
    CHECK(core_->listener_ == nullptr);
    core_->listener_ = &listener;
    core_->later([](Core& core) { core.open(); });
  }
  void close(Task closed) override {
    core_->later([closed = std::move(closed)](Core& core) mutable {
      core.close();
      closed();
    });
  }
  void append(ControllerEpoch epoch, std::vector<Bytes> records, AppendDone done, std::optional<MetadataOffset> expected_end) override {
    CHECK(!records.empty());
    core_->later([epoch, records = std::move(records), done = std::move(done), expected_end](Core& core) mutable {
      done(core.append(epoch, std::move(records), expected_end));
    });
  }
  void barrier(ControllerEpoch epoch, BarrierDone done) override {
    core_->later([epoch, done = std::move(done)](Core& core) mutable { done(core.status_of(epoch), core.store_->end); });
  }
  void wait_applied(MetadataOffset end, AppliedDone done) override {
    core_->later([end, done = std::move(done)](Core& core) mutable { core.wait_applied(end, std::move(done)); });
  }
  void resign() override {
    core_->later([](Core& core) { core.resign(); });
  }
  Limits limits() const override { return core_->options_.limits; }
  Health health() const override {
    return {.log_start = core_->log_start_, .committed_end = core_->store_->end, .snapshot_end = core_->log_start_};
  }

 private:
  std::shared_ptr<Core> core_;
};

}  // namespace

std::unique_ptr<MetadataLog> make_memory_log(MemoryLogOptions options, std::shared_ptr<MemoryLogStore> store, Executor& executor) {
  return std::make_unique<MemoryLog>(std::make_shared<Core>(std::move(options), std::move(store), executor));
}

}  // namespace barnabas::metadata
