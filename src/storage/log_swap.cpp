#include "storage/log_swap.h"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "base/log.h"
#include "storage/batch_scanner.h"
#include "storage/log.h"

namespace barnabas::storage {
namespace {

constexpr std::array kIndexes = {".index", ".timeindex"};

Path with(Path path, const char* suffix) {
  path += suffix;
  return path;
}

Result<> remove_if_there(Disk& disk, const Path& path) {
  Result<> removed = disk.remove(path);
  if (!removed && removed.error().code == Errc::kNotFound) return {};
  return removed;
}

// Behind the last batch of a file that was synced before it got its name.
Result<Offset> end_of(Disk& disk, const Path& path, Offset base) {
  TRY_ASSIGN(const auto file, disk.open(path, OpenMode::kRead));
  TRY_ASSIGN(const std::uint64_t bytes, file->size());
  BatchScanner scanner(*file, 0, bytes, ReadMode::kMayWait, BatchScanner::Purpose::kVerify);
  Offset end = base;
  while (!scanner.at_end()) {
    TRY_ASSIGN(const auto frame, scanner.peek());
    if (!frame || frame->base_offset < end) return fail(Errc::kCorrupt, path.string() + ": a compacted segment is damaged");
    end = frame->next_offset();
    scanner.skip(*frame);
  }
  return end;
}

Result<> finish_swap(Disk& disk, const Path& folder, Offset base, const std::set<std::string>& names) {
  const Path swapped = folder / segment_file_name(base, ".log.swap");
  TRY_ASSIGN(const Offset end, end_of(disk, swapped, base));
  for (const std::string& name : names) {
    const auto old = parse_segment_file_name(name, ".log");
    if (!old || *old <= base || *old >= end) continue;
    for (const char* extension : {".log", ".index", ".timeindex"}) {
      TRY(remove_if_there(disk, folder / segment_file_name(*old, extension)));
    }
  }
  for (const char* extension : kIndexes) {
    const std::string name = segment_file_name(base, extension);
    if (names.contains(name + kSwapSuffix)) {
      TRY(disk.rename(folder / (name + kSwapSuffix), folder / name));
    } else {
      TRY(remove_if_there(disk, folder / name));  // of the old log, or lost on the way: it is made again
    }
  }
  TRY(disk.sync_directory(folder));
  TRY(disk.rename(swapped, folder / segment_file_name(base, ".log")));
  TRY(disk.sync_directory(folder));
  log::info("compacted segment swapped in after a crash", {{"file", swapped.native()}, {"end", end.value()}});
  return {};
}

}  // namespace

Result<bool> finish_swaps(Disk& disk, const Path& folder, const std::vector<std::string>& names) {
  const std::set<std::string> all(names.begin(), names.end());
  bool changed = false;
  for (const std::string& name : names) {
    const auto base = parse_segment_file_name(name, ".log.swap");
    if (!base) continue;
    TRY(finish_swap(disk, folder, *base, all));
    changed = true;
  }
  return changed;
}

// ---- the log's side -----------------------------------------------------------------------------------------------

Result<std::shared_ptr<File>> Log::open_compacted(Offset base) {
  const std::scoped_lock structure(structure_mutex_);  // the folder's name may be another log's once this one is removed
  {
    const std::scoped_lock lock(mutex_);
    TRY(writable());
  }
  TRY_ASSIGN(std::shared_ptr<File> file, directory_.disk().open(file(segment_file_name(base, ".log.cleaned")), OpenMode::kTruncate));
  return file;
}

void Log::discard_compacted(Offset base) {
  const std::scoped_lock structure(structure_mutex_);
  {
    const std::scoped_lock lock(mutex_);
    if (!writable()) return;  // recovery clears it away
  }
  for (const char* extension : {".log.cleaned", ".index.cleaned", ".timeindex.cleaned"}) {
    const Result<> removed = remove_if_there(directory_.disk(), file(segment_file_name(base, extension)));
    if (!removed) log::warn("compaction's leftover stays", {{"partition", name_}, {"error", removed.error().message}});
  }
}

bool Log::are_neighbours(const std::vector<SealedSegment>& replaced) const {
  const auto first = std::ranges::find(segments_, replaced.front().segment);
  if (static_cast<std::size_t>(segments_.end() - first) <= replaced.size()) return false;  // the active one is never replaced
  return std::ranges::equal(replaced.begin(), replaced.end(), first, first + static_cast<std::ptrdiff_t>(replaced.size()),
                            [](const SealedSegment& sealed, const SegmentPtr& now) {
                              return sealed.segment == now && sealed.bytes == now->bytes && now->own == nullptr;
                            });
}

Result<> Log::swap_in(const std::vector<SealedSegment>& replaced, std::shared_ptr<Segment> made, std::shared_ptr<File> file) {
  const std::scoped_lock structure(structure_mutex_);
  {
    const std::scoped_lock lock(mutex_);
    TRY(writable());
    if (!are_neighbours(replaced)) return fail(Errc::kFenced, name_ + ": segments went while they were compacted");
  }
  // A start after a crash must not take the new segment's end for one that a power cut has torn.
  TRY(directory_.save_recovery_points());
  TRY(name_for_swap(*made));
  Result<> swapped = carry_out_swap(replaced, *made, file);
  if (!swapped) {
    {
      const std::scoped_lock lock(mutex_);
      go_offline(swapped.error());
    }
    announce_failure(swapped.error());
    return swapped;
  }
  const std::scoped_lock lock(mutex_);
  ++generation_;
  ++swaps_;
  const auto first = std::ranges::find(segments_, replaced.front().segment);
  made->next_offset = replaced.back().end;
  made->created_ms = replaced.back().segment->created_ms;
  *first = std::move(made);
  segments_.erase(first + 1, first + static_cast<std::ptrdiff_t>(replaced.size()));
  for (const SealedSegment& old : replaced) old.segment->dropped = true;
  return {};
}

// Step 2. A full disk may forbid names; then nothing has happened.
Result<> Log::name_for_swap(Segment& made) {
  Disk& disk = directory_.disk();
  const std::array paths = {made.index.offset_path(), made.index.time_path(), made.log_path};
  const auto name_all = [&]() -> Result<> {
    TRY(made.index.store_as(with(paths[0], kCleanedSuffix), with(paths[1], kCleanedSuffix)));
    for (const Path& path : paths) TRY(disk.rename(with(path, kCleanedSuffix), with(path, kSwapSuffix)));
    return disk.sync_directory(folder_);
  };
  Result<> named = name_all();
  if (named) return {};
  const auto undo = [&]() -> Result<> {
    for (const Path& path : {paths[2], paths[1], paths[0]}) TRY(remove_if_there(disk, with(path, kSwapSuffix)));
    return disk.sync_directory(folder_);
  };
  if (named.error().code == Errc::kNoSpace && undo()) return named;
  {
    const std::scoped_lock lock(mutex_);
    go_offline(named.error());
  }
  announce_failure(named.error());
  return named;
}

// Steps 3 and 4. Meanwhile readers go on in the old segments, through the files they hold.
Result<> Log::carry_out_swap(const std::vector<SealedSegment>& replaced, Segment& made, const std::shared_ptr<File>& file) {
  Disk& disk = directory_.disk();
  OpenFiles& files = directory_.files();
  {
    const std::scoped_lock lock(mutex_);
    ++swaps_;
    ++generation_;  // who looked a segment up by now, but has not opened its file, looks again
    for (const SealedSegment& old : replaced) {
      old.segment->superseded = true;
      old.segment->own = old.file;
      old.segment->sole_handle = false;
      old.segment->index.retire();
    }
  }
  for (auto old = replaced.rbegin(); old + 1 != replaced.rend(); ++old) TRY(drop_files(old->segment));
  for (const Path& path : {made.index.offset_path(), made.index.time_path()}) {
    TRY(disk.rename(with(path, kSwapSuffix), path));
    files.forget(path);
  }
  TRY(disk.sync_directory(folder_));
  TRY(disk.rename(with(made.log_path, kSwapSuffix), made.log_path));
  files.put(made.log_path, file);
  return disk.sync_directory(folder_);
}

}  // namespace barnabas::storage
