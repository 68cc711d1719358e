// What takes records away: truncation of a follower, retention, DeleteRecords, closing and removing a log.
// Files are shortened or removed so that a power cut at any point leaves a log without a hole, and so that slices
// handed out before keep their bytes.
#include <algorithm>
#include <utility>

#include "base/log.h"
#include "storage/batch_scanner.h"
#include "storage/log.h"
#include "storage/offset_checkpoint.h"

namespace barnabas::storage {
namespace {

constexpr const char* kDeleted = ".deleted";

Path with_suffix(Path path, const char* suffix) {
  path += suffix;
  return path;
}

Result<> copy_prefix(const File& from, File& to, std::uint64_t bytes) {
  Bytes block(std::min<std::uint64_t>(bytes, 1 << 20));
  for (std::uint64_t at = 0; at < bytes;) {
    const auto n = static_cast<std::size_t>(std::min<std::uint64_t>(block.size(), bytes - at));
    TRY(read_exactly(from, at, MutableBytes(block).first(n), ReadMode::kMayWait));
    TRY(to.write_at(at, ByteView(block).first(n)));
    at += n;
  }
  return {};
}

}  // namespace

// ---- truncation ---------------------------------------------------------------------------------------------------

Result<Log::CutPoint> Log::find_cut(Offset offset) {
  CutPoint point;
  {
    const std::scoped_lock lock(mutex_);
    point.place = place_of(segment_of(offset).value_or(0));
  }
  Place& place = point.place;
  if (place.file == nullptr) { TRY_ASSIGN(place.file, place.segment->open_file()); }
  Segment& segment = *place.segment;
  point.position = place.bytes;
  point.end = std::min(offset, place.segment_end);
  TRY(segment.prepare_index(*place.file, place.bytes, place.sealed, ReadMode::kMayWait));
  const auto found = segment.find(*place.file, place.bytes, offset, ReadMode::kMayWait);
  if (found && *found) {
    point.position = (*found)->position;
    point.end = std::min(offset, (*found)->frame.base_offset);
  } else if (!found && found.error().code == Errc::kCorrupt) {
    for (const Damage& damage : segment.damage()) {
      if (damage.from <= offset && offset < damage.to) {
        point.position = damage.position;
        point.end = damage.from;
        break;
      }
    }
  } else if (!found) {
    return std::unexpected(found.error());
  }
  return point;
}

Result<> Log::truncate_to(Offset offset) {
  const std::scoped_lock structure(structure_mutex_);
  {
    const std::scoped_lock lock(mutex_);
    TRY(writable());
    if (offset >= log_end()) return {};
    if (offset < segments_.front()->base) return fail(Errc::kOutOfRange, name_ + ": below the log's first segment");
    cutting_ = true;
  }
  auto point = find_cut(offset);
  Result<> cut = point ? cut_at(*point) : std::unexpected(point.error());
  {
    const std::scoped_lock lock(mutex_);
    cutting_ = false;
    if (cut) return {};
    go_offline(cut.error());
  }
  announce_failure(cut.error());
  return cut;
}

Result<> Log::cut_at(CutPoint& point) {
  std::vector<SegmentPtr> dropped;
  point.place.file.reset();  // so that it does not count as a reader's
  SegmentPtr segment = std::move(point.place.segment);
  std::vector<SyncWaiter> refused;
  {
    const std::scoped_lock lock(mutex_);
    ++generation_;
    const auto kept = std::ranges::find(segments_, segment);
    dropped.assign(kept + 1, segments_.end());
    segments_.erase(kept + 1, segments_.end());
    for (const SegmentPtr& gone : dropped) gone->dropped = true;
    std::erase_if(sealed_dirty_, [&](const SegmentPtr& s) { return s->dropped || s == segment; });
    recent_.clear();
    recent_next_ = 0;
    segment->bytes = point.position;
    segment->next_offset = point.end;
    log_end_.store(point.end.value(), std::memory_order_release);
    if (durable_end() > point.end) durable_end_.store(point.end.value(), std::memory_order_release);
    if (log_start() > point.end) log_start_.store(point.end.value(), std::memory_order_release);
    if (compacted_to() > point.end) compacted_to_.store(point.end.value(), std::memory_order_release);
    if (epochs_.truncate_from_end(point.end)) ++epochs_version_;
    const auto rest = std::ranges::find_if(sync_waiters_, [&](const SyncWaiter& w) { return w.end > point.end; });
    refused.assign(std::make_move_iterator(rest), std::make_move_iterator(sync_waiters_.end()));
    sync_waiters_.erase(rest, sync_waiters_.end());
  }
  for (SyncWaiter& waiter : refused) waiter.done(fail(Errc::kFenced, name_ + ": truncated"));
  // The checkpoint must never promise more than the files hold; the later segments must be gone before the gap appears.
  TRY(directory_.save_recovery_points());
  for (auto gone = dropped.rbegin(); gone != dropped.rend(); ++gone) TRY(drop_files(*gone));
  if (!dropped.empty()) TRY(directory_.disk().sync_directory(folder_));
  TRY(shorten(*segment, point.position));
  TRY(settle_shortened(*segment, point.position, point.end));
  TRY(write_epochs());
  return rebuild_producers(point.end);
}

Result<> Log::shorten(Segment& segment, std::uint64_t position) {
  std::shared_ptr<File> file;
  bool sole = false;
  {
    const std::scoped_lock lock(mutex_);
    file = std::exchange(segment.own, nullptr);
    sole = segment.sole_handle && file != nullptr && file.use_count() == 1;
  }
  const std::shared_ptr<File> cached = directory_.files().forget(segment.log_path);
  if (file == nullptr) file = cached;
  if (file == nullptr) { TRY_ASSIGN(file, directory_.disk().open(segment.log_path, OpenMode::kReadWrite)); }
  if (sole) {
    TRY(file->truncate(position));
    TRY(file->sync());
  } else {
    // Somebody may still send from this file: it keeps its bytes, the log goes on in a copy.
    const Path copy_path = with_suffix(segment.log_path, ".cut");
    TRY_ASSIGN(std::shared_ptr<File> copy, directory_.disk().open(copy_path, OpenMode::kTruncate));
    TRY(copy_prefix(*file, *copy, position));
    TRY(copy->sync());
    TRY(directory_.disk().rename(copy_path, segment.log_path));
    TRY(directory_.disk().sync_directory(folder_));
    file = std::move(copy);
  }
  segment.forget_damage_from(position);
  const std::scoped_lock lock(mutex_);
  segment.own = std::move(file);
  segment.reserved = 0;
  segment.sole_handle = true;
  return {};
}

Result<> Log::settle_shortened(Segment& segment, std::uint64_t position, Offset end) {
  TRY(segment.index.cut(static_cast<std::uint32_t>(position), segment.relative(end)));
  TRY(segment.index.sync());
  TimeEntry largest = segment.index.last_time();
  const std::uint64_t from = segment.index.last_offset().position;
  std::shared_ptr<File> file;
  {
    const std::scoped_lock lock(mutex_);
    file = segment.own;
  }
  BatchScanner scanner(*file, from, position, ReadMode::kMayWait, BatchScanner::Purpose::kLookup);
  while (!scanner.at_end()) {
    TRY_ASSIGN(const auto frame, scanner.peek());
    if (!frame) break;
    if (frame->max_timestamp_ms > largest.timestamp_ms) largest = {frame->max_timestamp_ms, segment.relative(frame->last_offset)};
    scanner.skip(*frame);
  }
  const std::scoped_lock lock(mutex_);
  segment.largest = largest;
  segment.largest_known = true;
  segment.bytes_since_entry = position - from;
  return {};
}

Result<> Log::restart_at(Offset offset) {
  const std::scoped_lock structure(structure_mutex_);
  std::vector<SegmentPtr> dropped;
  std::vector<SyncWaiter> refused;
  const auto restart = [&]() -> Result<> {
    {
      const std::scoped_lock lock(mutex_);
      TRY(writable());
      cutting_ = true;
      ++generation_;
      dropped = std::exchange(segments_, {});
      for (const SegmentPtr& gone : dropped) gone->dropped = true;
      sealed_dirty_.clear();
      recent_.clear();
      recent_next_ = 0;
      // Until the new file is there, an empty segment without one stands in: nothing can be read or appended.
      segments_.push_back(std::make_shared<Segment>(directory_, folder_, offset));
      log_end_.store(offset.value(), std::memory_order_release);
      log_start_.store(offset.value(), std::memory_order_release);
      durable_end_.store(offset.value(), std::memory_order_release);
      compacted_to_.store(offset.value(), std::memory_order_release);
      if (epochs_.clear()) ++epochs_version_;
      producers_.clear();
      refused = std::exchange(sync_waiters_, {});
    }
    TRY(directory_.save_recovery_points());
    for (auto gone = dropped.rbegin(); gone != dropped.rend(); ++gone) TRY(drop_files(*gone));
    for (const Offset at : producer_snapshots()) TRY(directory_.disk().remove(file(segment_file_name(at, ".producers"))));
    TRY(directory_.disk().sync_directory(folder_));
    TRY(write_epochs());
    TRY(directory_.save_log_starts());
    {
      const std::scoped_lock lock(mutex_);
      TRY_ASSIGN(segments_.back(), make_segment(offset));
      snapshot_end_ = Offset(-1);
      cutting_ = false;
    }
    return directory_.disk().sync_directory(folder_);
  };
  Result<> done = restart();
  for (SyncWaiter& waiter : refused) waiter.done(fail(Errc::kFenced, name_ + ": truncated"));
  if (done || done.error().code == Errc::kClosed) return done;
  {
    const std::scoped_lock lock(mutex_);
    go_offline(done.error());
  }
  announce_failure(done.error());
  return done;
}

// ---- retention ----------------------------------------------------------------------------------------------------

void Log::advance_start(Offset offset, DiskQueue::Done done) {
  {
    const std::scoped_lock lock(mutex_);
    if (failure_) return done(std::unexpected(*failure_));
    if (offset > log_end()) return done(fail(Errc::kOutOfRange, name_ + ": above the log end"));
    if (offset > log_start()) {
      log_start_.store(offset.value(), std::memory_order_release);
      if (epochs_.truncate_from_start(offset)) ++epochs_version_;
    }
  }
  directory_.request_save_log_starts(std::move(done));
}

Result<std::size_t> Log::count_deletable(Offset bound, bool& active_too) {
  std::vector<Place> places;
  LogConfig config;
  Offset start;
  {
    const std::scoped_lock lock(mutex_);
    for (std::size_t i = 0; i < segments_.size(); ++i) places.push_back(place_of(i));
    config = config_;
    start = log_start();
  }
  std::uint64_t total = 0;
  for (const Place& place : places) total += place.bytes;
  const std::int64_t now = directory_.clock().wall_ms();
  std::size_t count = 0;
  active_too = false;
  for (Place& place : places) {
    if (place.segment_end > bound || (!place.sealed && place.bytes == 0)) break;
    bool expired = place.sealed && place.segment_end <= start;
    if (!expired && config.delete_old && config.retention_bytes >= 0 && place.sealed) {
      expired = total - place.bytes >= static_cast<std::uint64_t>(config.retention_bytes);
    }
    if (!expired && config.delete_old && config.retention_ms >= 0) {
      TRY_ASSIGN(std::int64_t newest, largest_timestamp(place));
      // A timestamp from the future (or none) says nothing about age: then what we saw ourselves counts (S24).
      if (newest < 0 || newest > now + config.timestamp_after_max_ms) newest = place.segment->created_ms;
      expired = newest <= now && now - newest > config.retention_ms;
    }
    if (!expired) break;
    if (!place.sealed) {
      active_too = true;
      break;
    }
    total -= place.bytes;
    ++count;
  }
  return count;
}

Result<int> Log::apply_retention(Offset bound) {
  const std::scoped_lock structure(structure_mutex_);
  {
    const std::scoped_lock lock(mutex_);
    TRY(writable());
  }
  bool active_too = false;
  TRY_ASSIGN(const std::size_t count, count_deletable(bound, active_too));
  if (count == 0 && !active_too) return 0;
  TRY(delete_oldest(count, active_too));
  return static_cast<int>(count) + (active_too ? 1 : 0);
}

Result<> Log::delete_oldest(std::size_t count, bool roll_first) {
  std::vector<SegmentPtr> dropped;
  {
    const std::scoped_lock lock(mutex_);
    if (roll_first && count + 1 == segments_.size()) {
      TRY(roll());
      ++count;
    }
    ++generation_;
    dropped.assign(segments_.begin(), segments_.begin() + static_cast<std::ptrdiff_t>(count));
    segments_.erase(segments_.begin(), segments_.begin() + static_cast<std::ptrdiff_t>(count));
    for (const SegmentPtr& gone : dropped) gone->dropped = true;
    std::erase_if(sealed_dirty_, [](const SegmentPtr& s) { return s->dropped.load(); });
    const Offset start = std::max(log_start(), segments_.front()->base);
    log_start_.store(start.value(), std::memory_order_release);
    if (durable_end() < start) durable_end_.store(start.value(), std::memory_order_release);
    if (epochs_.truncate_from_start(start)) ++epochs_version_;
  }
  // First the start is durable, then names go: a power cut in between leaves leftovers below the start, never a hole.
  TRY(directory_.save_log_starts());
  for (const SegmentPtr& gone : dropped) {
    log::info("segment deleted", {{"partition", name_}, {"base", gone->base.value()}, {"bytes", gone->bytes}});
    TRY(drop_files(gone));
  }
  return {};
}

Result<> Log::drop_files(const SegmentPtr& segment) {
  std::vector<Path> doomed;
  directory_.files().forget(segment->log_path);
  for (const Path& path : {segment->log_path, segment->index.offset_path(), segment->index.time_path()}) {
    directory_.files().forget(path);
    Path gone = with_suffix(path, kDeleted);
    const Result<> renamed = directory_.disk().rename(path, gone);
    if (renamed) {
      doomed.push_back(std::move(gone));
    } else if (renamed.error().code != Errc::kNotFound) {
      return renamed;
    }
  }
  const MonoTime at = directory_.clock().mono() + std::chrono::milliseconds(config().file_delete_delay_ms);
  directory_.executor().post_at(at, [&disk = directory_.disk(), &queue = directory_.queue(), paths = std::move(doomed)]() mutable {
    queue.run([&disk, paths = std::move(paths)] {
      for (const Path& path : paths) {
        const Result<> removed = disk.remove(path);
        if (!removed && removed.error().code != Errc::kNotFound) log::warn("deleted segment stays", {{"error", removed.error().message}});
      }
    });
  });
  return {};
}

void Log::expire_producers() {
  const std::scoped_lock lock(mutex_);
  producers_.expire(directory_.clock().wall_ms() - config_.producer_expiration_ms);
}

// ---- the end ------------------------------------------------------------------------------------------------------

Result<CleanEnd> Log::clean_end() {
  Place place;
  {
    const std::scoped_lock lock(mutex_);
    place = place_of(segments_.size() - 1);
  }
  Segment& segment = *place.segment;
  CleanEnd end{.log_end = log_end(), .active_base = segment.base, .active_bytes = place.bytes};
  if (place.bytes == 0) return end;
  if (place.file == nullptr) { TRY_ASSIGN(place.file, segment.open_file()); }
  TRY(segment.prepare_index(*place.file, place.bytes, false, ReadMode::kMayWait));
  BatchScanner scanner(*place.file, segment.index.last_offset().position, place.bytes, ReadMode::kMayWait, BatchScanner::Purpose::kLookup);
  while (!scanner.at_end()) {
    TRY_ASSIGN(const auto frame, scanner.peek());
    if (!frame) return fail(Errc::kCorrupt, name_ + ": the active segment is damaged");
    end.last_batch_position = scanner.position();
    end.last_batch_crc = frame->crc;
    scanner.skip(*frame);
  }
  return end;
}

Result<CleanEnd> Log::close() {
  const std::scoped_lock structure(structure_mutex_);
  SegmentPtr last;
  std::vector<std::pair<SegmentPtr, std::shared_ptr<File>>> unsynced;
  bool names = false;
  bool folder = false;
  {
    const std::scoped_lock lock(mutex_);
    TRY(writable());
    closed_ = true;
    last = segments_.back();
    for (const SegmentPtr& segment : std::exchange(sealed_dirty_, {})) unsynced.emplace_back(segment, segment->own);
    unsynced.emplace_back(last, last->own);
    names = std::exchange(names_dirty_, false);
    folder = std::exchange(folder_dirty_, false);
    last->give_back_reserve();
    last->index.add_time(last->largest);
  }
  for (const auto& [segment, data] : unsynced) {
    if (data != nullptr) TRY(data->sync());
    if (log_end() > segment->base) TRY(segment->index.sync());
  }
  TRY(write_epochs());
  TRY(write_producer_snapshot());
  if (folder) {
    TRY_ASSIGN(const auto metadata, directory_.disk().open(file("partition.metadata"), OpenMode::kReadWrite));
    TRY(metadata->sync());
  }
  if (names) TRY(directory_.disk().sync_directory(folder_));
  if (folder) TRY(directory_.disk().sync_directory(directory_.path()));
  durable_end_.store(log_end().value(), std::memory_order_release);
  return clean_end();
}

void Log::fail_waiters(const Error& error) {
  std::vector<SyncWaiter> waiting;
  {
    const std::scoped_lock lock(mutex_);
    waiting = std::exchange(sync_waiters_, {});
  }
  for (SyncWaiter& waiter : waiting) waiter.done(std::unexpected(error));
}

Result<> Log::remove() {
  TRY_ASSIGN(const Path gone, rename_away("delete"));
  if (gone.empty()) return {};
  const MonoTime at = directory_.clock().mono() + std::chrono::milliseconds(config().file_delete_delay_ms);
  directory_.executor().post_at(at, [&disk = directory_.disk(), &queue = directory_.queue(), gone] {
    queue.run([&disk, gone] {
      const Result<> removed = disk.remove_all(gone);
      if (!removed) log::warn("deleted partition stays", {{"folder", gone.native()}, {"error", removed.error().message}});
    });
  });
  return {};
}

Result<> Log::set_aside() {
  TRY_ASSIGN(const Path gone, rename_away("stray"));
  log::warn("log set aside", {{"partition", name_}, {"folder", gone.native()}});
  return {};
}

// Takes the log out of service under a folder name that no partition has; empty if it is out already.
Result<Path> Log::rename_away(std::string_view why) {
  const std::scoped_lock structure(structure_mutex_);
  {
    const std::scoped_lock lock(mutex_);
    if (removed_) return Path();
    removed_ = true;
    ++generation_;
    for (const SegmentPtr& segment : segments_) {
      segment->dropped = true;
      directory_.files().forget(segment->log_path);
      directory_.files().forget(segment->index.offset_path());
      directory_.files().forget(segment->index.time_path());
    }
  }
  directory_.leave(*this);
  fail_waiters({.code = Errc::kClosed, .message = name_ + ": log is removed"});
  std::string unique;
  for (const std::byte byte : Uuid::random(directory_.random()).bytes) {
    constexpr const char* kHex = "0123456789abcdef";
    unique += kHex[std::to_integer<int>(byte) >> 4];
    unique += kHex[std::to_integer<int>(byte) & 15];
  }
  // Kafka's form; a topic's name may take all of a file name, so it is cut to fit.
  const std::string tail = "-" + std::to_string(partition_) + "." + unique + "-" + std::string(why);
  const Path gone = directory_.path() / (topic_.substr(0, 255 - tail.size()) + tail);
  TRY(directory_.disk().rename(folder_, gone));
  return gone;
}

}  // namespace barnabas::storage
