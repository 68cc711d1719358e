#pragma once
// Open files are a cache with a limit: 10,000 partitions do not mean 30,000 descriptors.
// Only files without unsynced writes live here (closing one must not lose the report of a failed write-back); the
// active segment of a log is held by the log itself. What is evicted stays open for as long as a slice pins it.
//
// Threads: any.
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/disk.h"

namespace barnabas::storage {

class OpenFiles {
 public:
  OpenFiles(Disk& disk, std::size_t limit) : disk_(disk), limit_(limit) {}

  // The file, opened for reading and writing if it is not open yet (kNotFound when it does not exist). What was opened
  // while a name changed hands (put, forget) is not kept: it may be the file that had the name before.
  Result<std::shared_ptr<File>> get(const Path& path);
  void put(const Path& path, std::shared_ptr<File> file);
  // Returns what was held, so that a caller can see whether anybody else pins it.
  std::shared_ptr<File> forget(const Path& path);
  std::size_t count() const;

 private:
  struct Entry {
    std::string path;
    std::shared_ptr<File> file;
  };

  void keep(const Path& path, std::shared_ptr<File> file, std::vector<std::shared_ptr<File>>& evicted);  // under mutex_

  Disk& disk_;
  const std::size_t limit_;
  mutable std::mutex mutex_;
  std::uint64_t changes_ = 0;  // puts and forgets
  std::list<Entry> by_use_;    // most recently used first
  std::unordered_map<std::string, std::list<Entry>::iterator> by_path_;
};

}  // namespace barnabas::storage
