#include "storage/log_recovery.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/log.h"
#include "storage/batch_scanner.h"
#include "storage/log_swap.h"
#include "storage/offset_checkpoint.h"

namespace barnabas::storage {

LogRecovery::LogRecovery(Log& log, const RecoveryFacts& facts) : log_(log), facts_(facts) {}

Result<> LogRecovery::run() {
  TRY(take_stock());
  TRY(load_metadata());
  TRY_ASSIGN(log_.report_.clean, try_clean());
  if (!log_.report_.clean) TRY(scan());
  TRY(drop_below_start());
  TRY(finish_segments());
  TRY(load_epochs());
  TRY(log_.rebuild_producers(end_));
  TRY(make_durable());
  for (const auto& segment : log_.segments_) {
    log_.report_.rebuilt_indexes += segment->rebuilds();
    for (Damage& damage : segment->damage()) log_.report_.damage.push_back(std::move(damage));
  }
  return {};
}

// ---- the folder ---------------------------------------------------------------------------------------------------

Result<std::vector<std::string>> LogRecovery::file_names() {
  TRY_ASSIGN(const auto entries, disk().list(log_.folder_));
  std::vector<std::string> names;
  for (const DirectoryEntry& entry : entries) {
    if (!entry.is_directory) names.push_back(entry.name);
  }
  return names;
}

Result<> LogRecovery::take_stock() {
  std::vector<std::string> names;
  TRY_ASSIGN(names, file_names());
  TRY_ASSIGN(const bool swapped, finish_swaps(disk(), log_.folder_, names));
  if (swapped) { TRY_ASSIGN(names, file_names()); }
  TRY(tidy(names));
  std::vector<Offset> bases;
  for (const std::string& name : names) {
    if (const auto base = parse_segment_file_name(name, ".log")) bases.push_back(*base);
  }
  std::ranges::sort(bases);
  return load_segments(bases);
}

// Leftovers of what a crash interrupted, and indexes without a log, which another segment must not inherit.
Result<> LogRecovery::tidy(const std::vector<std::string>& names) {
  const std::set<std::string> all(names.begin(), names.end());
  for (const std::string& name : names) {
    bool leftover = name.ends_with(".deleted") || name.ends_with(".tmp") || name.ends_with(".cut") || name.ends_with(kCleanedSuffix) ||
                    name.ends_with(kSwapSuffix);
    for (const std::string_view extension : {".index", ".timeindex", ".txnindex"}) {
      const auto base = parse_segment_file_name(name, extension);
      if (base && !all.contains(segment_file_name(*base, ".log"))) leftover = true;
    }
    if (!leftover) continue;
    TRY(disk().remove(log_.file(name)));
    names_changed_ = true;
  }
  return {};
}

Result<> LogRecovery::load_metadata() {
  const auto text = read_file(disk(), log_.file("partition.metadata"), 4096);
  if (!text && text.error().code != Errc::kNotFound && text.error().code != Errc::kTooLarge) return std::unexpected(text.error());
  const auto id = text ? parse_partition_metadata(*text) : std::nullopt;
  if (id) log_.topic_id_ = *id;
  if (!id) log::warn("partition has no readable topic id", {{"partition", log_.name_}});
  return {};
}

Result<> LogRecovery::load_segments(const std::vector<Offset>& bases) {
  for (const Offset base : bases) {
    auto segment = std::make_shared<Segment>(log_.directory_, log_.folder_, base);
    TRY_ASSIGN(std::shared_ptr<File> file, disk().open(segment->log_path, OpenMode::kReadWrite));
    TRY_ASSIGN(const std::uint64_t bytes, file->size());
    if (bytes > UINT32_MAX) return fail(Errc::kCorrupt, segment->log_path.string() + ": larger than a segment can be");
    segment->bytes = bytes;
    segment->largest_known = false;
    segment->own = std::move(file);
    file_bytes_.push_back(bytes);
    if (log_.segments_.size() > 0) {
      Segment& before = *log_.segments_.back();
      before.next_offset = base;
      log_.give_to_cache(before);  // only the last one stays open for certain
    }
    log_.segments_.push_back(std::move(segment));
  }
  if (!log_.segments_.empty()) return {};
  const Offset start = std::max(facts_.log_start, facts_.recovery_point.value_or(Offset(0)));
  TRY_ASSIGN(auto segment, log_.make_segment(start));
  log_.segments_.push_back(std::move(segment));
  file_bytes_.push_back(0);
  names_changed_ = true;
  changed_ = true;
  return {};
}

// A start above the end is the line of another log, or rubbish: then nothing is dropped for it.
Result<> LogRecovery::drop_below_start() {
  start_ = facts_.log_start <= end_ ? facts_.log_start : Offset(0);
  if (start_ != facts_.log_start)
    log::error("log start is above the log end and ignored", {{"partition", log_.name_}, {"start", facts_.log_start.value()}});
  while (log_.segments_.size() > 1 && log_.segments_[1]->base <= start_) {
    TRY(log_.drop_files(log_.segments_.front()));
    log_.segments_.erase(log_.segments_.begin());
    file_bytes_.erase(file_bytes_.begin());
    names_changed_ = true;
  }
  return {};
}

// ---- the segments -------------------------------------------------------------------------------------------------

// S7: the marker is believed only when the file is as long as it says and ends with the batch it says.
Result<bool> LogRecovery::try_clean() {
  if (!facts_.clean_end) return false;
  const CleanEnd& told = *facts_.clean_end;
  Segment& last = log_.active();
  if (last.base != told.active_base || last.bytes != told.active_bytes) return false;
  if (told.active_bytes == 0) {
    end_ = told.log_end;
    return end_ == last.base;
  }
  if (told.last_batch_position >= last.bytes) return false;
  BatchScanner scanner(*last.own, told.last_batch_position, last.bytes, ReadMode::kMayWait, BatchScanner::Purpose::kVerify);
  TRY_ASSIGN(const auto frame, scanner.peek());
  if (!frame || frame->crc != told.last_batch_crc || frame->next_offset() != told.log_end || frame->last_offset - last.base > INT32_MAX) {
    return false;
  }
  if (told.last_batch_position + frame->size_bytes != last.bytes) return false;
  TRY_ASSIGN(const bool right, scanner.crc_matches(*frame));
  if (!right) return false;
  TRY(last.prepare_index(*last.own, last.bytes, false, ReadMode::kMayWait));
  end_ = told.log_end;
  return true;
}

Result<> LogRecovery::scan() {
  changed_ = true;
  std::size_t first = 0;
  if (const auto from = scan_from()) {
    while (first + 1 < log_.segments_.size() && log_.segments_[first + 1]->base <= *from) ++first;
  }
  end_ = log_.segments_[first]->base;
  for (std::size_t i = first; i < log_.segments_.size(); ++i) {
    const Offset base = log_.segments_[i]->base;
    if (base != end_ && i > first) {
      // Segments above the recovery point follow each other without a gap, or a power cut has taken what was between.
      if (!below_recovery_point(end_) || base < end_) return drop_later(i - 1);
      log::warn("segments do not follow each other", {{"partition", log_.name_}, {"end", end_.value()}, {"next", base.value()}});
    }
    end_ = base;
    TRY_ASSIGN(const bool go_on, scan_segment(i));
    if (!go_on) return drop_later(i);
  }
  if (facts_.recovery_point && end_ < *facts_.recovery_point) {
    log::error("log ends below its recovery point, synced records are lost",
               {{"partition", log_.name_}, {"end", end_.value()}, {"recovery_point", facts_.recovery_point->value()}});
    log_.report_.damage.push_back(
        {.from = end_, .to = *facts_.recovery_point, .file = log_.active().log_path.native(), .why = "log ends below its recovery point"});
  }
  return {};
}

// Where to begin: at the last index entry below what need not be read, if there is a batch there as the entry says.
Result<std::uint64_t> LogRecovery::trusted_position(Segment& segment, const File& file, bool sealed) {
  const auto from_scratch = [&]() -> Result<std::uint64_t> {
    TRY(segment.index.replace({}, {}));
    return 0;
  };
  auto usable = segment.index.check(segment.bytes, sealed, ReadMode::kMayWait);
  if (!usable || !*usable) {
    ++log_.report_.rebuilt_indexes;
    return from_scratch();
  }
  const auto from = scan_from();
  if (!from || *from <= segment.base) return from_scratch();
  const Offset below = std::min(*from - 1, segment.base + INT32_MAX);
  TRY_ASSIGN(const OffsetEntry entry, segment.index.floor_offset(segment.relative(below), ReadMode::kMayWait));
  if (entry.position == 0) return from_scratch();
  BatchScanner scanner(file, entry.position, segment.bytes, ReadMode::kMayWait, BatchScanner::Purpose::kVerify);
  TRY_ASSIGN(const auto frame, scanner.peek());
  bool right = frame && frame->last_offset == segment.base + entry.relative_offset;
  if (right) { TRY_ASSIGN(right, scanner.crc_matches(*frame)); }
  if (!right) {
    ++log_.report_.rebuilt_indexes;
    return from_scratch();
  }
  TRY(segment.index.cut(entry.position + 1, entry.relative_offset + 1));
  segment.largest = segment.index.last_time();
  return entry.position;
}

Result<bool> LogRecovery::scan_segment(std::size_t index) {
  Segment& segment = *log_.segments_[index];
  std::shared_ptr<File> file = segment.own;
  if (file == nullptr) { TRY_ASSIGN(file, segment.open_file()); }
  scanned_.push_back(log_.segments_[index]);
  const std::uint64_t limit = file_bytes_[index];
  TRY(file->truncate(limit));  // a killed process may have left reserved room behind the end
  TRY_ASSIGN(const std::uint64_t from, trusted_position(segment, *file, index + 1 < log_.segments_.size()));
  segment.bytes = from;
  segment.largest_known = true;
  log_.report_.scanned_bytes += limit - from;
  BatchScanner scanner(*file, from, limit, ReadMode::kMayWait, BatchScanner::Purpose::kVerify);
  Offset expected = segment.base;
  while (!scanner.at_end()) {
    TRY_ASSIGN(const auto frame, scanner.peek());
    bool valid = frame && frame->base_offset >= expected && frame->last_offset - segment.base <= INT32_MAX;
    if (valid) { TRY_ASSIGN(valid, scanner.crc_matches(*frame)); }
    if (!valid) {
      TRY_ASSIGN(const bool go_on, bad_bytes(index, scanner, expected));
      if (!go_on) return false;
      expected = std::max(expected, segment.damage_end(scanner.position()));
      segment.bytes = scanner.position();
      end_ = std::max(end_, std::min(expected, index + 1 < log_.segments_.size() ? log_.segments_[index + 1]->base : expected));
      continue;
    }
    segment.count_in(*frame, log_.config_.index_interval_bytes);
    if (seen_epochs_.empty() || frame->leader_epoch > seen_epochs_.back().epoch)
      seen_epochs_.push_back({frame->leader_epoch, frame->base_offset});
    expected = frame->next_offset();
    end_ = expected;
    scanner.skip(*frame);
  }
  return true;
}

// No valid batch begins at the scanner's position. True: it was damage, the scanner stands behind it.
Result<bool> LogRecovery::bad_bytes(std::size_t index, BatchScanner& scanner, Offset expected) {
  Segment& segment = *log_.segments_[index];
  const std::uint64_t position = scanner.position();
  const bool sealed = index + 1 < log_.segments_.size();
  const std::uint64_t limit = file_bytes_[index];
  if (!below_recovery_point(expected)) {
    TRY(cut(segment, position));
    return false;
  }
  TRY_ASSIGN(const auto next, scanner.find_next_valid(expected));
  Damage damage{.from = expected,
                .to = expected,
                .file = segment.log_path.native(),
                .position = position,
                .length = limit - position,
                .why = "no valid batch"};
  if (next) {
    scanner.move_to(*next);
    TRY_ASSIGN(const auto frame, scanner.peek());
    damage.to = frame->base_offset;
    damage.length = *next - position;
  } else if (sealed) {
    damage.to = log_.segments_[index + 1]->base;
    scanner.move_to(limit);
  } else if (facts_.recovery_point && *facts_.recovery_point - expected <= static_cast<std::int64_t>(limit - position) * 1024) {
    TRY(keep_tail_and_go_on_at(segment, position, expected, *facts_.recovery_point));
    scanner.move_to(limit);
    return true;
  } else {
    TRY(cut(segment, position));
    return false;
  }
  log::error("log is damaged, what lies behind is kept", {{"file", damage.file},
                                                          {"position", position},
                                                          {"bytes", damage.length},
                                                          {"from_offset", damage.from.value()},
                                                          {"to_offset", damage.to.value()}});
  segment.add_damage(std::move(damage));
  return true;
}

// Synced records at the end of the log are damaged. Their offsets are not given out again: a new segment begins where
// they ended.
Result<> LogRecovery::keep_tail_and_go_on_at(Segment& segment, std::uint64_t position, Offset from, Offset to) {
  Damage damage{
      .from = from, .to = to, .file = segment.log_path.native(), .position = position, .length = segment.bytes, .why = "no valid batch"};
  damage.length = file_bytes_.back() - position;
  log::error("the end of the log is damaged, it goes on behind",
             {{"file", damage.file}, {"position", position}, {"from_offset", from.value()}, {"to_offset", to.value()}});
  segment.add_damage(std::move(damage));
  end_ = to;
  TRY_ASSIGN(auto next, log_.make_segment(to));
  log_.segments_.push_back(std::move(next));
  file_bytes_.push_back(0);
  names_changed_ = true;
  return {};
}

Result<> LogRecovery::cut(Segment& segment, std::uint64_t position) {
  std::shared_ptr<File> file = segment.own;
  if (file == nullptr) { TRY_ASSIGN(file, segment.open_file()); }
  TRY_ASSIGN(const std::uint64_t bytes, file->size());
  log::warn("torn tail cut", {{"file", segment.log_path.native()}, {"position", position}, {"bytes", bytes - position}});
  log_.report_.cut_bytes += bytes - position;
  TRY(file->truncate(position));
  segment.bytes = position;
  if (segment.own == nullptr) {
    segment.own = std::move(file);
    segment.sole_handle = false;
  }
  return {};
}

Result<> LogRecovery::drop_later(std::size_t index) {
  while (log_.segments_.size() > index + 1) {
    log::warn("unsynced segment dropped", {{"file", log_.segments_.back()->log_path.native()}});
    TRY(log_.drop_files(log_.segments_.back()));
    log_.segments_.pop_back();
    file_bytes_.pop_back();
    ++log_.report_.dropped_segments;
    names_changed_ = true;
  }
  return {};
}

Result<> LogRecovery::finish_segments() {
  for (std::size_t i = 0; i + 1 < log_.segments_.size(); ++i) {
    Segment& sealed = *log_.segments_[i];
    sealed.next_offset = log_.segments_[i + 1]->base;
    if (sealed.largest_known) sealed.index.add_time(sealed.largest);
  }
  Segment& last = log_.active();
  if (last.own == nullptr) {
    TRY_ASSIGN(last.own, last.open_file());
    last.sole_handle = false;
  }
  last.next_offset = end_;
  if (!last.largest_known) last.largest = last.index.last_time();
  last.largest_known = true;
  if (last.bytes > 0) {
    BatchScanner scanner(*last.own, 0, last.bytes, ReadMode::kMayWait, BatchScanner::Purpose::kLookup);
    TRY_ASSIGN(const auto frame, scanner.peek());
    if (frame) last.first_timestamp_ms = frame->max_timestamp_ms;
    if (log_.report_.clean) last.bytes_since_entry = last.bytes - last.index.last_offset().position;
  }
  const Offset start = std::max(start_, log_.segments_.front()->base);
  log_.log_start_ = start.value();
  log_.log_end_ = end_.value();
  log_.durable_end_ = end_.value();
  // The line of a log that was longer says nothing about this one.
  if (facts_.compacted_to <= end_) log_.compacted_to_ = facts_.compacted_to.value();
  return {};
}

// ---- beside the segments ------------------------------------------------------------------------------------------

Result<> LogRecovery::load_epochs() {
  const auto text = read_file(disk(), log_.file(EpochCache::kFileName), 64 << 20);
  auto parsed = text ? EpochCache::parse(*text) : Result<EpochCache>(std::unexpected(text.error()));
  if (parsed) {
    log_.epochs_ = std::move(*parsed);
  } else if (end_ > Offset(log_.log_start_)) {
    log::warn("leader epochs read off the batches again", {{"partition", log_.name_}, {"why", parsed.error().message}});
    std::vector<Log::Place> places;
    for (std::size_t i = 0; i < log_.segments_.size(); ++i) places.push_back(log_.place_of(i));
    seen_epochs_.clear();
    TRY(Log::each_frame(std::move(places), log_.segments_.front()->base, [&](const BatchFrame& frame) {
      if (seen_epochs_.empty() || frame.leader_epoch > seen_epochs_.back().epoch)
        seen_epochs_.push_back({frame.leader_epoch, frame.base_offset});
    }));
  }
  const std::string before = log_.epochs_.text();
  log_.epochs_.truncate_from_end(end_);
  for (const EpochStart& seen : seen_epochs_) {
    if (seen.epoch > log_.epochs_.latest()) log_.epochs_.assign(seen.epoch, seen.start);
  }
  log_.epochs_.truncate_from_start(Offset(log_.log_start_));
  if (!parsed || before != log_.epochs_.text()) ++log_.epochs_version_;
  return {};
}

Result<> LogRecovery::make_durable() {
  if (!log_.report_.clean || names_changed_) TRY(disk().sync_directory(log_.folder_));
  if (!log_.report_.clean) TRY(log_.directory_.settle_names());
  if (!log_.report_.clean && facts_.recovery_point.value_or(Offset(0)) == Offset(0) && !log_.topic_id_.is_zero()) {
    TRY_ASSIGN(const auto metadata, disk().open(log_.file("partition.metadata"), OpenMode::kReadWrite));  // perhaps never synced
    TRY(metadata->sync());
  }
  if (!changed_) return {};
  if (facts_.recovery_point && facts_.kernel_end > *facts_.recovery_point) return leave_unsynced();
  // After a kill the page cache may hold what the disk does not: what was found is only durable once it is synced.
  for (const auto& segment : scanned_) {
    if (segment == log_.segments_.back() || std::ranges::find(log_.segments_, segment) == log_.segments_.end()) continue;
    TRY_ASSIGN(const auto file, segment->own != nullptr ? Result<std::shared_ptr<File>>(segment->own) : segment->open_file());
    TRY(file->sync());
    TRY(segment->index.sync());
    if (segment->own != nullptr) log_.give_to_cache(*segment);
  }
  const bool all_synced = facts_.recovery_point && *facts_.recovery_point == end_ && log_.report_.cut_bytes == 0;
  if (!all_synced) TRY(log_.active().own->sync());
  log_.names_dirty_ = false;
  return log_.write_epochs();
}

// It may be much, and nobody was promised that it is on the disk: the log goes on as the killed process left it.
Result<> LogRecovery::leave_unsynced() {
  const Offset durable = std::clamp(*facts_.recovery_point, Offset(log_.log_start_), end_);
  for (const auto& segment : log_.segments_) {
    if (segment == log_.segments_.back() || segment->next_offset <= durable) continue;
    if (segment->own == nullptr) { TRY_ASSIGN(segment->own, segment->open_file()); }
    log_.sealed_dirty_.push_back(segment);
  }
  log_.durable_end_ = durable.value();
  log_.unsynced_since_ms_ = log_.directory_.clock().wall_ms();
  log_.names_dirty_ = false;
  return log_.write_epochs();
}

Result<> Log::each_frame(std::vector<Place> places, Offset from, const std::function<void(const BatchFrame&)>& visit) {
  for (Place& place : places) {
    if (place.segment_end <= from && place.sealed) continue;
    if (place.file == nullptr) { TRY_ASSIGN(place.file, place.segment->open_file()); }
    Segment& segment = *place.segment;
    std::uint64_t begin = 0;
    if (from > segment.base) {
      TRY(segment.prepare_index(*place.file, place.bytes, place.sealed, ReadMode::kMayWait));
      const auto first = segment.find(*place.file, place.bytes, from, ReadMode::kMayWait);
      if (first && !*first) continue;
      if (first) begin = (*first)->position;
    }
    BatchScanner scanner(*place.file, begin, place.bytes, ReadMode::kMayWait, BatchScanner::Purpose::kVerify);
    Offset expected = segment.base;
    while (!scanner.at_end()) {
      TRY_ASSIGN(const auto frame, segment.next_frame(*place.file, place.bytes, scanner, expected));
      if (!frame) {
        expected = std::max(expected, segment.damage_end(scanner.position()));
        continue;
      }
      expected = frame->next_offset();
      if (frame->last_offset >= from) visit(*frame);
    }
  }
  return {};
}

std::vector<Offset> Log::producer_snapshots() const {
  std::vector<Offset> all;
  const auto entries = directory_.disk().list(folder_);
  if (!entries) return all;
  for (const DirectoryEntry& entry : *entries) {
    if (const auto offset = parse_segment_file_name(entry.name, ".producers")) all.push_back(*offset);
  }
  std::ranges::sort(all);
  return all;
}

Result<> Log::rebuild_producers(Offset end) {
  ProducerState state;
  Offset from{-1};
  bool removed = false;
  for (const Offset at : producer_snapshots()) {
    const Path path = file(segment_file_name(at, ".producers"));
    const auto bytes = at <= end ? read_file(directory_.disk(), path, std::uint64_t{1} << 30)
                                 : Result<Bytes>(fail(Errc::kOutOfRange, "above the log end"));
    auto loaded = bytes ? ProducerState::load(*bytes) : Result<ProducerState::Loaded>(std::unexpected(bytes.error()));
    if (loaded && loaded->log_end == at) {
      state = std::move(loaded->state);
      from = at;
      continue;
    }
    TRY(directory_.disk().remove(path));  // must not come back to life when the log has grown over it
    removed = true;
  }
  if (removed) TRY(directory_.disk().sync_directory(folder_));
  std::vector<Place> places;
  {
    const std::scoped_lock lock(mutex_);
    for (std::size_t i = 0; i < segments_.size(); ++i) places.push_back(place_of(i));
    if (from < Offset(0)) from = segments_.front()->base;
  }
  const std::int64_t now = directory_.clock().wall_ms();
  std::uint64_t replayed = 0;
  if (from < end) {
    TRY(each_frame(std::move(places), from, [&](const BatchFrame& frame) {
      state.apply(frame, now);
      replayed += frame.size_bytes;
    }));
  }
  const std::scoped_lock lock(mutex_);
  producers_ = std::move(state);
  snapshot_end_ = replayed == 0 ? from : Offset(-1);
  bytes_since_snapshot_ = replayed;
  return {};
}

}  // namespace barnabas::storage
