// What compaction may take of a log, and whether that is worth a pass. Rules are Kafka's: never the active segment, never
// what is not durable and committed, nothing younger than min.compaction.lag.ms.
#include <algorithm>

#include "storage/batch_scanner.h"
#include "storage/log.h"

namespace barnabas::storage {

void Log::set_compacted_to(Offset offset) {
  const std::scoped_lock lock(mutex_);
  compacted_to_.store(std::min(offset, log_end()).value(), std::memory_order_release);
}

bool Log::is_last_of_producer(ProducerId producer, Offset last_offset) const {
  const std::scoped_lock lock(mutex_);
  return producers_.is_last(producer, last_offset);
}

Result<std::int64_t> Log::first_timestamp(Place& place) {
  {
    const std::scoped_lock lock(mutex_);
    if (place.segment->first_timestamp_ms >= 0) return place.segment->first_timestamp_ms;
  }
  if (place.file == nullptr) { TRY_ASSIGN(place.file, place.segment->open_file()); }
  BatchScanner scanner(*place.file, 0, place.bytes, ReadMode::kMayWait, BatchScanner::Purpose::kLookup);
  TRY_ASSIGN(const auto frame, scanner.peek());
  if (!frame) return -1;
  const std::scoped_lock lock(mutex_);
  place.segment->first_timestamp_ms = frame->max_timestamp_ms;
  return frame->max_timestamp_ms;
}

Result<std::optional<Compactable>> Log::compactable(Offset bound) {
  const std::scoped_lock structure(structure_mutex_);
  LogConfig config;
  Compactable found;
  std::vector<Place> dirty;
  {
    const std::scoped_lock lock(mutex_);
    if (!config_.compact || !writable() || segments_.size() < 2) return std::nullopt;
    config = config_;
    found.first_dirty = std::max(compacted_to(), log_start());
    if (active().base <= found.first_dirty) return std::nullopt;
    const Offset limit = std::min({bound, durable_end(), active().base});
    for (std::size_t i = 0; i + 1 < segments_.size(); ++i) {
      Place place = place_of(i);
      if (place.segment_end <= found.first_dirty) {
        found.clean_bytes += place.bytes;
      } else if (place.segment_end <= limit && place.segment->own == nullptr) {
        dirty.push_back(std::move(place));
      } else {
        break;
      }
    }
  }
  const std::int64_t now = directory_.clock().wall_ms();
  found.end = found.first_dirty;
  std::int64_t earliest = INT64_MAX;
  for (Place& place : dirty) {
    if (config.min_compaction_lag_ms > 0) {
      TRY_ASSIGN(const std::int64_t newest, largest_timestamp(place));
      if (newest > now - config.min_compaction_lag_ms) break;
    }
    if (config.max_compaction_lag_ms < INT64_MAX) {
      TRY_ASSIGN(const std::int64_t first, first_timestamp(place));
      if (first > 0) earliest = std::min(earliest, first);
    }
    found.end = place.segment_end;
    found.dirty_bytes += place.bytes;
  }
  if (found.dirty_bytes == 0) return std::nullopt;
  found.overdue = config.max_compaction_lag_ms < INT64_MAX && earliest < now - config.max_compaction_lag_ms;
  return found;
}

Result<std::vector<SealedSegment>> Log::sealed_below(Offset end) {
  const std::scoped_lock structure(structure_mutex_);
  std::vector<SealedSegment> all;
  {
    const std::scoped_lock lock(mutex_);
    TRY(writable());
    for (std::size_t i = 0; i + 1 < segments_.size(); ++i) {
      const Place place = place_of(i);
      if (place.segment_end > end) break;
      all.push_back({.segment = place.segment, .file = place.file, .bytes = place.bytes, .end = place.segment_end});
    }
  }
  for (SealedSegment& sealed : all) {
    if (sealed.file == nullptr) { TRY_ASSIGN(sealed.file, sealed.segment->open_file()); }
  }
  return all;
}

}  // namespace barnabas::storage
