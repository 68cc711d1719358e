#include "metadata/local_store.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/log.h"

namespace barnabas::metadata::local {
namespace {

constexpr std::uint64_t kMaxLogBytes = 8ull << 30;

struct Names {
  std::vector<MetadataOffset> logs, snapshots;  // ascending
  std::vector<std::string> unfinished;          // temporary files of a crash
};

Result<Names> list_names(Disk& disk, const Path& directory) {
  TRY_ASSIGN(const auto entries, disk.list(directory));
  Names names;
  for (const DirectoryEntry& entry : entries) {
    if (entry.is_directory) continue;
    if (const auto base = parse_log_name(entry.name)) names.logs.push_back(*base);
    if (const auto end = parse_snapshot_name(entry.name)) names.snapshots.push_back(*end);
    if (entry.name.ends_with(".tmp")) names.unfinished.push_back(entry.name);
  }
  std::ranges::sort(names.logs);
  std::ranges::sort(names.snapshots);
  return names;
}

Result<> check_cluster(const std::string& stored, const std::string& wanted, const Path& file) {
  if (stored == wanted) return {};
  return fail(Errc::kInvalidArgument,
              fmt::format("{} belongs to cluster {}, but this node is of cluster {}", file.string(), stored, wanted));
}

Result<std::optional<Snapshot>> read_newest_snapshot(Disk& disk, const Path& directory, const Names& names, const std::string& cluster_id,
                                                     const Limits& limits) {
  if (names.snapshots.empty()) return std::nullopt;
  const MetadataOffset end = names.snapshots.back();
  const Path path = directory / snapshot_name(end);
  TRY_ASSIGN(const Bytes contents, read_file(disk, path, limits.max_snapshot_bytes + 4096));
  auto snapshot = parse_snapshot(contents);
  if (!snapshot) return wrap(snapshot.error(), path.string());
  if (snapshot->id.end != end) return fail(Errc::kCorrupt, path.string() + ": the name and the contents disagree");
  TRY(check_cluster(snapshot->cluster_id, cluster_id, path));
  return std::optional<Snapshot>(*std::move(snapshot));
}

Result<ParsedLog> read_log(Disk& disk, const Path& path, MetadataOffset base, const std::string& cluster_id) {
  TRY_ASSIGN(const Bytes contents, read_file(disk, path, kMaxLogBytes));
  auto log = parse_log(contents);
  if (!log) return wrap(log.error(), path.string());
  if (log->header.base != base) return fail(Errc::kCorrupt, path.string() + ": the name and the contents disagree");
  TRY(check_cluster(log->header.cluster_id, cluster_id, path));
  return log;
}

// Keeps of a log's batches what the snapshot does not hold.
Result<> take_batches(Recovered& recovered, ParsedLog& log, MetadataOffset from) {
  for (Batch& batch : log.batches) {
    if (batch.end() <= from) continue;
    if (batch.base < from) {
      return fail(Errc::kCorrupt, fmt::format("the snapshot ends inside the batch at offset {}", batch.base.value()));
    }
    recovered.batches.push_back(std::move(batch));
  }
  return {};
}

// Cuts what a crash tore and makes the rest durable: it is about to be believed.
Result<OpenLog> open_last(Disk& disk, const Path& path, const ParsedLog& log) {
  TRY_ASSIGN(std::shared_ptr<File> file, disk.open(path, OpenMode::kReadWrite));
  TRY_ASSIGN(const std::uint64_t size, file->size());
  if (log.torn) {
    log::warn("metadata log cut behind its last whole batch",
              {{"file", path.string()}, {"bytes", size - log.end_position}, {"end", log.end.value()}});
  }
  if (size > log.end_position) TRY(file->truncate(log.end_position));
  TRY(file->sync());
  return OpenLog{std::move(file), log.header.salt, log.end_position};
}

Result<> replay_logs(Disk& disk, const Path& directory, const std::string& cluster_id, Names& names, Recovered& recovered) {
  const MetadataOffset from = recovered.snapshot ? recovered.snapshot->id.end : MetadataOffset(0);
  auto& logs = names.logs;
  while (logs.size() > 1 && logs[1] <= from) logs.erase(logs.begin());
  if (logs.front() > from) {
    return fail(Errc::kCorrupt,
                fmt::format("{}: the records from offset {} to {} are missing", directory.string(), from.value(), logs.front().value()));
  }
  recovered.log_start = logs.front();
  recovered.epoch = recovered.snapshot ? recovered.snapshot->id.epoch : ControllerEpoch(0);
  for (std::size_t i = 0; i < logs.size(); ++i) {
    const Path path = directory / log_name(logs[i]);
    TRY_ASSIGN(ParsedLog log, read_log(disk, path, logs[i], cluster_id));
    const bool last = i + 1 == logs.size();
    if (!last && log.end != logs[i + 1]) {
      return fail(Errc::kCorrupt,
                  fmt::format("{}: ends at offset {}, but the next log begins at {}", path.string(), log.end.value(), logs[i + 1].value()));
    }
    if (log.end < from) {
      return fail(Errc::kCorrupt,
                  fmt::format("{}: ends at offset {}, before the snapshot's {}", path.string(), log.end.value(), from.value()));
    }
    if (auto taken = take_batches(recovered, log, from); !taken) return wrap(taken.error(), path.string());
    recovered.epoch = std::max(recovered.epoch, log.epoch);
    recovered.log_bytes += log.end_position;
    if (!last) continue;
    recovered.end = log.end;
    TRY_ASSIGN(recovered.log, open_last(disk, path, log));
  }
  return {};
}

// What a snapshot up to `end` makes useless. Whatever a crash leaves here, the next start deletes.
Result<> remove_replaced(Disk& disk, const Path& directory, const Names& names, MetadataOffset end) {
  for (std::size_t i = 0; i + 1 < names.logs.size() && names.logs[i + 1] <= end; ++i) TRY(disk.remove(directory / log_name(names.logs[i])));
  for (const MetadataOffset older : names.snapshots) {
    if (older < end) TRY(disk.remove(directory / snapshot_name(older)));
  }
  for (const std::string& name : names.unfinished) TRY(disk.remove(directory / name));
  return {};
}

// Creates what is missing on the way to the folder, and makes every new name durable.
Result<> make_durable_directories(Disk& disk, const Path& directory) {
  std::vector<Path> missing;
  const auto parent = [](const Path& path) { return path.has_parent_path() ? path.parent_path() : Path("."); };
  for (Path at = directory; at.has_relative_path(); at = at.parent_path()) {
    TRY_ASSIGN(const bool exists, disk.exists(at));
    if (exists) break;
    missing.push_back(at);
  }
  TRY(disk.make_directories(directory));
  // A crash may have come between making the last one and this: it is always made durable again.
  TRY(disk.sync_directory(parent(directory)));
  for (const Path& made : missing) TRY(disk.sync_directory(parent(made)));
  return {};
}

}  // namespace

Result<OpenLog> create_log(Disk& disk, Random& random, const Path& directory, const std::string& cluster_id, MetadataOffset base,
                           ControllerEpoch epoch) {
  const Path path = directory / log_name(base);
  TRY_ASSIGN(const bool exists, disk.exists(path));
  if (exists) return fail(Errc::kAlreadyExists, path.string());
  const LogHeader header{.cluster_id = cluster_id, .salt = random.next(), .base = base, .epoch = epoch};
  const Bytes bytes = encode_log_header(header);
  TRY(replace_file(disk, path, bytes));
  TRY_ASSIGN(std::shared_ptr<File> file, disk.open(path, OpenMode::kReadWrite));
  return OpenLog{std::move(file), header.salt, bytes.size()};
}

Result<Recovered> recover(Disk& disk, Random& random, const Path& directory, const std::string& cluster_id, const Limits& limits) {
  if (cluster_id.empty() || cluster_id.size() > kMaxClusterIdBytes) {
    return fail(Errc::kInvalidArgument, fmt::format("a cluster id has 1 to {} bytes", kMaxClusterIdBytes));
  }
  TRY(make_durable_directories(disk, directory));
  Recovered recovered;
  auto lock = disk.lock(directory / "lock");
  if (!lock) return wrap(lock.error(), directory.string() + " is in use by another process");
  recovered.lock = *std::move(lock);

  TRY_ASSIGN(Names names, list_names(disk, directory));
  TRY_ASSIGN(recovered.snapshot, read_newest_snapshot(disk, directory, names, cluster_id, limits));
  if (names.logs.empty()) {
    if (recovered.snapshot) return fail(Errc::kCorrupt, directory.string() + ": the log that continues the snapshot is missing");
    TRY_ASSIGN(recovered.log, create_log(disk, random, directory, cluster_id, MetadataOffset(0), ControllerEpoch(0)));
    return recovered;
  }
  const Names before = names;
  TRY(replay_logs(disk, directory, cluster_id, names, recovered));
  TRY(remove_replaced(disk, directory, before, recovered.snapshot ? recovered.snapshot->id.end : MetadataOffset(0)));
  return recovered;
}

Result<std::uint64_t> write_snapshot(Disk& disk, const Path& directory, const Snapshot& snapshot) {
  const Bytes bytes = encode_snapshot(snapshot);
  TRY(replace_file(disk, directory / snapshot_name(snapshot.id.end), bytes));
  TRY_ASSIGN(const Names names, list_names(disk, directory));
  TRY(remove_replaced(disk, directory, names, snapshot.id.end));
  return bytes.size();
}

Result<std::optional<std::string>> stored_cluster_id(Disk& disk, const Path& directory) {
  TRY_ASSIGN(const bool exists, disk.exists(directory));
  if (!exists) return std::nullopt;
  TRY_ASSIGN(const Names names, list_names(disk, directory));
  if (names.logs.empty()) return std::nullopt;
  const Path path = directory / log_name(names.logs.back());
  TRY_ASSIGN(const auto file, disk.open(path, OpenMode::kRead));
  Bytes head(kMaxLogHeaderBytes);
  TRY_ASSIGN(const std::size_t size, file->read_at(0, head));
  auto header = parse_log_header(ByteView(head).first(size));
  if (!header) return wrap(header.error(), path.string());
  return std::optional<std::string>(header->cluster_id);
}

}  // namespace barnabas::metadata::local
