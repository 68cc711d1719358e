#pragma once
// The local engine's folder: finding out at start what is there, beginning a new log file, writing a snapshot.
// Everything here waits for the disk and runs as a job of the log directory's DiskQueue.
//
//   lock                                    held while a process uses the folder
//   metadata-00000000000000000000.log       logs follow each other without a gap; the last one is being written
//   metadata-00000000000000004096.log
//   metadata-00000000000000004096.snapshot  the newest one counts, and what it covers is deleted
//
// Logs and snapshots appear by rename, whole. A log is begun before the snapshot that makes its predecessor useless is
// written, so a crash anywhere leaves either the old snapshot with both logs or the new one with the new log.
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/disk.h"
#include "base/random.h"
#include "metadata/local_format.h"

namespace barnabas::metadata::local {

struct OpenLog {
  std::shared_ptr<File> file;
  std::uint64_t salt = 0;
  std::uint64_t position = 0;  // where the next frame goes; everything before is durable
};

struct Recovered {
  std::unique_ptr<DirectoryLock> lock;
  std::optional<Snapshot> snapshot;
  std::vector<Batch> batches;  // behind the snapshot
  OpenLog log;
  MetadataOffset log_start, end;
  ControllerEpoch epoch;  // the newest; 0 in a new folder
  std::uint64_t log_bytes = 0;
};

// Creates what is missing in an empty folder. kBusy: another process uses it; kCorrupt, kUnsupported, kInvalidArgument
// (another cluster's): must not start.
Result<Recovered> recover(Disk& disk, Random& random, const Path& directory, const std::string& cluster_id, const Limits& limits);

// A new file for the records from `base` on. kAlreadyExists if there is one.
Result<OpenLog> create_log(Disk& disk, Random& random, const Path& directory, const std::string& cluster_id, MetadataOffset base,
                           ControllerEpoch epoch);

// Makes the snapshot durable, then deletes the logs and snapshots that it replaces. Returns the file's size.
Result<std::uint64_t> write_snapshot(Disk& disk, const Path& directory, const Snapshot& snapshot);

// The cluster id in the files of a folder that nobody uses; nullopt when it is empty or missing.
Result<std::optional<std::string>> stored_cluster_id(Disk& disk, const Path& directory);

}  // namespace barnabas::metadata::local
