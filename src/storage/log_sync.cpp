// Durability of a log: who asks while a sync runs shares the next one; a failed sync is the end.
#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/log.h"
#include "storage/log.h"

namespace barnabas::storage {

// What one sync must write out; put together under the lock, carried out without it.
struct Log::SyncPlan {
  Offset end;
  std::uint64_t generation = 0;
  std::vector<std::pair<SegmentPtr, std::shared_ptr<File>>> sealed;
  std::shared_ptr<File> active;
  bool names = false;
  bool folder = false;
  bool epochs = false;
  std::int64_t bytes = 0;
  MonoTime begun;

  bool only_active() const { return sealed.empty() && !names && !folder && !epochs; }
};

void Log::set_listener(LogListener* listener) {
  const std::scoped_lock lock(listener_mutex_);
  listener_ = listener;
}

void Log::request_sync(DiskQueue::Done done) {
  {
    const std::scoped_lock lock(mutex_);
    if (!failure_ && (log_end() > durable_end() || names_dirty_ || folder_dirty_ || sync_running_) && !removed_) {
      sync_waiters_.push_back({log_end(), std::move(done)});
      if (!sync_running_) start_sync();
      return;
    }
  }
  if (auto error = failure()) return done(std::unexpected(*std::move(error)));
  done({});
}

void Log::start_sync() {
  SyncPlan plan;
  plan.begun = directory_.clock().mono();
  plan.end = log_end();
  plan.generation = generation_ - swaps_;
  plan.active = active().own;
  for (const SegmentPtr& segment : sealed_dirty_) plan.sealed.emplace_back(segment, segment->own);
  sealed_dirty_.clear();
  plan.names = std::exchange(names_dirty_, false);
  plan.folder = std::exchange(folder_dirty_, false);
  // One epoch from the log's beginning can be read off its batches; the periodic tick writes it down.
  plan.epochs = epochs_version_ != epochs_written_ && epochs_.entries().size() > 1;
  plan.bytes = std::exchange(unsynced_bytes_, 0);
  unsynced_since_ms_ = -1;
  sync_running_ = true;
  auto self = shared_from_this();
  if (plan.only_active() && plan.active != nullptr) {
    auto file = plan.active;
    directory_.queue().sync(std::move(file), [self, moved = std::move(plan)](Result<> result) mutable {
      self->finish_sync(std::move(moved), std::move(result));
    });
    return;
  }
  directory_.queue().run([self, moved = std::move(plan)]() mutable {
    Result<> result = self->carry_out(moved);
    self->finish_sync(std::move(moved), std::move(result));
  });
}

Result<> Log::carry_out(SyncPlan& plan) {
  if (plan.epochs) {
    Result<> written = write_epochs();
    if (!written && written.error().code != Errc::kNoSpace) return written;
  }
  for (const auto& [segment, file] : plan.sealed) {
    if (file != nullptr) TRY(file->sync());  // without one it was given back, which only a clean segment is
    if (segment->dropped) continue;
    const Result<> index = segment->index.sync();
    if (!index) log::warn("index not synced", {{"partition", name_}, {"error", index.error().message}});
  }
  if (plan.active != nullptr) TRY(plan.active->sync());
  if (plan.folder) {
    // The checkpoints may still hold a line of an earlier log of this name.
    TRY(directory_.save_recovery_points());
    TRY(directory_.save_compacted());
    TRY_ASSIGN(const auto metadata, directory_.disk().open(file("partition.metadata"), OpenMode::kReadWrite));
    TRY(metadata->sync());
  }
  if (plan.names) TRY(directory_.disk().sync_directory(folder_));
  if (plan.folder) TRY(directory_.disk().sync_directory(directory_.path()));
  return {};
}

void Log::finish_sync(SyncPlan plan, Result<> result) {
  std::vector<SyncWaiter> finished;
  std::optional<Error> failed;
  bool moved = false;
  {
    const std::scoped_lock lock(mutex_);
    sync_running_ = false;
    if (!result && !removed_) {
      Error error = std::move(result).error();
      error.message = name_ + ": " + error.message;
      failed = go_offline(std::move(error));
      finished = std::exchange(sync_waiters_, {});
    } else {
      for (const auto& [segment, file] : plan.sealed) {
        if (segment->own == nullptr || segment->dropped || segment == segments_.back()) continue;
        give_to_cache(*segment);
      }
      if (plan.generation == generation_ - swaps_ && plan.end > durable_end()) {
        durable_end_.store(plan.end.value(), std::memory_order_release);
        moved = true;
      }
      const Offset durable = durable_end();
      // They are in order of their ends.
      const auto rest = std::ranges::find_if(sync_waiters_, [&](const SyncWaiter& w) { return w.end > durable && !removed_; });
      finished.assign(std::make_move_iterator(sync_waiters_.begin()), std::make_move_iterator(rest));
      sync_waiters_.erase(sync_waiters_.begin(), rest);
      if (!sync_waiters_.empty()) start_sync();
    }
  }
  SyncMetrics& metrics = directory_.syncs();
  metrics.seconds.record((directory_.clock().mono() - plan.begun).count());
  metrics.group_sizes.record(static_cast<std::int64_t>(finished.size()));
  if (failed) metrics.failed.add();
  if (failed) announce_failure(*failed);
  if (moved) {
    const std::scoped_lock lock(listener_mutex_);
    if (listener_ != nullptr) listener_->durable_end_moved(durable_end());
  }
  for (SyncWaiter& waiter : finished) {
    if (failed) {
      waiter.done(std::unexpected(*failed));
    } else {
      waiter.done({});
    }
  }
}

void Log::give_to_cache(Segment& segment) {
  segment.give_back_reserve();
  segment.sole_handle = false;
  directory_.files().put(segment.log_path, std::exchange(segment.own, nullptr));
}

bool Log::wants_flush() const {
  constexpr std::int64_t kBytesMax = 64 << 20;  // what a power cut may take without `fsync`, and the disk is behind by
  constexpr std::int64_t kAgeMaxMs = 60'000;
  const std::scoped_lock lock(mutex_);
  if (failure_ || sync_running_ || removed_ || closed_) return false;
  if (log_end() == durable_end()) return names_dirty_ && last_append_ms_ > 0;
  const std::int64_t age = unsynced_since_ms_ < 0 ? 0 : directory_.clock().wall_ms() - unsynced_since_ms_;
  return unsynced_bytes_ >= kBytesMax || log_end() - durable_end() >= config_.flush_messages ||
         age >= std::min(config_.flush_ms, kAgeMaxMs);
}

// ---- the files beside the segments --------------------------------------------------------------------------------

Offset Log::kernel_end() const {
  const std::scoped_lock lock(mutex_);
  const bool epochs_written = epochs_version_ == epochs_written_ || epochs_.entries().size() <= 1;
  return epochs_written ? log_end() : durable_end();
}

Result<> Log::write_epochs() {
  const std::scoped_lock one_writer(epoch_file_mutex_);
  std::string text;
  std::uint64_t version = 0;
  bool can_be_lost = false;
  {
    const std::scoped_lock lock(mutex_);
    if (epochs_version_ == epochs_written_ || removed_) return {};
    text = epochs_.text();
    version = epochs_version_;
    can_be_lost = epochs_.entries().size() <= 1;
  }
  // A single epoch is read off the batches again when the file is missing or damaged: a new log need not wait for two syncs.
  const Path target = file(EpochCache::kFileName);
  TRY(can_be_lost ? replace_file_unsynced(directory_.disk(), target, as_bytes(text))
                  : replace_file(directory_.disk(), target, as_bytes(text)));
  const std::scoped_lock lock(mutex_);
  epochs_written_ = version;
  return {};
}

void Log::begin_epoch(LeaderEpoch epoch, DiskQueue::Done done) {
  {
    const std::scoped_lock lock(mutex_);
    if (epochs_.assign(epoch, log_end())) ++epochs_version_;
    const bool never_held_a_record = segments_.size() == 1 && log_end() == active().base && epochs_.entries().size() <= 1;
    if (epochs_version_ != epochs_written_ && !never_held_a_record) {
      directory_.queue().run([self = shared_from_this(), finished = std::move(done)]() mutable { finished(self->write_epochs()); });
      return;
    }
  }
  done({});
}

LeaderEpoch Log::latest_epoch() const {
  const std::scoped_lock lock(mutex_);
  return epochs_.latest();
}

EpochEnd Log::end_offset_for_epoch(LeaderEpoch epoch) const {
  const std::scoped_lock lock(mutex_);
  return epochs_.end_offset_for(epoch, log_end());
}

LeaderEpoch Log::epoch_of(Offset offset) const {
  const std::scoped_lock lock(mutex_);
  return epochs_.epoch_of(offset);
}

Result<> Log::write_producer_snapshot() {
  Bytes bytes;
  Offset end;
  {
    const std::scoped_lock lock(mutex_);
    if (removed_ || snapshot_end_ == log_end()) return {};
    end = log_end();
    bytes = producers_.snapshot(end);
    bytes_since_snapshot_ = 0;
  }
  // Not synced: it carries a checksum, and losing it costs a scan.
  TRY(replace_file_unsynced(directory_.disk(), file(segment_file_name(end, ".producers")), bytes));
  {
    const std::scoped_lock lock(mutex_);
    snapshot_end_ = end;
  }
  std::vector<Offset> all = producer_snapshots();
  constexpr std::size_t kKept = 3;
  for (std::size_t i = 0; i + kKept < all.size(); ++i) {
    const Result<> gone = directory_.disk().remove(file(segment_file_name(all[i], ".producers")));
    if (!gone) log::debug("old producer snapshot stays", {{"partition", name_}, {"error", gone.error().message}});
  }
  return {};
}

Result<> Log::maintain(bool release_idle_file) {
  constexpr std::uint64_t kSnapshotBytes = 16 << 20;
  constexpr std::int64_t kIdleMs = 60'000;
  const std::scoped_lock structure(structure_mutex_);
  SegmentPtr last;
  bool snapshot = false;
  {
    const std::scoped_lock lock(mutex_);
    if (removed_ || closed_ || failure_) return {};
    last = segments_.back();
    snapshot = bytes_since_snapshot_ >= kSnapshotBytes;
  }
  TRY(write_epochs());
  TRY(last->index.flush());
  if (snapshot) TRY(write_producer_snapshot());
  if (!release_idle_file) return {};
  const std::scoped_lock lock(mutex_);
  const bool idle = directory_.clock().wall_ms() - last_append_ms_ > kIdleMs && log_end() == durable_end() && !sync_running_;
  if (idle && last == segments_.back() && last->own != nullptr) give_to_cache(*last);
  return {};
}

}  // namespace barnabas::storage
