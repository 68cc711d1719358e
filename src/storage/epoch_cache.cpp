#include "storage/epoch_cache.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "storage/text_lines.h"

namespace barnabas::storage {

Result<EpochCache> EpochCache::parse(ByteView text) {
  TextLines lines(text);
  TRY(lines.expect_version_and_count());
  EpochCache cache;
  while (const auto line = lines.next()) {
    const auto epoch = line->number<std::int32_t>(0);
    const auto start = line->number<std::int64_t>(1);
    if (!epoch || !start || line->fields() != 2 || *epoch < 0 || *start < 0) return fail(Errc::kCorrupt, "leader epoch line");
    if (!cache.entries_.empty() && (cache.entries_.back().epoch.value() >= *epoch || cache.entries_.back().start.value() >= *start)) {
      return fail(Errc::kCorrupt, "leader epochs do not rise");
    }
    cache.entries_.push_back({LeaderEpoch(*epoch), Offset(*start)});
  }
  TRY(lines.expect_complete());
  return cache;
}

std::string EpochCache::text() const {
  std::string out = fmt::format("0\n{}\n", entries_.size());
  for (const EpochStart& entry : entries_) fmt::format_to(std::back_inserter(out), "{} {}\n", entry.epoch.value(), entry.start.value());
  return out;
}

bool EpochCache::assign(LeaderEpoch epoch, Offset start) {
  if (epoch < LeaderEpoch(0)) return false;
  if (!entries_.empty() && entries_.back().epoch == epoch && entries_.back().start <= start) return false;
  while (!entries_.empty() && (entries_.back().epoch >= epoch || entries_.back().start >= start)) entries_.pop_back();
  entries_.push_back({epoch, start});
  return true;
}

bool EpochCache::truncate_from_end(Offset end) {
  const std::size_t before = entries_.size();
  while (!entries_.empty() && entries_.back().start >= end) entries_.pop_back();
  return entries_.size() != before;
}

bool EpochCache::truncate_from_start(Offset start) {
  const auto above = std::ranges::upper_bound(entries_, start, {}, &EpochStart::start);
  if (above == entries_.begin()) return false;
  const auto covering = std::prev(above);
  if (covering == entries_.begin() && covering->start == start) return false;
  covering->start = start;
  entries_.erase(entries_.begin(), covering);
  return true;
}

bool EpochCache::clear() {
  const bool had = !entries_.empty();
  entries_.clear();
  return had;
}

LeaderEpoch EpochCache::epoch_of(Offset offset) const {
  const auto above = std::ranges::upper_bound(entries_, offset, {}, &EpochStart::start);
  return above == entries_.begin() ? kNoLeaderEpoch : std::prev(above)->epoch;
}

EpochEnd EpochCache::end_offset_for(LeaderEpoch wanted, Offset log_end) const {
  if (entries_.empty() || wanted < LeaderEpoch(0) || wanted > entries_.back().epoch) return {};
  if (wanted == entries_.back().epoch) return {wanted, log_end};
  const auto above = std::ranges::upper_bound(entries_, wanted, {}, &EpochStart::epoch);
  if (above == entries_.begin()) return {wanted, above->start};
  return {std::prev(above)->epoch, above->start};
}

}  // namespace barnabas::storage
