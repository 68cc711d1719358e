#include "storage/open_files.h"

#include <utility>
#include <vector>

namespace barnabas::storage {

Result<std::shared_ptr<File>> OpenFiles::get(const Path& path) {
  std::uint64_t changes = 0;
  {
    const std::scoped_lock lock(mutex_);
    if (const auto found = by_path_.find(path.native()); found != by_path_.end()) {
      by_use_.splice(by_use_.begin(), by_use_, found->second);
      return found->second->file;
    }
    changes = changes_;
  }
  TRY_ASSIGN(std::shared_ptr<File> file, disk_.open(path, OpenMode::kReadWrite));
  std::vector<std::shared_ptr<File>> evicted;  // closed after the lock is given back
  const std::scoped_lock lock(mutex_);
  if (changes == changes_) keep(path, file, evicted);
  return file;
}

void OpenFiles::put(const Path& path, std::shared_ptr<File> file) {
  std::vector<std::shared_ptr<File>> evicted;
  const std::scoped_lock lock(mutex_);
  ++changes_;
  keep(path, std::move(file), evicted);
}

void OpenFiles::keep(const Path& path, std::shared_ptr<File> file, std::vector<std::shared_ptr<File>>& evicted) {
  if (const auto found = by_path_.find(path.native()); found != by_path_.end()) {
    evicted.push_back(std::exchange(found->second->file, std::move(file)));
    return;
  }
  by_use_.push_front({path.native(), std::move(file)});
  by_path_.emplace(path.native(), by_use_.begin());
  while (by_use_.size() > limit_) {
    evicted.push_back(std::move(by_use_.back().file));
    by_path_.erase(by_use_.back().path);
    by_use_.pop_back();
  }
}

std::shared_ptr<File> OpenFiles::forget(const Path& path) {
  const std::scoped_lock lock(mutex_);
  ++changes_;
  const auto found = by_path_.find(path.native());
  if (found == by_path_.end()) return nullptr;
  std::shared_ptr<File> file = std::move(found->second->file);
  by_use_.erase(found->second);
  by_path_.erase(found);
  return file;
}

std::size_t OpenFiles::count() const {
  const std::scoped_lock lock(mutex_);
  return by_use_.size();
}

}  // namespace barnabas::storage
