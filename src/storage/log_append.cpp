// Appending to a log: one system call a batch, index entries and rolls on the way.
#include <algorithm>
#include <array>

#include "base/check.h"
#include "base/log.h"
#include "storage/log.h"

namespace barnabas::storage {

ProducerCheck Log::check_producer(ByteView batch) const {
  const auto frame = BatchFrame::parse(batch);
  if (!frame) return {.error = ErrorCode::kCorruptMessage};
  const std::scoped_lock lock(mutex_);
  return producers_.check(*frame);
}

Result<> Log::writable() const {
  if (failure_) return std::unexpected(*failure_);
  if (directory_.failed()) return std::unexpected(*directory_.failure());
  if (closed_ || removed_) return fail(Errc::kClosed, name_ + ": log is closed");
  if (cutting_) return fail(Errc::kBusy, name_ + ": log is being truncated");
  return {};
}

bool Log::must_roll(const BatchFrame& frame, std::uint64_t ahead) const {
  const Segment& segment = active();
  if (segment.bytes + ahead == 0) return false;
  if (segment.bytes + ahead + frame.size_bytes > static_cast<std::uint64_t>(std::min<std::int64_t>(config_.segment_bytes, INT32_MAX)))
    return true;
  if (frame.last_offset - segment.base > INT32_MAX) return true;
  // By the records' time where they have one, as Kafka: old data that is copied in rolls as it did when it was new.
  const bool timed = segment.first_timestamp_ms >= 0 && frame.max_timestamp_ms >= 0;
  const std::int64_t age = timed ? frame.max_timestamp_ms - segment.first_timestamp_ms : directory_.clock().wall_ms() - segment.created_ms;
  const bool lag_counts = config_.compact && config_.max_compaction_lag_ms > 0;
  if (age > (lag_counts ? std::min(config_.segment_ms, config_.max_compaction_lag_ms) : config_.segment_ms)) return true;
  return segment.index.is_full(config_.index_bytes_max);
}

Result<Log::SegmentPtr> Log::make_segment(Offset base) {
  auto segment = std::make_shared<Segment>(directory_, folder_, base);
  TRY_ASSIGN(segment->own, directory_.disk().open(segment->log_path, OpenMode::kTruncate));
  segment->index.begin_empty();
  names_dirty_ = true;
  return segment;
}

Result<> Log::roll() {
  const SegmentPtr sealed = segments_.back();
  const Offset base = log_end();
  if (base == sealed->base) return {};
  TRY_ASSIGN(SegmentPtr next, make_segment(base));
  sealed->index.add_time(sealed->largest);
  const Result<> flushed = sealed->index.flush();
  if (!flushed) log::warn("index not written", {{"partition", name_}, {"error", flushed.error().message}});
  sealed_dirty_.push_back(sealed);
  segments_.push_back(std::move(next));
  recent_.clear();
  recent_next_ = 0;
  log::debug("segment rolled", {{"partition", name_}, {"base", base.value()}});
  return {};
}

Result<> Log::write_batches(std::span<const ByteView> pieces, std::uint64_t bytes) {
  Segment& segment = active();
  if (segment.own == nullptr) {  // given back when it was idle
    TRY_ASSIGN(segment.own, segment.open_file());
  }
  segment.reserve_ahead(bytes, static_cast<std::uint64_t>(config_.segment_bytes));
  Result<> written = segment.own->write_pieces_at(segment.bytes, pieces);
  if (written) return {};
  // A part may be in the file: it must not lie behind the next, shorter batch.
  segment.reserved = 0;
  const Result<> cut = segment.own->truncate(segment.bytes);
  Error error = std::move(written).error();
  error.message = name_ + ": " + error.message;
  if (error.code == Errc::kNoSpace && cut) return std::unexpected(std::move(error));
  return std::unexpected(go_offline(std::move(error)));
}

void Log::remember(const BatchFrame& frame, std::uint64_t position) {
  const RecentBatch recent{frame.base_offset, frame.next_offset(), position, static_cast<std::uint32_t>(frame.size_bytes)};
  if (recent_.size() < kRecentBatches) {
    if (recent_.capacity() == 0) recent_.reserve(kRecentBatches);
    recent_.push_back(recent);
    recent_next_ = recent_.size() % kRecentBatches;
    return;
  }
  recent_[recent_next_] = recent;
  recent_next_ = (recent_next_ + 1) % kRecentBatches;
}

void Log::note_appended(const BatchFrame& frame) {
  Segment& segment = active();
  const std::int64_t now = directory_.clock().wall_ms();
  remember(frame, segment.bytes);
  segment.count_in(frame, config_.index_interval_bytes);
  if (frame.leader_epoch > epochs_.latest() && epochs_.assign(frame.leader_epoch, frame.base_offset)) ++epochs_version_;
  producers_.apply(frame, now);
  bytes_since_snapshot_ += frame.size_bytes;
  unsynced_bytes_ += static_cast<std::int64_t>(frame.size_bytes);
  if (unsynced_since_ms_ < 0) unsynced_since_ms_ = now;
  last_append_ms_ = now;
  log_end_.store(frame.next_offset().value(), std::memory_order_release);
  if (segment.index.wants_flush()) {
    const Result<> flushed = segment.index.flush();
    if (!flushed) log::warn("index not written", {{"partition", name_}, {"error", flushed.error().message}});
  }
}

Result<AppendInfo> Log::append(MutableBytes batch, LeaderEpoch epoch) {
  AppendInfo info;
  TRY(append_run({&batch, 1}, epoch, {&info, 1}));
  return info;
}

Result<std::size_t> Log::append_run(std::span<const MutableBytes> batches, LeaderEpoch epoch, std::span<AppendInfo> infos) {
  CHECK(!batches.empty() && infos.size() >= batches.size());
  std::unique_lock lock(mutex_);
  TRY(writable());
  if (epoch < epochs_.latest()) return fail(Errc::kFenced, name_ + ": an older leader epoch than the log has");
  std::array<ByteView, kRunMax> pieces;
  std::uint64_t bytes = 0;
  std::size_t count = 0;
  bool rolled = false;
  for (Offset base = log_end(); count < std::min(batches.size(), kRunMax); ++count) {
    const MutableBytes batch = batches[count];
    auto opened = MutableRecordBatch::open(batch);
    auto frame = BatchFrame::parse(batch);
    if (!opened || !frame || frame->size_bytes != batch.size()) {
      if (count > 0) break;
      return fail(Errc::kInvalidArgument, "not one record batch");
    }
    const std::int64_t delta = frame->last_offset - frame->base_offset;
    if (base.value() > INT64_MAX - 1 - delta) {
      if (count > 0) break;
      return fail(Errc::kOutOfRange, name_ + ": offsets are used up");
    }
    frame->base_offset = base;
    frame->last_offset = base + delta;
    if (must_roll(*frame, bytes)) {
      if (count > 0) break;
      TRY(roll());
      rolled = true;
    }
    opened->set_base_offset(base);
    opened->set_leader_epoch(epoch);
    pieces[count] = batch;
    bytes += batch.size();
    base = frame->next_offset();
  }
  Result<> written = write_batches(std::span(pieces).first(count), bytes);
  if (!written) {
    lock.unlock();
    if (written.error().code != Errc::kNoSpace) announce_failure(written.error());
    return std::unexpected(std::move(written).error());
  }
  for (std::size_t i = 0; i < count; ++i) {
    const BatchFrame frame = *BatchFrame::parse(pieces[i]);  // with its offsets and epoch now
    note_appended(frame);
    infos[i] = {.base_offset = frame.base_offset,
                .last_offset = frame.last_offset,
                .max_timestamp_ms = frame.max_timestamp_ms,
                .rolled = rolled && i == 0};
  }
  return count;
}

namespace {

// The frames of whole, valid, rising batches; an error for anything else.
Result<std::vector<BatchFrame>> frames_of(ByteView batches, Offset expected) {
  std::vector<BatchFrame> frames;
  while (!batches.empty()) {
    const auto frame = BatchFrame::parse(batches);
    if (!frame || frame->size_bytes > batches.size()) return fail(Errc::kCorrupt, "not a whole batch");
    if (!batch_is_valid(batches.first(frame->size_bytes))) return fail(Errc::kCorrupt, "checksum of a fetched batch");
    if (frame->base_offset < expected) return fail(Errc::kOutOfRange, "a batch below the log end");
    expected = frame->next_offset();
    frames.push_back(*frame);
    batches = batches.subspan(frame->size_bytes);
  }
  if (frames.empty()) return fail(Errc::kInvalidArgument, "no batch");
  return frames;
}

}  // namespace

Result<AppendInfo> Log::append_as_follower(ByteView batches) {
  TRY_ASSIGN(const auto frames, frames_of(batches, log_end()));
  std::unique_lock lock(mutex_);
  TRY(writable());
  if (frames.front().base_offset < log_end()) return fail(Errc::kOutOfRange, name_ + ": a batch below the log end");
  AppendInfo info{.base_offset = frames.front().base_offset, .last_offset = frames.back().last_offset};
  // One write for each run of batches that goes into the same segment.
  std::size_t done = 0;
  while (done < frames.size()) {
    if (must_roll(frames[done], 0)) {
      TRY(roll());
      info.rolled = true;
    }
    std::size_t run = 0;
    std::uint64_t run_bytes = 0;
    do {
      run_bytes += frames[done + run].size_bytes;
      ++run;
    } while (done + run < frames.size() && !must_roll(frames[done + run], run_bytes));
    const ByteView piece = batches.first(run_bytes);
    Result<> written = write_batches({&piece, 1}, run_bytes);
    if (!written) {
      lock.unlock();
      if (written.error().code != Errc::kNoSpace) announce_failure(written.error());
      return std::unexpected(std::move(written).error());
    }
    for (std::size_t i = done; i < done + run; ++i) {
      info.max_timestamp_ms = std::max(info.max_timestamp_ms, frames[i].max_timestamp_ms);
      note_appended(frames[i]);
    }
    batches = batches.subspan(run_bytes);
    done += run;
  }
  return info;
}

Error Log::go_offline(Error error) {
  if (!failure_) failure_ = error;
  return *failure_;
}

void Log::announce_failure(const Error& error) {
  directory_.fail(error);
  // Not from here: who appends may hold the very lock that the listener takes.
  directory_.queue().run([weak = weak_from_this(), error] {
    const auto self = weak.lock();
    if (self == nullptr) return;
    const std::scoped_lock lock(self->listener_mutex_);
    if (self->listener_ != nullptr) self->listener_->log_failed(error);
  });
}

std::optional<Error> Log::failure() const {
  {
    const std::scoped_lock lock(mutex_);
    if (failure_) return failure_;
  }
  return directory_.failure();
}

}  // namespace barnabas::storage
