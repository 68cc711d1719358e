#pragma once
// A disk in memory that keeps exactly what disk.h promises and no more.
//
// A file is what readers see, what a power cut leaves, and the 512-byte sectors in which they differ. sync() makes a
// file's data and size durable; names become durable by sync_directory() of their folder only. A power cut keeps any
// subset of the unsynced sectors and names: torn, reordered, zero-filled.
//
// Faults are played on purpose: full disk, I/O errors, a sync that fails once and lies afterwards, one that takes its
// time or never ends, flipped bits.
//
// Threads: any (one lock); simulations use one.
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/disk.h"
#include "base/sim_clock.h"

namespace barnabas {

enum class DiskOp { kRead, kWrite, kSync, kOpen, kList, kTruncate, kRename, kRemove, kMakeDirectory, kSyncDirectory, kStat, kReserve };

struct DiskFault {
  DiskOp op = DiskOp::kWrite;
  std::string path_contains{};  // empty: every path
  int skip = 0;                 // so many matching operations succeed first
  int times = 1;                // then so many fail; -1: all
  int sys_errno = 5;            // EIO
  std::size_t partial = 0;      // a failing write leaves so many of its bytes
};

enum class PowerCut {
  kLoseAll,  // exactly what was synced is left
  kKeepAll,  // the cache happened to be written back
  kRandom,   // any subset
};

class SimDisk final : public Disk {
 public:
  SimDisk();
  ~SimDisk() override;

  Result<std::unique_ptr<File>> open(const Path& path, OpenMode mode) override;
  Result<std::vector<DirectoryEntry>> list(const Path& directory) override;
  Result<bool> exists(const Path& path) override;
  Result<> make_directories(const Path& path) override;
  Result<> rename(const Path& from, const Path& to) override;
  Result<> remove(const Path& path) override;
  Result<> remove_all(const Path& path) override;
  Result<> sync_directory(const Path& directory) override;
  Result<std::unique_ptr<DirectoryLock>> lock(const Path& lock_file) override;
  Result<std::uint64_t> free_bytes(const Path& path) override;
  Result<std::uint64_t> total_bytes(const Path& path) override;
  std::string boot_id() override;

  // The machine loses power: files keep what the kind says, every open file and lock of before is dead.
  void power_cut(PowerCut kind, SimRandom& random);
  // The process is killed: the page cache survives, open files and locks of before are dead.
  void kill();

  void inject(DiskFault fault);
  void clear_faults();
  void set_capacity(std::optional<std::uint64_t> bytes);  // for all files together
  void set_cold(bool cold);                               // read_cached_at finds nothing
  // Surgery behind everybody's back, on what readers see and what is durable.
  void flip_bits(const Path& path, std::uint64_t position, std::uint8_t mask);
  void overwrite(const Path& path, ByteView contents);
  Bytes contents(const Path& path);

  std::uint64_t count(DiskOp op) const;
  void reset_counts();

  struct Node;
  struct State;

 private:
  std::shared_ptr<State> state_;
};

// Waiting work in virtual time. What a sync makes durable is what was there when it began; done comes after the delay.
class SimDiskQueue final : public DiskQueue {
 public:
  SimDiskQueue(SimExecutor& executor, SimClock& clock) : executor_(executor), clock_(clock) {}
  void sync(std::shared_ptr<File> file, Done done) override;
  void run(Task job) override;

  void set_sync_delay(MonoDuration delay) { delay_ = delay; }
  void hang(bool hang) { hang_ = hang; }  // syncs that begin now never end

 private:
  struct SyncState {
    std::vector<Done> waiting;
    bool scheduled = false;
    bool running = false;
  };
  void begin(std::shared_ptr<File> file);
  void finish(const std::shared_ptr<File>& file, const Result<>& result, std::vector<Done> waiting);

  SimExecutor& executor_;
  SimClock& clock_;
  MonoDuration delay_{0};
  bool hang_ = false;
  std::unordered_map<File*, SyncState> syncs_;
};

}  // namespace barnabas
