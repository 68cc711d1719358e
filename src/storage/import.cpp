#include "storage/import.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/log.h"
#include "storage/batch_scanner.h"
#include "storage/offset_checkpoint.h"

namespace barnabas::storage {
namespace {

struct Checked {
  std::uint64_t batches = 0;
  Offset end;
};

// Every batch whole, of format 2, its checksum right, offsets rising. A torn tail of the last segment is no damage.
Result<Checked> check_segment(const File& file, const Path& path, Offset base, Offset expected, std::uint64_t& bytes, bool last) {
  BatchScanner scanner(file, 0, bytes, ReadMode::kMayWait, BatchScanner::Purpose::kVerify);
  Checked checked{.batches = 0, .end = std::max(base, expected)};
  while (!scanner.at_end()) {
    TRY_ASSIGN(const auto frame, scanner.peek());
    bool valid = frame && frame->base_offset >= checked.end && frame->last_offset - base <= INT32_MAX;
    if (valid) { TRY_ASSIGN(valid, scanner.crc_matches(*frame)); }
    if (!valid) {
      std::byte magic{kMagicV2};
      if (bytes - scanner.position() > batch_layout::kMagic) {
        TRY(read_exactly(file, scanner.position() + batch_layout::kMagic, MutableBytes(&magic, 1), ReadMode::kMayWait));
      }
      if (magic < std::byte{kMagicV2})
        return fail(Errc::kUnsupported,
                    fmt::format("{}: message format {} at {}", path.string(), std::to_integer<int>(magic), scanner.position()));
      TRY_ASSIGN(const auto behind, scanner.find_next_valid(checked.end));
      if (!last || behind) return fail(Errc::kCorrupt, fmt::format("{}: damaged at {}", path.string(), scanner.position()));
      log::warn("torn tail left out", {{"file", path.native()}, {"position", scanner.position()}});
      bytes = scanner.position();
      return checked;
    }
    ++checked.batches;
    checked.end = frame->next_offset();
    scanner.skip(*frame);
  }
  return checked;
}

Result<> copy_file(const File& from, Disk& disk, const Path& to, std::uint64_t bytes) {
  TRY_ASSIGN(const auto out, disk.open(to, OpenMode::kTruncate));
  Bytes block(1 << 20);
  for (std::uint64_t at = 0; at < bytes;) {
    const MutableBytes piece(block.data(), std::min<std::uint64_t>(block.size(), bytes - at));
    TRY(read_exactly(from, at, piece, ReadMode::kMayWait));
    TRY(out->write_at(at, piece));
    at += piece.size();
  }
  return out->sync();
}

Result<TopicId> topic_id_of(Disk& disk, const Path& folder) {
  TRY_ASSIGN(const Bytes text, read_file(disk, folder / "partition.metadata", 4096));
  const auto id = parse_partition_metadata(text);
  if (!id || id->is_zero()) return fail(Errc::kCorrupt, folder.string() + ": partition.metadata has no topic id");
  return *id;
}

Result<> copy_small_file(Disk& disk, const Path& from, const Path& to) {
  const auto bytes = read_file(disk, from, 256 << 20);
  if (!bytes && bytes.error().code == Errc::kNotFound) return {};
  if (!bytes) return std::unexpected(bytes.error());
  TRY_ASSIGN(const auto out, disk.open(to, OpenMode::kTruncate));
  TRY(out->write_at(0, *bytes));
  return out->sync();
}

Result<ImportedPartition> copy_segments(Disk& disk, const Path& from, const Path& to) {
  TRY_ASSIGN(const auto entries, disk.list(from));
  std::vector<Offset> bases;
  for (const DirectoryEntry& entry : entries) {
    if (const auto base = parse_segment_file_name(entry.name, ".log")) bases.push_back(*base);
    if (parse_segment_file_name(entry.name, ".txnindex")) TRY(copy_small_file(disk, from / entry.name, to / entry.name));
  }
  std::ranges::sort(bases);
  ImportedPartition imported;
  Offset expected = bases.empty() ? Offset(0) : bases.front();
  for (const Offset base : bases) {
    const std::string name = segment_file_name(base, ".log");
    TRY_ASSIGN(const auto file, disk.open(from / name, OpenMode::kRead));
    TRY_ASSIGN(std::uint64_t bytes, file->size());
    if (bytes > INT32_MAX) return fail(Errc::kCorrupt, (from / name).string() + ": larger than a segment can be");
    TRY_ASSIGN(const Checked checked, check_segment(*file, from / name, base, expected, bytes, base == bases.back()));
    TRY(copy_file(*file, disk, to / name, bytes));
    expected = checked.end;
    imported.batches += checked.batches;
    imported.bytes += bytes;
  }
  imported.log_end = expected;
  return imported;
}

}  // namespace

Result<ImportedPartition> import_partition(LogDirectory& into, const Path& source_folder, Offset log_start, const LogConfig& config) {
  Disk& disk = into.disk();
  const std::string folder = source_folder.filename().string();
  if (!parse_log_name(folder)) return fail(Errc::kInvalidArgument, folder + ": not a partition's folder");
  TRY_ASSIGN(const TopicId topic_id, topic_id_of(disk, source_folder));
  TRY_ASSIGN(const bool exists, disk.exists(into.path() / folder));
  if (exists) return fail(Errc::kAlreadyExists, folder);

  const Path work = into.path() / (folder + ".import");
  TRY(disk.remove_all(work));
  TRY(disk.make_directories(work));
  TRY_ASSIGN(ImportedPartition imported, copy_segments(disk, source_folder, work));
  TRY(copy_small_file(disk, source_folder / EpochCache::kFileName, work / EpochCache::kFileName));
  TRY(replace_file(disk, work / "partition.metadata", as_bytes(partition_metadata_text(topic_id))));
  TRY(disk.sync_directory(work));
  TRY(disk.rename(work, into.path() / folder));
  TRY(disk.sync_directory(into.path()));

  TRY_ASSIGN(const auto log,
             Log::open(into, folder, config, {.recovery_point = imported.log_end, .log_start = log_start, .clean_end = {}}));
  into.keep_lines(folder, log->log_end(), log->log_start());
  TRY(log->maintain(false));
  TRY(into.save_recovery_points());
  TRY(into.save_log_starts());
  imported.folder = folder;
  imported.topic_id = topic_id;
  imported.log_start = log->log_start();
  imported.log_end = log->log_end();
  imported.producers = log->producer_count();
  imported.latest_epoch = log->latest_epoch();
  return imported;
}

// Kafka makes the file empty and fills it in the background: one that was stopped soon left it so.
static Result<OffsetsByLog> log_starts_of(Disk& disk, const Path& file) {
  TRY_ASSIGN(const bool there, disk.exists(file));
  if (!there) return OffsetsByLog{};
  TRY_ASSIGN(const auto opened, disk.open(file, OpenMode::kRead));
  TRY_ASSIGN(const std::uint64_t size, opened->size());
  if (size == 0) return OffsetsByLog{};
  return read_offset_checkpoint(disk, file);
}

Result<> import_topic(LogDirectory& into, const Path& source_directory, const std::string& topic, const LogConfig& config,
                      std::vector<ImportedPartition>& done) {
  Disk& disk = into.disk();
  TRY_ASSIGN(const bool has_lock, disk.exists(source_directory / ".lock"));
  std::unique_ptr<DirectoryLock> lock;
  if (has_lock) { TRY_ASSIGN(lock, disk.lock(source_directory / ".lock")); }
  TRY_ASSIGN(const OffsetsByLog starts, log_starts_of(disk, source_directory / LogDirectory::kLogStartFile));
  TRY_ASSIGN(const auto entries, disk.list(source_directory));
  bool any = false;
  for (const DirectoryEntry& entry : entries) {
    const auto name = parse_log_name(entry.name);
    if (!entry.is_directory || !name || name->topic != topic) continue;
    any = true;
    const auto start = starts.find(entry.name);
    const Offset log_start = start != starts.end() ? start->second : Offset(0);
    TRY_ASSIGN(auto imported, import_partition(into, source_directory / entry.name, log_start, config));
    done.push_back(std::move(imported));
  }
  if (!any) return fail(Errc::kNotFound, source_directory.string() + ": no partition of " + topic);
  return {};
}

}  // namespace barnabas::storage
