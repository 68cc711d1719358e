#pragma once
// The kernel's files behind the seam of disk.h: pread, pwrite, fdatasync, rename, file locks.
// EINTR is retried, short reads and writes are continued. Nothing is buffered here.
//
// Threads: any; see disk.h for what waits.
#include "base/disk.h"

namespace barnabas {

class PosixDisk final : public Disk {
 public:
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
};

}  // namespace barnabas
