// Reading a log: by offset, by timestamp. What was appended lately is found without an index and without the disk.
#include <algorithm>
#include <iterator>

#include "base/log.h"
#include "model/compression.h"
#include "model/record_reader.h"
#include "storage/batch_scanner.h"
#include "storage/log.h"

namespace barnabas::storage {

std::optional<std::size_t> Log::segment_of(Offset offset) const {
  const auto above = std::ranges::upper_bound(segments_, offset, {}, [](const SegmentPtr& segment) { return segment->base; });
  if (above == segments_.begin()) return std::nullopt;
  return static_cast<std::size_t>(above - segments_.begin()) - 1;
}

Log::Place Log::place_of(std::size_t index) const {
  const SegmentPtr& segment = segments_[index];
  const bool sealed = index + 1 < segments_.size();
  return {.segment = segment,
          .file = segment->own,
          .bytes = segment->bytes,
          .segment_end = sealed ? segments_[index + 1]->base : log_end(),
          .sealed = sealed,
          .generation = generation_};
}

std::optional<ReadResult> Log::read_recent(const ReadRequest& request, Offset bound) const {
  if (recent_.empty() || active().own == nullptr) return std::nullopt;
  const std::size_t count = recent_.size();
  const auto at = [&](std::size_t i) -> const RecentBatch& { return recent_[(recent_next_ + i) % count]; };
  if (request.offset < at(0).base_offset) return std::nullopt;
  // The first batch that ends above the offset; they rise.
  std::size_t low = 0;
  std::size_t high = count;
  while (low < high) {
    const std::size_t middle = (low + high) / 2;
    if (at(middle).next_offset > request.offset) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  if (low == count) return std::nullopt;
  const std::uint64_t begin = at(low).position;
  ReadResult result{.bytes = FileSlice{active().own, begin, 0}, .next_offset = request.offset};
  std::uint64_t length = 0;
  for (std::size_t i = low; i < count && at(i).next_offset <= bound; ++i) {
    const bool fits = length + at(i).bytes <= request.max_bytes || (i == low && request.min_one);
    if (!fits) break;
    length += at(i).bytes;
    result.next_offset = at(i).next_offset;
  }
  std::get<FileSlice>(result.bytes).length = length;
  return result;
}

Result<ReadResult> Log::read(const ReadRequest& request) {
  constexpr int kTries = 8;
  for (int attempt = 0; attempt < kTries; ++attempt) {
    Place place;
    Offset bound;
    {
      const std::scoped_lock lock(mutex_);
      if (failure_) return std::unexpected(*failure_);
      if (removed_) return fail(Errc::kClosed, name_ + ": log is removed");
      if (request.offset < log_start() || request.offset > log_end()) {
        return fail(Errc::kOutOfRange, name_ + ": offset " + std::to_string(request.offset.value()) + " is not in the log");
      }
      bound = std::min(request.upper_bound, log_end());
      if (request.offset >= bound) return ReadResult{.bytes = MemorySlice{}, .next_offset = request.offset};
      if (auto recent = read_recent(request, bound)) return *std::move(recent);
      const auto index = segment_of(request.offset);
      if (!index) return fail(Errc::kOutOfRange, name_ + ": no segment has the offset");
      place = place_of(*index);
    }
    Result<ReadResult> result = read_place(place, request, bound);
    const std::scoped_lock lock(mutex_);
    if (generation_ == place.generation) return result;
  }
  return fail(Errc::kBusy, name_ + ": the log is being cut");
}

Result<ReadResult> Log::read_place(Place& place, const ReadRequest& request, Offset bound) {
  while (true) {
    if (place.file == nullptr) { TRY_ASSIGN(place.file, place.segment->open_file()); }
    Segment& segment = *place.segment;
    TRY(segment.prepare_index(*place.file, place.bytes, place.sealed, request.mode));
    TRY_ASSIGN(const auto first, segment.find(*place.file, place.bytes, request.offset, request.mode));
    if (first) {
      ReadResult result{.bytes = FileSlice{place.file, first->position, 0}, .next_offset = request.offset};
      if (first->frame.next_offset() > bound) return result;
      TRY_ASSIGN(auto end, segment.find_end(*place.file, place.bytes, *first, request.max_bytes, bound, request.mode));
      if (end.position <= first->position) {
        if (!request.min_one) return result;
        end = {first->position + first->frame.size_bytes, first->frame.next_offset()};
      }
      std::get<FileSlice>(result.bytes).length = end.position - first->position;
      result.next_offset = end.next_offset;
      return result;
    }
    for (const Damage& damage : segment.damage()) {
      if (damage.from <= request.offset && request.offset < damage.to) return fail(Errc::kCorrupt, damage.file + ": records are missing");
    }
    // Nothing more in this segment (compaction leaves such ends): the next one has what comes after.
    const std::scoped_lock lock(mutex_);
    if (generation_ != place.generation) return fail(Errc::kBusy, name_ + ": the log is being cut");
    const auto next = std::ranges::upper_bound(segments_, segment.base, {}, [](const SegmentPtr& s) { return s->base; });
    if (next == segments_.end() || (*next)->base >= bound) return ReadResult{.bytes = MemorySlice{}, .next_offset = bound};
    place = place_of(static_cast<std::size_t>(next - segments_.begin()));
  }
}

// ---- by timestamp -------------------------------------------------------------------------------------------------

Result<std::int64_t> Log::largest_timestamp(Place& place) {
  {
    const std::scoped_lock lock(mutex_);
    if (place.segment->largest_known) return place.segment->largest.timestamp_ms;
  }
  if (place.file == nullptr) { TRY_ASSIGN(place.file, place.segment->open_file()); }
  TRY(place.segment->prepare_index(*place.file, place.bytes, place.sealed, ReadMode::kMayWait));
  const std::scoped_lock lock(mutex_);
  place.segment->largest = place.segment->index.last_time();
  place.segment->largest_known = true;
  return place.segment->largest.timestamp_ms;
}

namespace {

// The first record at or after the timestamp in a batch whose largest timestamp is.
Result<std::optional<TimestampedOffset>> first_record(const File& file, const BatchPosition& at, std::int64_t timestamp_ms, Offset start) {
  constexpr std::uint64_t kBatchMax = 128 << 20;
  const TimestampedOffset whole{std::max(start, at.frame.base_offset), at.frame.max_timestamp_ms, at.frame.leader_epoch};
  if (at.frame.size_bytes > kBatchMax) return whole;
  Bytes bytes(at.frame.size_bytes);
  TRY(read_exactly(file, at.position, bytes, ReadMode::kMayWait));
  TRY_ASSIGN(const auto batch, RecordBatchView::open(bytes));
  if (!batch.crc_matches()) return fail(Errc::kCorrupt, "checksum of a batch");
  CompressionContext context;
  RecordReader reader(batch, context);
  while (true) {
    const auto record = reader.next();
    if (!record && record.error().code == Errc::kTooLarge) return whole;
    if (!record) return std::unexpected(record.error());
    if (*record == nullptr) return std::nullopt;
    if (reader.timestamp() >= timestamp_ms && reader.offset() >= start) {
      return TimestampedOffset{reader.offset(), reader.timestamp(), at.frame.leader_epoch};
    }
  }
}

}  // namespace

Result<std::optional<TimestampedOffset>> Log::first_at_or_after(Place& place, std::int64_t timestamp_ms, Offset start) {
  if (place.file == nullptr) { TRY_ASSIGN(place.file, place.segment->open_file()); }
  Segment& segment = *place.segment;
  TRY(segment.prepare_index(*place.file, place.bytes, place.sealed, ReadMode::kMayWait));
  TRY_ASSIGN(const TimeEntry entry, segment.index.floor_time(timestamp_ms, ReadMode::kMayWait));
  Offset from = std::max(start, entry.timestamp_ms < 0 ? segment.base : segment.base + entry.relative_offset + 1);
  while (true) {
    auto found = segment.find(*place.file, place.bytes, from, ReadMode::kMayWait);
    if (!found && found.error().code == Errc::kCorrupt) {
      const auto all = segment.damage();
      const auto damage = std::ranges::find_if(all, [&](const Damage& d) { return d.from <= from && from < d.to; });
      if (damage == all.end()) return std::unexpected(found.error());
      from = damage->to;
      continue;
    }
    if (!found) return std::unexpected(found.error());
    if (!*found) return std::nullopt;
    if ((*found)->frame.max_timestamp_ms >= timestamp_ms) {
      TRY_ASSIGN(const auto record, first_record(*place.file, **found, timestamp_ms, start));
      if (record) return record;
    }
    from = (*found)->frame.next_offset();
  }
}

// A lookup by timestamp walks over many segments: when one goes meanwhile, it begins again.
template <class Look>
auto Log::over_segments(const Look& look) -> decltype(look(std::declval<std::vector<Place>&>(), Offset())) {
  constexpr int kTries = 8;
  for (int attempt = 0; attempt < kTries; ++attempt) {
    std::vector<Place> places;
    Offset start;
    std::uint64_t generation = 0;
    {
      const std::scoped_lock lock(mutex_);
      if (failure_) return std::unexpected(*failure_);
      generation = generation_;
      start = log_start();
      for (std::size_t i = segment_of(start).value_or(0); i < segments_.size(); ++i) places.push_back(place_of(i));
    }
    auto found = look(places, start);
    const std::scoped_lock lock(mutex_);
    if (generation_ == generation) return found;
  }
  return fail(Errc::kBusy, name_ + ": the log is being cut");
}

Result<std::optional<TimestampedOffset>> Log::offset_for_timestamp(std::int64_t timestamp_ms) {
  return over_segments([&](std::vector<Place>& places, Offset start) -> Result<std::optional<TimestampedOffset>> {
    for (Place& place : places) {
      TRY_ASSIGN(const std::int64_t largest, largest_timestamp(place));
      if (largest < timestamp_ms) continue;
      TRY_ASSIGN(const auto found, first_at_or_after(place, timestamp_ms, start));
      if (found) return found;
    }
    return std::nullopt;
  });
}

Result<std::optional<TimestampedOffset>> Log::max_timestamp() {
  const auto largest = over_segments([&](std::vector<Place>& places, Offset) -> Result<std::int64_t> {
    std::int64_t so_far = -1;
    for (Place& place : places) {
      TRY_ASSIGN(const std::int64_t of_segment, largest_timestamp(place));
      so_far = std::max(so_far, of_segment);
    }
    return so_far;
  });
  if (!largest) return std::unexpected(largest.error());
  if (*largest < 0) return std::nullopt;
  return offset_for_timestamp(*largest);
}

Result<std::vector<Damage>> Log::scrub() {
  const std::scoped_lock structure(structure_mutex_);  // what is being read must not be cut or swapped meanwhile
  std::vector<Place> places;
  {
    const std::scoped_lock lock(mutex_);
    for (std::size_t i = 0; i < segments_.size(); ++i) places.push_back(place_of(i));
  }
  std::vector<Damage> found;
  for (Place& place : places) {
    if (place.file == nullptr) { TRY_ASSIGN(place.file, place.segment->open_file()); }
    Segment& segment = *place.segment;
    BatchScanner scanner(*place.file, 0, place.bytes, ReadMode::kMayWait, BatchScanner::Purpose::kVerify);
    Offset expected = segment.base;
    while (!scanner.at_end()) {
      TRY_ASSIGN(const auto verified, segment.verify_next(*place.file, place.bytes, scanner, expected));
      if (verified) expected = verified->next_offset();
      if (!verified) expected = std::max(expected, segment.damage_end(scanner.position()));
    }
    for (Damage& damage : segment.damage()) found.push_back(std::move(damage));
  }
  return found;
}

std::uint64_t Log::size_bytes() const {
  const std::scoped_lock lock(mutex_);
  std::uint64_t total = 0;
  for (const SegmentPtr& segment : segments_) total += segment->bytes;
  return total;
}

std::vector<SegmentInfo> Log::segments() const {
  const std::scoped_lock lock(mutex_);
  std::vector<SegmentInfo> all;
  for (std::size_t i = 0; i < segments_.size(); ++i) {
    const Place place = place_of(i);
    all.push_back({place.segment->base, place.segment_end, place.bytes, place.segment->largest.timestamp_ms, !place.sealed});
  }
  return all;
}

std::size_t Log::producer_count() const {
  const std::scoped_lock lock(mutex_);
  return producers_.size();
}

std::vector<ProducerSummary> Log::producers() const {
  const std::scoped_lock lock(mutex_);
  return producers_.summaries();
}

std::optional<Offset> Log::first_open_transaction() const {
  const std::scoped_lock lock(mutex_);
  return producers_.first_open_transaction();
}

void Log::set_config(const LogConfig& config) {
  const std::scoped_lock lock(mutex_);
  config_ = config;
}

LogConfig Log::config() const {
  const std::scoped_lock lock(mutex_);
  return config_;
}

}  // namespace barnabas::storage
