#include "storage/segment.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/log.h"
#include "storage/batch_scanner.h"

namespace barnabas::storage {

std::string segment_file_name(Offset base, std::string_view extension) { return fmt::format("{:020}{}", base.value(), extension); }

std::optional<Offset> parse_segment_file_name(std::string_view name, std::string_view extension) {
  constexpr std::size_t kDigits = 20;
  if (name.size() != kDigits + extension.size() || !name.ends_with(extension)) return std::nullopt;
  std::int64_t base = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + kDigits, base);
  if (error != std::errc{} || end != name.data() + kDigits || base < 0) return std::nullopt;
  return Offset(base);
}

Segment::Segment(LogDirectory& directory, const Path& folder, Offset first)
    : base(first),
      log_path(folder / segment_file_name(first, ".log")),
      index(directory.files(), directory.disk(), folder / segment_file_name(first, ".index"),
            folder / segment_file_name(first, ".timeindex")),
      next_offset(first),
      created_ms(directory.clock().wall_ms()),
      directory_(directory) {}

void Segment::count_in(const BatchFrame& frame, std::int32_t index_interval_bytes) {
  if (bytes == 0) first_timestamp_ms = frame.max_timestamp_ms;
  if (frame.max_timestamp_ms > largest.timestamp_ms) largest = {frame.max_timestamp_ms, relative(frame.last_offset)};
  if (bytes_since_entry > static_cast<std::uint64_t>(index_interval_bytes)) {
    index.add({relative(frame.last_offset), static_cast<std::uint32_t>(bytes)}, largest);
    bytes_since_entry = 0;
  }
  bytes += frame.size_bytes;
  bytes_since_entry += frame.size_bytes;
  next_offset = frame.next_offset();
}

void Segment::reserve_ahead(std::uint64_t more, std::uint64_t limit) {
  constexpr std::uint64_t kFrom = 1 << 20;  // most segments stay small and get nothing
  constexpr std::uint64_t kStepMax = 8 << 20;
  const std::uint64_t end = bytes + more;
  if (end <= reserved || end < kFrom) return;
  const std::uint64_t wanted = std::max(end, std::min(end + std::min(end, kStepMax), limit));
  const Result<> done = own->reserve(wanted);
  // A disk that is full or cannot do it: the writes will find their room, or fail, by themselves.
  reserved = done ? wanted : UINT64_MAX;
}

void Segment::give_back_reserve() {
  const std::uint64_t had = std::exchange(reserved, 0);
  if (own == nullptr || had <= bytes || had == UINT64_MAX) return;
  const Result<> done = own->truncate(bytes);
  if (!done) log::warn("reserved room stays", {{"file", log_path.native()}, {"error", done.error().message}});
}

Result<std::shared_ptr<File>> Segment::open_file() const {
  auto file = directory_.files().get(log_path);
  // Asked after opening: whoever found the new file under the name sees this as well.
  if (superseded) return fail(Errc::kBusy, "segment is being replaced");
  return file;
}

Result<> Segment::prepare_index(const File& file, std::uint64_t limit, bool sealed, ReadMode mode) {
  TRY_ASSIGN(const bool fine, index.check(limit, sealed, mode));
  if (fine) return {};
  if (mode == ReadMode::kCachedOnly) return fail(Errc::kBusy, "index must be made again");
  return rebuild_index(file, limit);
}

Result<> Segment::rebuild_index(const File& file, std::uint64_t limit) {
  std::vector<OffsetEntry> offsets;
  std::vector<TimeEntry> times;
  TimeEntry so_far;
  std::uint64_t since = 0;
  Offset expected = base;
  BatchScanner scanner(file, 0, limit, ReadMode::kMayWait, BatchScanner::Purpose::kVerify);
  while (!scanner.at_end()) {
    TRY_ASSIGN(const auto frame, scanner.peek());
    if (!frame || frame->base_offset < expected || frame->last_offset - base > INT32_MAX) {
      TRY_ASSIGN(const Damage skipped, damage_at(file, scanner.position(), limit, expected, ReadMode::kMayWait));
      scanner.move_to(skipped.position + skipped.length);
      expected = skipped.to;
      continue;
    }
    if (frame->max_timestamp_ms > so_far.timestamp_ms) so_far = {frame->max_timestamp_ms, relative(frame->last_offset)};
    if (since > kRebuildInterval) {
      offsets.push_back({relative(frame->last_offset), static_cast<std::uint32_t>(scanner.position())});
      if (times.empty() || so_far.timestamp_ms > times.back().timestamp_ms) times.push_back(so_far);
      since = 0;
    }
    since += frame->size_bytes;
    expected = frame->next_offset();
    scanner.skip(*frame);
  }
  if (so_far.timestamp_ms >= 0 && (times.empty() || so_far.timestamp_ms > times.back().timestamp_ms)) times.push_back(so_far);
  log::warn("index made again from its log", {{"file", log_path.native()}, {"entries", offsets.size()}});
  {
    const std::scoped_lock lock(mutex_);
    ++rebuilds_;
  }
  TRY(index.replace(std::move(offsets), std::move(times)));
  const Result<> written = index.flush();
  if (!written) log::warn("index stays in memory", {{"file", log_path.native()}, {"error", written.error().message}});
  return {};
}

Result<std::optional<BatchPosition>> Segment::find(const File& file, std::uint64_t limit, Offset offset, ReadMode mode) {
  TRY_ASSIGN(OffsetEntry entry, index.floor_offset(relative(std::max(offset, base)), mode));
  if (entry.position >= limit) entry = {};
  BatchScanner scanner(file, entry.position, limit, mode, BatchScanner::Purpose::kLookup);
  if (entry.position > 0) {
    TRY_ASSIGN(const auto frame, scanner.peek());
    if (!frame || frame->last_offset != base + entry.relative_offset || frame->base_offset < base) {
      // The index points at no batch of its own: it belongs to another life of this segment.
      if (mode == ReadMode::kCachedOnly) return fail(Errc::kBusy, "index must be made again");
      TRY(rebuild_index(file, limit));
      TRY_ASSIGN(entry, index.floor_offset(relative(std::max(offset, base)), mode));
      scanner.move_to(entry.position);
    }
  }
  Offset expected = base;
  while (!scanner.at_end()) {
    TRY_ASSIGN(const auto frame, next_frame_here(file, limit, scanner, expected, mode));
    if (!frame) {
      const Offset behind = damage_end(scanner.position());
      if (offset < behind) return fail(Errc::kCorrupt, fmt::format("{}: damaged before {}", log_path.string(), scanner.position()));
      expected = std::max(expected, behind);
      continue;
    }
    if (frame->last_offset >= offset) return BatchPosition{*frame, scanner.position()};
    expected = frame->next_offset();
    scanner.skip(*frame);
  }
  return std::nullopt;
}

Result<Segment::End> Segment::find_end(const File& file, std::uint64_t limit, const BatchPosition& first, std::uint64_t max_bytes,
                                       Offset upper_bound, ReadMode mode) {
  const std::uint64_t stop = std::min({limit, first.position + max_bytes, first_damage_behind(first.position)});
  End end{first.position, first.frame.base_offset};
  if (upper_bound <= end.next_offset || stop <= first.position) return end;

  // Jump to the last indexed batch that begins before both bounds, then walk. An index that points nowhere is no help.
  TRY_ASSIGN(const OffsetEntry by_position, index.floor_position(static_cast<std::uint32_t>(stop), mode));
  const Offset last = std::min(upper_bound - 1, base + INT32_MAX);
  TRY_ASSIGN(const OffsetEntry by_offset, index.floor_offset(relative(last), mode));
  const std::uint64_t jump = std::min(by_position.position, by_offset.position);
  if (jump > first.position && jump < limit) {
    BatchScanner header(file, jump, limit, mode, BatchScanner::Purpose::kLookup);
    TRY_ASSIGN(const auto frame, header.peek());
    if (frame && frame->base_offset > first.frame.last_offset) end = {jump, frame->base_offset};
  }
  BatchScanner scanner(file, end.position, stop, mode, BatchScanner::Purpose::kLookup);
  while (!scanner.at_end()) {
    TRY_ASSIGN(const auto frame, scanner.peek());
    if (!frame || frame->last_offset >= upper_bound || frame->base_offset < end.next_offset) break;
    scanner.skip(*frame);
    end = {scanner.position(), frame->next_offset()};
  }
  return end;
}

Result<Damage> Segment::damage_at(const File& file, std::uint64_t position, std::uint64_t limit, Offset expected, ReadMode mode) {
  {
    const std::scoped_lock lock(mutex_);
    for (const Damage& known : damage_) {
      if (known.position <= position && position < known.position + known.length) return known;
    }
  }
  if (mode == ReadMode::kCachedOnly) return fail(Errc::kBusy, "damage must be looked at");
  Damage found{
      .from = expected, .to = expected, .file = log_path.native(), .position = position, .length = limit - position, .why = "no batch"};
  BatchScanner scanner(file, position, limit, ReadMode::kMayWait, BatchScanner::Purpose::kVerify);
  TRY_ASSIGN(const auto next, scanner.find_next_valid(expected));
  if (next) {
    scanner.move_to(*next);
    TRY_ASSIGN(const auto frame, scanner.peek());
    found.length = *next - position;
    if (frame) found.to = frame->base_offset;
  } else {
    found.to = base + INT32_MAX;  // everything behind, up to the next segment
  }
  log::error("log is damaged, what lies behind is kept", {{"file", found.file},
                                                          {"position", found.position},
                                                          {"bytes", found.length},
                                                          {"from_offset", found.from.value()},
                                                          {"to_offset", found.to.value()}});
  add_damage(found);
  return found;
}

Result<std::optional<BatchFrame>> Segment::verify_next(const File& file, std::uint64_t limit, BatchScanner& scanner, Offset expected) {
  TRY_ASSIGN(const auto frame, scanner.peek());
  if (frame && frame->base_offset >= expected && frame->last_offset - base <= INT32_MAX) {
    TRY_ASSIGN(const bool right, scanner.crc_matches(*frame));
    if (right) {
      scanner.skip(*frame);
      return frame;
    }
  }
  TRY_ASSIGN(const Damage damaged, damage_at(file, scanner.position(), limit, expected, ReadMode::kMayWait));
  scanner.move_to(damaged.position + damaged.length);
  return std::nullopt;
}

Result<std::optional<BatchFrame>> Segment::next_frame_here(const File& file, std::uint64_t limit, BatchScanner& scanner, Offset expected,
                                                           ReadMode mode) {
  const auto known = damage_beginning_at(scanner.position());
  if (!known) {
    TRY_ASSIGN(const auto frame, scanner.peek());
    if (frame && frame->base_offset >= expected && frame->last_offset - base <= INT32_MAX) return frame;
  }
  TRY_ASSIGN(const Damage damaged, known ? Result<Damage>(*known) : damage_at(file, scanner.position(), limit, expected, mode));
  scanner.move_to(damaged.position + damaged.length);
  return std::nullopt;
}

Result<std::optional<BatchFrame>> Segment::next_frame(const File& file, std::uint64_t limit, BatchScanner& scanner, Offset expected) {
  TRY_ASSIGN(const auto frame, next_frame_here(file, limit, scanner, expected, ReadMode::kMayWait));
  if (frame) scanner.skip(*frame);
  return frame;
}

Offset Segment::damage_end(std::uint64_t position) const {
  const std::scoped_lock lock(mutex_);
  Offset end = base;
  for (const Damage& damage : damage_) {
    if (damage.position + damage.length <= position) end = std::max(end, damage.to);
  }
  return end;
}

void Segment::add_damage(Damage damage) {
  const std::scoped_lock lock(mutex_);
  damage_.push_back(std::move(damage));
  std::ranges::sort(damage_, {}, &Damage::position);
}

void Segment::forget_damage_from(std::uint64_t position) {
  const std::scoped_lock lock(mutex_);
  std::erase_if(damage_, [&](const Damage& damage) { return damage.position >= position; });
}

std::uint64_t Segment::first_damage_behind(std::uint64_t position) const {
  const std::scoped_lock lock(mutex_);
  for (const Damage& damage : damage_) {
    if (damage.position >= position) return damage.position;
  }
  return UINT64_MAX;
}

std::optional<Damage> Segment::damage_beginning_at(std::uint64_t position) const {
  const std::scoped_lock lock(mutex_);
  for (const Damage& damage : damage_) {
    if (damage.position == position) return damage;
  }
  return std::nullopt;
}

std::vector<Damage> Segment::damage() const {
  const std::scoped_lock lock(mutex_);
  return damage_;
}

int Segment::rebuilds() const {
  const std::scoped_lock lock(mutex_);
  return rebuilds_;
}

}  // namespace barnabas::storage
