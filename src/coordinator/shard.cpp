#include "coordinator/shard.h"

#include <algorithm>

#include "base/log.h"
#include "model/record_batch_builder.h"
#include "model/record_reader.h"

namespace barnabas::coordinator {
namespace {

constexpr std::chrono::milliseconds kLoadWait{10};  // until the high watermark may have moved
constexpr std::chrono::seconds kLoadRetry{1};
constexpr int kExpiriesPerTurn = 64;  // then the lock is free for a moment

Bytes make_batch(const std::vector<StoredRecord>& records, std::int64_t timestamp_ms) {
  RecordBatchBuilder builder;
  for (const StoredRecord& record : records) {
    NewRecord out;
    out.timestamp_ms = timestamp_ms;
    out.key = ByteView(record.key);
    if (record.value) out.value = ByteView(*record.value);
    builder.add(out);
  }
  return std::move(builder).build();
}

}  // namespace

ErrorCode client_error_of_append(ErrorCode error) {
  switch (error) {
    case ErrorCode::kUnknownTopicOrPartition:
    case ErrorCode::kNotEnoughReplicas:
    case ErrorCode::kNotEnoughReplicasAfterAppend:
    case ErrorCode::kRequestTimedOut: return ErrorCode::kCoordinatorNotAvailable;
    case ErrorCode::kNotLeaderOrFollower:
    case ErrorCode::kKafkaStorageError: return ErrorCode::kNotCoordinator;
    case ErrorCode::kMessageTooLarge:
    case ErrorCode::kRecordListTooLarge: return ErrorCode::kUnknownServerError;
    default: return error;
  }
}

Shard::Shard(std::string name, RuntimeSettings settings, const Clock& clock, Executor& executor, std::unique_ptr<StateMachine> machine,
             std::shared_ptr<LogPort> log)
    : name_(std::move(name)), settings_(settings), clock_(clock), executor_(executor), machine_(std::move(machine)), log_(std::move(log)) {}

bool Shard::is_active() const {
  const std::lock_guard lock(mutex_);
  return phase_ == Phase::kActive;
}

// --- Requests ---------------------------------------------------------------------------------------------------------

ErrorCode Shard::run(Runtime::Decide decide) {
  std::unique_lock lock(mutex_);
  switch (phase_) {
    case Phase::kLoading: return ErrorCode::kCoordinatorLoadInProgress;
    case Phase::kFailed:
    case Phase::kClosed: return ErrorCode::kNotCoordinator;
    case Phase::kActive: break;
  }
  if (!log_->leads()) return ErrorCode::kNotCoordinator;
  const Now at = now();
  Ready ready;
  submit(decide(*machine_, at), at, ready);
  finish(std::move(lock), std::move(ready));
  return ErrorCode::kNone;
}

void Shard::submit(Outcome outcome, Now now, Ready& ready) {
  if (!outcome.records.empty()) return append(std::move(outcome), now, ready);
  hold(outcome.scope, outcome.taken(), now, ready);
}

void Shard::append(Outcome outcome, Now now, Ready& ready) {
  const std::uint64_t write = next_write_++;
  {
    const std::lock_guard settled_lock(settled_mutex_);
    appending_ = true;
  }
  auto appended = log_->append(make_batch(outcome.records, now.wall_ms), [weak = weak_from_this(), write](ErrorCode error) {
    if (const auto self = weak.lock()) self->on_settled(write, error);
  });
  {
    const std::lock_guard settled_lock(settled_mutex_);
    appending_ = false;
  }
  if (!appended) {
    const ErrorCode error = client_error_of_append(appended.error());
    for (Delivery& delivery : outcome.refused(error)) ready.emplace_back(std::move(delivery), error);
    return;
  }
  const MonoTime deadline = now.mono + std::chrono::milliseconds(settings_.commit_timeout_ms);
  last_write_[outcome.scope] = write;
  writes_.emplace(write, PendingWrite{std::move(outcome.scope), deadline, outcome.taken()});
  write_deadline_ = std::min(write_deadline_, deadline);
}

// An answer may tell of what the scope's last write did, so it leaves no earlier than that write is committed.
void Shard::hold(const std::string& scope, Deliveries deliveries, Now now, Ready& ready) {
  const auto last = last_write_.find(scope);
  if (last == last_write_.end()) {
    for (Delivery& delivery : deliveries) ready.emplace_back(std::move(delivery), ErrorCode::kNone);
    return;
  }
  PendingWrite& write = writes_.find(last->second)->second;
  if (write.deliveries.empty()) {
    write.deadline = now.mono + std::chrono::milliseconds(settings_.commit_timeout_ms);
    write_deadline_ = std::min(write_deadline_, write.deadline);
  }
  std::ranges::move(deliveries, std::back_inserter(write.deliveries));
}

// --- Commits ------------------------------------------------------------------------------------------------------------

void Shard::on_settled(std::uint64_t write, ErrorCode error) {
  {
    const std::lock_guard settled_lock(settled_mutex_);
    settled_.push_back({write, error});
    if (appending_) return;
  }
  std::unique_lock lock(mutex_, std::try_to_lock);
  if (lock.owns_lock()) finish(std::move(lock), {});
}

bool Shard::anything_settled() {
  const std::lock_guard settled_lock(settled_mutex_);
  return !settled_.empty();
}

void Shard::settle_writes(Ready& ready) {
  std::vector<Settled> settled;
  {
    const std::lock_guard settled_lock(settled_mutex_);
    settled.swap(settled_);
  }
  for (const Settled& one : settled) {
    const auto found = writes_.find(one.write);
    if (found == writes_.end()) continue;  // of a state that is gone
    if (one.error != ErrorCode::kNone) {
      write_lost(one.error, ready);
      continue;
    }
    for (Delivery& delivery : found->second.deliveries) ready.emplace_back(std::move(delivery), ErrorCode::kNone);
    const auto last = last_write_.find(found->second.scope);
    if (last != last_write_.end() && last->second == one.write) last_write_.erase(last);
    writes_.erase(found);
  }
}

void Shard::time_out_writes(Now now, Ready& ready) {
  if (write_deadline_ > now.mono) return;
  write_deadline_ = kNever;
  for (auto& [write, pending] : writes_) {
    if (pending.deliveries.empty()) continue;
    if (pending.deadline > now.mono) {
      write_deadline_ = std::min(write_deadline_, pending.deadline);
      continue;
    }
    const ErrorCode error = client_error_of_append(ErrorCode::kRequestTimedOut);
    for (Delivery& delivery : pending.deliveries) ready.emplace_back(std::move(delivery), error);
    pending.deliveries.clear();
  }
}

// What was appended may be in the log or not: only the log can tell, so it is read again. If this broker may not read
// it any more, unload() or a new load() is on its way.
void Shard::write_lost(ErrorCode why, Ready& ready) {
  log::warn("coordinator write lost", {{"partition", name_}, {"error", name(why)}});
  answer_everything(client_error_of_append(why), ready);
  const bool readable = why != ErrorCode::kNotLeaderOrFollower && why != ErrorCode::kKafkaStorageError;
  phase_ = readable ? Phase::kLoading : Phase::kFailed;
  if (readable) start_loading();
}

void Shard::answer_everything(ErrorCode error, Ready& ready) {
  for (auto& [write, pending] : writes_) {
    for (Delivery& delivery : pending.deliveries) ready.emplace_back(std::move(delivery), error);
  }
  for (Delivery& delivery : machine_->abandon()) ready.emplace_back(std::move(delivery), error);
  writes_.clear();
  last_write_.clear();
  write_deadline_ = kNever;
}

// What is settled is done, the timer is set, the lock goes, the answers leave. Reports that came while the lock was held
// found nobody to take them but us, so look again after letting go.
void Shard::finish(std::unique_lock<std::mutex> lock, Ready ready) {
  for (;;) {
    settle_writes(ready);
    if (phase_ == Phase::kActive) arm(now());
    lock.unlock();
    const bool leads = ready.empty() || log_->leads();
    for (auto& [delivery, error] : ready) delivery(leads || error != ErrorCode::kNone ? error : ErrorCode::kNotCoordinator);
    ready.clear();
    if (!anything_settled() || !lock.try_lock()) return;
  }
}

void Shard::close() {
  std::unique_lock lock(mutex_);
  if (phase_ == Phase::kClosed) return;
  phase_ = Phase::kClosed;
  ++life_;
  if (timer_ != TimerId::kNone) executor_.cancel(timer_);
  timer_ = TimerId::kNone;
  Ready ready;
  answer_everything(ErrorCode::kNotCoordinator, ready);
  finish(std::move(lock), std::move(ready));
}

// --- Deadlines ----------------------------------------------------------------------------------------------------------

void Shard::arm(Now now) {
  const MonoTime wanted = std::min(machine_->next_deadline(), write_deadline_);
  if (wanted != kNever) arm_at(std::max(wanted, now.mono));
}

// A timer that is too early costs one look; it is replaced only by an earlier one.
void Shard::arm_at(MonoTime at) {
  if (timer_ != TimerId::kNone && timer_at_ <= at) return;
  if (timer_ != TimerId::kNone) executor_.cancel(timer_);
  timer_at_ = at;
  timer_ = executor_.post_at(at, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->on_timer();
  });
}

void Shard::on_timer() {
  std::unique_lock lock(mutex_);
  timer_ = TimerId::kNone;
  if (phase_ == Phase::kLoading) {
    const std::uint64_t life = life_;
    lock.unlock();
    return read_next(life);
  }
  if (phase_ != Phase::kActive) return;
  const Now at = now();
  Ready ready;
  time_out_writes(at, ready);
  for (int turn = 0; turn < kExpiriesPerTurn && machine_->next_deadline() <= at.mono; ++turn) {
    if (auto outcome = machine_->expire(at)) submit(std::move(*outcome), at, ready);
  }
  finish(std::move(lock), std::move(ready));
}

// --- Loading --------------------------------------------------------------------------------------------------------------

void Shard::load() {
  const std::lock_guard lock(mutex_);
  if (phase_ == Phase::kLoading) start_loading();
}

// From the executor, not from here: whoever holds the shard now may hold the log's own lock, too.
void Shard::start_loading() {
  ++life_;
  if (timer_ != TimerId::kNone) executor_.cancel(timer_);
  timer_ = TimerId::kNone;
  executor_.post([weak = weak_from_this(), life = life_] {
    if (const auto self = weak.lock()) self->begin_reading(life);
  });
}

void Shard::begin_reading(std::uint64_t life) {
  const Offset start = log_->start();
  const Offset end = log_->end();
  {
    const std::lock_guard lock(mutex_);
    if (phase_ != Phase::kLoading || life != life_) return;
    position_ = start;
    load_end_ = end;
    load_began_ = clock_.mono();
    records_loaded_ = 0;
  }
  read_next(life);
}

void Shard::read_next(std::uint64_t life) {
  Offset from{0};
  {
    const std::lock_guard lock(mutex_);
    if (phase_ != Phase::kLoading || life != life_) return;
    from = position_;
    if (position_ >= load_end_) return loaded(now());
  }
  log_->read(from, settings_.load_chunk_bytes, [weak = weak_from_this(), life](const std::expected<Bytes, ErrorCode>& chunk) {
    if (const auto self = weak.lock()) self->on_read(life, chunk);
  });
}

void Shard::on_read(std::uint64_t life, const std::expected<Bytes, ErrorCode>& chunk) {
  const std::lock_guard lock(mutex_);
  if (phase_ != Phase::kLoading || life != life_) return;
  if (!chunk) {
    log::warn("coordinator cannot read its partition yet", {{"partition", name_}, {"error", name(chunk.error())}});
    return arm_at(clock_.mono() + kLoadRetry);
  }
  if (chunk->empty()) return arm_at(clock_.mono() + kLoadWait);
  const Offset before = position_;
  Result<> replayed = replay(*chunk, now());
  if (replayed && position_ <= before) replayed = fail(Errc::kCorrupt, "no batch at the offset asked for");
  if (!replayed) {
    // Serving groups without what cannot be read would hand out wrong offsets. The data stays as it is.
    log::error("coordinator cannot load its partition",
               {{"partition", name_}, {"offset", position_.value()}, {"error", replayed.error().message}});
    phase_ = Phase::kFailed;
    return;
  }
  executor_.post([weak = weak_from_this(), life] {
    if (const auto self = weak.lock()) self->read_next(life);
  });
}

Result<> Shard::replay(ByteView chunk, Now now) {
  CompressionContext compression;
  const Offset first = position_;
  while (!chunk.empty()) {
    const auto opened = RecordBatchView::open(chunk);
    const bool is_cut_by_limit = !opened && opened.error().code == Errc::kOutOfRange && position_ > first;
    if (is_cut_by_limit) return {};  // the next read begins with it
    if (!opened) return std::unexpected(opened.error());
    const RecordBatchView& batch = *opened;
    if (!batch.crc_matches()) return fail(Errc::kCorrupt, "checksum of a batch");
    chunk = chunk.subspan(batch.size_bytes());
    const bool is_known = batch.next_offset() <= position_;
    position_ = std::max(position_, batch.next_offset());
    if (is_known || batch.is_control()) continue;
    RecordReader reader(batch, compression);
    for (;;) {
      TRY_ASSIGN(const RecordView* record, reader.next());
      if (record == nullptr) break;
      ++records_loaded_;
      if (const auto key = record->key()) TRY(machine_->replay(*key, record->value(), now));
    }
  }
  return {};
}

void Shard::loaded(Now now) {
  phase_ = Phase::kActive;
  machine_->loaded(now);
  arm(now);
  const auto took_ms = std::chrono::duration_cast<std::chrono::milliseconds>(now.mono - load_began_).count();
  const log::Level level = records_loaded_ > 0 ? log::Level::kInfo : log::Level::kDebug;  // fifty empty partitions are no news
  const log::Event event("coordinator loaded");
  if (!log::enabled(level, event.room())) return;
  log::write(level, event, {{"partition", name_}, {"records", records_loaded_}, {"end", load_end_.value()}, {"ms", took_ms}});
}

}  // namespace barnabas::coordinator
