#include "base/posix_disk_queue.h"

#include <pthread.h>

#include <utility>

namespace barnabas {

PosixDiskQueue::PosixDiskQueue(std::string name, int threads) {
  name.resize(std::min<std::size_t>(name.size(), 15));  // the kernel's limit
  for (int i = 0; i < threads; ++i) {
    threads_.emplace_back([this] { work(); });
    ::pthread_setname_np(threads_.back().native_handle(), name.c_str());
  }
}

PosixDiskQueue::~PosixDiskQueue() { stop(); }

void PosixDiskQueue::stop() {
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  threads_.clear();  // joins
}

void PosixDiskQueue::sync(std::shared_ptr<File> file, Done done) {
  File* const key = file.get();
  {
    const std::scoped_lock lock(mutex_);
    SyncState& state = syncs_[key];
    if (state.file == nullptr) state.file = std::move(file);
    state.waiting.push_back(std::move(done));
    if (state.queued || state.running) return;
    state.queued = true;
    items_.push_back({.job = {}, .sync_file = key});
  }
  wake_.notify_one();
}

void PosixDiskQueue::run(Task job) {
  {
    const std::scoped_lock lock(mutex_);
    items_.push_back({.job = std::move(job)});
  }
  wake_.notify_one();
}

void PosixDiskQueue::work() {
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [this] { return stopping_ || !items_.empty(); });
    if (items_.empty()) return;
    Item item = std::move(items_.front());
    items_.pop_front();
    if (item.sync_file != nullptr) {
      run_sync(lock, item.sync_file);
      continue;
    }
    lock.unlock();
    item.job();
    item.job = nullptr;  // what it captured may submit more when it dies
    lock.lock();
  }
}

void PosixDiskQueue::run_sync(std::unique_lock<std::mutex>& lock, File* file) {
  SyncState& state = syncs_[file];
  const std::shared_ptr<File> pinned = state.file;
  std::vector<Done> waiting = std::exchange(state.waiting, {});
  state.queued = false;
  state.running = true;
  lock.unlock();
  const Result<> result = pinned->sync();
  lock.lock();
  state.running = false;
  if (state.waiting.empty()) {
    syncs_.erase(file);
  } else {
    state.queued = true;
    items_.push_back({.job = {}, .sync_file = file});
    wake_.notify_one();
  }
  lock.unlock();
  for (Done& done : waiting) done(result);
  waiting.clear();
  lock.lock();
}

}  // namespace barnabas
