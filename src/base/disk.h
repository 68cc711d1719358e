#pragma once
// Files behind a seam: disk.h says what the broker may ask of a disk, posix_disk.h asks the kernel,
// sim_disk.h loses, tears, reorders, fills up and hangs on purpose.
//
// What a crash may take: every write since the last successful File::sync of that file (any subset of it, in any
// order, torn anywhere), and every name (create, rename, remove) since the last Disk::sync_dir of its folder.
// After a failed sync nothing written before it may be believed durable, whatever a later sync says.
//
// Threads: a File may be used from several threads at once. sync, sync_dir and cold reads wait for the disk:
// I/O threads never call them but submit them to the log directory's DiskQueue.
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/executor.h"
#include "base/result.h"

namespace barnabas {

using Path = std::filesystem::path;

class File {
 public:
  virtual ~File() = default;

  // Reads until `out` is full or the file ends; returns the bytes read.
  virtual Result<std::size_t> read_at(std::uint64_t position, MutableBytes out) const = 0;
  // The same, but only what needs no waiting for the disk: fewer bytes, perhaps 0, when the rest is cold.
  virtual Result<std::size_t> read_cached_at(std::uint64_t position, MutableBytes out) const = 0;
  // Writes everything, piece behind piece, or fails; after a failure any prefix may have been written.
  virtual Result<> write_pieces_at(std::uint64_t position, std::span<const ByteView> pieces) = 0;
  Result<> write_at(std::uint64_t position, ByteView bytes) { return write_pieces_at(position, {&bytes, 1}); }
  // Makes data and size durable (fdatasync). Waits.
  virtual Result<> sync() = 0;
  // To the file's size: also gives back what was reserved behind its end.
  virtual Result<> truncate(std::uint64_t size) = 0;
  // A hint that the file will grow to this size soon: room on the disk, the size stays. An error changes nothing.
  virtual Result<> reserve(std::uint64_t size) = 0;
  virtual Result<std::uint64_t> size() const = 0;
  // The kernel's descriptor for sendfile, or -1 where there is none (simulation).
  virtual int descriptor() const { return -1; }
};

enum class OpenMode {
  kRead,       // must exist
  kReadWrite,  // must exist
  kCreate,     // created if missing, contents kept
  kCreateNew,  // must not exist
  kTruncate,   // created if missing, emptied
};

struct DirectoryEntry {
  std::string name;
  bool is_directory = false;
};

// Held for as long as it lives; the kernel drops it when the process dies.
class DirectoryLock {
 public:
  virtual ~DirectoryLock() = default;
};

class Disk {
 public:
  virtual ~Disk() = default;

  virtual Result<std::unique_ptr<File>> open(const Path& path, OpenMode mode) = 0;
  virtual Result<std::vector<DirectoryEntry>> list(const Path& directory) = 0;  // sorted by name
  virtual Result<bool> exists(const Path& path) = 0;
  virtual Result<> make_directories(const Path& path) = 0;
  virtual Result<> rename(const Path& from, const Path& to) = 0;  // replaces a file `to`
  virtual Result<> remove(const Path& path) = 0;                  // a file or an empty directory
  virtual Result<> remove_all(const Path& path) = 0;              // fine when missing
  virtual Result<> sync_directory(const Path& directory) = 0;
  // kBusy when another process (or another lock in this one) holds it.
  virtual Result<std::unique_ptr<DirectoryLock>> lock(const Path& lock_file) = 0;
  virtual Result<std::uint64_t> free_bytes(const Path& path) = 0;
  virtual Result<std::uint64_t> total_bytes(const Path& path) = 0;  // of the file system the path is on
  // Changes with every start of the machine: while it stays, no unsynced write was lost. Empty: unknown.
  virtual std::string boot_id() = 0;
};

// Waiting work of one log directory: at most a few operations run at a time, in order of submission.
// Completions run on the queue's own thread (in simulation: from the event loop); they must be short or post on.
class DiskQueue {
 public:
  using Done = std::move_only_function<void(Result<>)>;
  virtual ~DiskQueue() = default;

  virtual void sync(std::shared_ptr<File> file, Done done) = 0;
  // Any other job that may wait: cold reads, directory syncs, deletion, recovery.
  virtual void run(Task job) = 0;
};

// Reads a whole file of at most `limit` bytes (kTooLarge over it).
Result<Bytes> read_file(Disk& disk, const Path& path, std::uint64_t limit);
// Replaces a file so that after a crash either the old or the new contents are there, never a mixture:
// temporary file, sync, rename, directory sync.
Result<> replace_file(Disk& disk, const Path& path, ByteView contents);
// Whole or not at all for a process that is killed; a power cut may leave anything.
Result<> replace_file_unsynced(Disk& disk, const Path& path, ByteView contents);

}  // namespace barnabas
