#include "replication/partition.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/check.h"
#include "base/log.h"

namespace barnabas::replication {
namespace {

ErrorCode to_error_code(const Error& error) {
  switch (error.code) {
    case Errc::kOutOfRange: return ErrorCode::kOffsetOutOfRange;
    case Errc::kCorrupt: return ErrorCode::kCorruptMessage;
    case Errc::kTooLarge: return ErrorCode::kRecordListTooLarge;
    case Errc::kFenced: return ErrorCode::kNotLeaderOrFollower;
    case Errc::kInvalidArgument: return ErrorCode::kInvalidRecord;
    case Errc::kIo:
    case Errc::kNoSpace:
    case Errc::kNotFound:
    case Errc::kAlreadyExists:
    case Errc::kUnsupported:
    case Errc::kBusy:
    case Errc::kClosed:
    case Errc::kTimeout: return ErrorCode::kKafkaStorageError;
  }
  return ErrorCode::kUnknownServerError;
}

}  // namespace

void Partition::Woken::tell() {
  for (Committed& done : committed) done(error);
  for (const auto& waiter : waiters) waiter->readable(error == ErrorCode::kNone ? bytes : -1);
}

Partition::Partition(TopicPartition id, std::string topic, std::shared_ptr<storage::Log> log, std::shared_ptr<const TopicSettings> settings,
                     Durability durability)
    : id_(id), topic_(std::move(topic)), log_(std::move(log)), durability_(durability), settings_(std::move(settings)) {
  log_->set_config(settings_->log);
}

Partition::~Partition() { log_->set_listener(nullptr); }

void Partition::become_leader(LeaderEpoch epoch) {
  log_->set_listener(this);
  Woken woken;
  {
    const std::lock_guard lock(mutex_);
    if (epoch <= leader_epoch_) return;
    leader_epoch_ = epoch;
    epoch_start_ = log_->log_end();
    advance_locked(durability_ == Durability::kFsync ? log_->durable_end() : log_->log_end(), woken);
  }
  // E5: nothing is acknowledged in an epoch whose begin a power cut could take. Under fsync the high watermark waits
  // for the sync behind this one anyway, and with page-cache nothing is promised over a power cut.
  log_->begin_epoch(epoch, [](Result<> done) {
    if (!done) log::error("leader epoch not durable", {{"error", done.error().message}});
  });
  if (durability_ == Durability::kFsync && log_->durable_end() < log_->log_end()) request_sync();
  woken.tell();
}

void Partition::stop(ErrorCode why) {
  Woken woken;
  {
    const std::lock_guard lock(mutex_);
    stopped_ = why;
    wake_all_locked(why, woken);
  }
  log_->set_listener(nullptr);
  woken.tell();
}

void Partition::set_settings(std::shared_ptr<const TopicSettings> settings) {
  log_->set_config(settings->log);
  const std::lock_guard lock(mutex_);
  settings_.swap(settings);
}

std::shared_ptr<const TopicSettings> Partition::settings() const {
  const std::lock_guard lock(mutex_);
  return settings_;
}

ErrorCode Partition::check_leader_locked(LeaderEpoch current) const {
  if (stopped_ != ErrorCode::kNone) return stopped_;
  if (current != kNoLeaderEpoch && current < leader_epoch_) return ErrorCode::kFencedLeaderEpoch;
  if (current != kNoLeaderEpoch && current > leader_epoch_) return ErrorCode::kUnknownLeaderEpoch;
  if (leader_epoch_ == kNoLeaderEpoch) return ErrorCode::kNotLeaderOrFollower;
  return log_->failure() ? ErrorCode::kKafkaStorageError : ErrorCode::kNone;
}

ErrorCode Partition::check_leader(LeaderEpoch current_leader_epoch) const {
  const std::lock_guard lock(mutex_);
  return check_leader_locked(current_leader_epoch);
}

LeaderEpoch Partition::leader_epoch() const {
  const std::lock_guard lock(mutex_);
  return leader_epoch_;
}

ErrorCode Partition::check_end_known() const {
  const Offset committed = high_watermark();
  const std::lock_guard lock(mutex_);
  return committed < epoch_start_ ? ErrorCode::kOffsetNotAvailable : ErrorCode::kNone;
}

AppendOutcome Partition::append(const AcceptedBatch& batch, bool check_producer) {
  AppendOutcome outcome;
  const AcceptedBatch* const one = &batch;
  append_all({&one, 1}, check_producer, {&outcome, 1});
  return outcome;
}

void Partition::append_all(std::span<const AcceptedBatch* const> batches, bool check_producer, std::span<AppendOutcome> outcomes) {
  Woken woken;
  bool appended = false;
  {
    const std::lock_guard lock(mutex_);
    const std::uint64_t before = appended_bytes_;
    traffic_.produces.add(batches.size());
    std::array<MutableBytes, storage::Log::kRunMax> room;
    for (std::size_t i = 0; i < batches.size();) {
      if (const ErrorCode error = check_leader_locked(kNoLeaderEpoch); error != ErrorCode::kNone) {
        for (; i < batches.size(); ++i) outcomes[i] = {.error = error, .message = std::string(message(error))};
        break;
      }
      const std::size_t staged = stage_locked(batches.subspan(i), check_producer, room, outcomes[i]);
      append_run_locked(batches.subspan(i), std::span(room).first(staged), outcomes.subspan(i));
      i += std::max<std::size_t>(staged, 1);
    }
    for (const AppendOutcome& outcome : outcomes) {
      if (outcome.error != ErrorCode::kNone) traffic_.failed_produces.add();
    }
    appended = appended_bytes_ > before;
    traffic_.bytes_in.add(appended_bytes_ - before);
    if (durability_ == Durability::kPageCache) advance_locked(log_->log_end(), woken);
  }
  if (appended && durability_ == Durability::kFsync) request_sync();
  woken.tell();
}

// True: append it. Otherwise the outcome is complete: refused, or known from before.
bool Partition::judge_producer_locked(const AcceptedBatch& batch, AppendOutcome& outcome) const {
  const storage::ProducerCheck check = log_->check_producer(batch.bytes);
  if (check.error != ErrorCode::kNone) {
    outcome.error = check.error;
    outcome.message = std::string(message(check.error));
    return false;
  }
  if (!check.duplicate) return true;
  outcome.base_offset = check.base_offset;  // I5: the original's offsets again
  outcome.next_offset = check.last_offset + 1;
  outcome.log_append_time_ms = batch.log_append_time_ms ? check.max_timestamp_ms : -1;
  outcome.log_start = log_->log_start();
  return false;
}

// Fills the run with the batches, from the first on, that may be appended without knowing more than is known now. Returns
// how many; 0: the first one's outcome is complete.
std::size_t Partition::stage_locked(std::span<const AcceptedBatch* const> batches, bool check_producer, std::span<MutableBytes> run,
                                    AppendOutcome& first) const {
  std::size_t staged = 0;
  for (; staged < std::min(batches.size(), run.size()); ++staged) {
    const AcceptedBatch& batch = *batches[staged];
    if (check_producer && batch.producer_id != kNoProducerId) {
      const auto earlier = batches.first(staged);
      const auto same = std::ranges::find(earlier.rbegin(), earlier.rend(), batch.producer_id, &AcceptedBatch::producer_id);
      if (same != earlier.rend()) {
        // The log does not know that one yet, but what follows it directly is right if it is.
        const bool follows =
            (*same)->producer_epoch == batch.producer_epoch && add_sequence((*same)->last_sequence, 1) == batch.base_sequence;
        if (!follows) break;
      } else {
        AppendOutcome outcome;
        if (!judge_producer_locked(batch, staged == 0 ? first : outcome)) break;
      }
    }
    run[staged] = batch.bytes;
  }
  return staged;
}

void Partition::append_run_locked(std::span<const AcceptedBatch* const> batches, std::span<const MutableBytes> run,
                                  std::span<AppendOutcome> outcomes) {
  std::array<storage::AppendInfo, storage::Log::kRunMax> infos;
  for (std::size_t done = 0; done < run.size();) {
    const Result<std::size_t> appended = log_->append_run(run.subspan(done), leader_epoch_, infos);
    if (!appended) {
      const ErrorCode error = to_error_code(appended.error());
      for (; done < run.size(); ++done) outcomes[done] = {.error = error, .message = appended.error().message};
      return;
    }
    for (std::size_t i = 0; i < *appended; ++i, ++done) {
      AppendOutcome& outcome = outcomes[done];
      outcome.base_offset = infos[i].base_offset;
      outcome.next_offset = infos[i].last_offset + 1;
      traffic_.records_in.add(static_cast<std::uint64_t>(outcome.next_offset.value() - outcome.base_offset.value()));
      outcome.log_append_time_ms = batches[done]->log_append_time_ms.value_or(-1);
      outcome.log_start = log_->log_start();
      appended_bytes_ += run[done].size();
    }
  }
}

// Moves the high watermark forward and takes off everybody who waited for that.
void Partition::advance_locked(Offset to, Woken& woken) {
  if (to <= high_watermark()) return;
  high_watermark_.store(to.value(), std::memory_order_release);
  while (!pending_.empty() && pending_.front().next_offset <= to) {
    woken.committed.push_back(std::move(pending_.front().done));
    pending_.pop_front();
  }
  // What is behind a partial step is counted with the next one: waiters only use it to stop waiting.
  woken.bytes = static_cast<std::int64_t>(appended_bytes_ - committed_bytes_);
  committed_bytes_ = appended_bytes_;
  for (auto& [token, waiter] : waiters_) woken.waiters.push_back(std::move(waiter));
  waiters_.clear();
}

void Partition::wake_all_locked(ErrorCode error, Woken& woken) {
  woken.error = error;
  for (Pending& pending : pending_) woken.committed.push_back(std::move(pending.done));
  pending_.clear();
  for (auto& [token, waiter] : waiters_) woken.waiters.push_back(std::move(waiter));
  waiters_.clear();
}

void Partition::when_committed(Offset next_offset, Committed done) {
  ErrorCode now = ErrorCode::kNone;
  {
    const std::lock_guard lock(mutex_);
    now = check_leader_locked(kNoLeaderEpoch);
    if (now == ErrorCode::kNone && next_offset > high_watermark()) {
      // Almost always the last; a duplicate of an earlier batch may come before others (I8).
      const auto place = std::ranges::upper_bound(pending_, next_offset, {}, &Pending::next_offset);
      pending_.insert(place, {next_offset, std::move(done)});
      return;
    }
  }
  done(now);
}

// At most one sync of this log is on its way, and at most one more is wanted after it, however many append meanwhile.
void Partition::request_sync() {
  int state = sync_state_.load(std::memory_order_acquire);
  for (;;) {
    if (state == 2) return;
    if (sync_state_.compare_exchange_weak(state, state + 1, std::memory_order_acq_rel)) break;
  }
  if (state == 0) start_sync();
}

void Partition::start_sync() {
  log_->request_sync([weak = weak_from_this()](const Result<>&) {  // a failure comes through log_failed
    const auto self = weak.lock();
    if (self == nullptr) return;
    int state = 1;
    if (!self->sync_state_.compare_exchange_strong(state, 0, std::memory_order_acq_rel)) {
      self->sync_state_.store(1, std::memory_order_release);
      self->start_sync();
    }
  });
}

void Partition::durable_end_moved(Offset durable_end) {
  if (durability_ != Durability::kFsync) return;
  Woken woken;
  {
    const std::lock_guard lock(mutex_);
    if (stopped_ != ErrorCode::kNone) return;
    advance_locked(durable_end, woken);
  }
  woken.tell();
}

void Partition::log_failed(const Error& error) {
  log::error("partition offline", {{"partition", log_->name()}, {"error", error.message}});
  Woken woken;
  {
    const std::lock_guard lock(mutex_);
    wake_all_locked(ErrorCode::kKafkaStorageError, woken);
  }
  woken.tell();
}

Offset Partition::last_stable() const {
  // Transactions are not served yet, so no batch below the high watermark is undecided.
  return high_watermark();
}

void Partition::delete_records(Offset up_to, std::move_only_function<void(DeleteOutcome)> done) {
  ErrorCode error = ErrorCode::kNone;
  const Offset committed = high_watermark();
  if (up_to == kHighWatermark) up_to = committed;
  {
    const std::lock_guard lock(mutex_);
    error = check_leader_locked(kNoLeaderEpoch);
    const TopicConfig& config = settings_->config;
    if (error == ErrorCode::kNone && config.cleanup_compact && !config.cleanup_delete) error = ErrorCode::kPolicyViolation;
  }
  if (error == ErrorCode::kNone && (up_to < Offset(0) || up_to > committed)) error = ErrorCode::kOffsetOutOfRange;
  if (error != ErrorCode::kNone) return done({error, Offset(-1)});

  auto advance = [self = shared_from_this(), up_to, done = std::move(done)](const Result<>& synced) mutable {
    if (!synced) return done({to_error_code(synced.error()), Offset(-1)});
    self->log_->advance_start(up_to, [self, done = std::move(done)](const Result<>& saved) mutable {
      done(saved ? DeleteOutcome{ErrorCode::kNone, self->log_->log_start()} : DeleteOutcome{to_error_code(saved.error()), Offset(-1)});
    });
  };
  // With page-cache the records may be in memory only. A start above the end that a power cut leaves would be ignored by
  // recovery, and what was deleted would be back: so first the log, then its start.
  if (log_->durable_end() >= up_to) return advance({});
  log_->request_sync(std::move(advance));
}

FetchOutcome Partition::read(const FetchRequest& request) {
  FetchOutcome outcome;
  {
    const std::lock_guard lock(mutex_);
    traffic_.fetches.add();
    outcome.error = check_leader_locked(request.current_leader_epoch);
  }
  if (outcome.error != ErrorCode::kNone) return outcome;
  outcome.high_watermark = high_watermark();
  outcome.last_stable = last_stable();
  outcome.log_start = log_->log_start();
  if (request.last_fetched_epoch != kNoLeaderEpoch) {  // E3, KIP-595
    const storage::EpochEnd ours = log_->end_offset_for_epoch(request.last_fetched_epoch);
    if (ours.epoch == kNoLeaderEpoch) {
      outcome.error = ErrorCode::kOffsetOutOfRange;
      return outcome;
    }
    if (ours.epoch < request.last_fetched_epoch || ours.end < request.offset) {
      outcome.diverging = ours;
      return outcome;
    }
  }
  Result<storage::ReadResult> read = log_->read({.offset = request.offset,
                                                 .max_bytes = request.max_bytes,
                                                 .upper_bound = readable_end(request.isolation),
                                                 .min_one = request.min_one,
                                                 .mode = request.mode});
  if (read) {
    outcome.records = std::move(read->bytes);
  } else if (read.error().code == Errc::kBusy) {
    outcome.cold = true;
  } else {
    outcome.error = to_error_code(read.error());
  }
  return outcome;
}

Partition::WaitToken Partition::add_waiter(std::shared_ptr<FetchWaiter> waiter) {
  const std::lock_guard lock(mutex_);
  waiters_.emplace_back(++last_token_, std::move(waiter));
  return last_token_;
}

void Partition::remove_waiter(WaitToken token) {
  std::shared_ptr<FetchWaiter> removed;  // destroyed outside the lock
  const std::lock_guard lock(mutex_);
  const auto found = std::ranges::find(waiters_, token, [](const auto& entry) { return entry.first; });
  if (found == waiters_.end()) return;
  removed = std::move(found->second);
  waiters_.erase(found);
}

}  // namespace barnabas::replication
