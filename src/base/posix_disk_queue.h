#pragma once
// The waiting work of one log directory on threads of its own.
//
// Group commit: sync requests of one file that arrive while a sync of that file runs share the next one. Syncs of
// different files overlap on a few threads, because the file system commits them together; jobs start in the order
// they came in. A failed sync fails everybody who waited for it.
//
// Threads: any may submit; completions run on the queue's threads. The destructor finishes what was submitted.
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "base/disk.h"

namespace barnabas {

class PosixDiskQueue final : public DiskQueue {
 public:
  explicit PosixDiskQueue(std::string name, int threads = 4);
  ~PosixDiskQueue() override;

  // Finishes what was submitted and ends the threads. What comes later is taken and never runs.
  void stop();

  void sync(std::shared_ptr<File> file, Done done) override;
  void run(Task job) override;

 private:
  struct SyncState {
    std::shared_ptr<File> file;
    std::vector<Done> waiting;
    bool queued = false;
    bool running = false;
  };
  struct Item {
    Task job;                   // or, when empty,
    File* sync_file = nullptr;  // a key of syncs_
  };
  void work();
  void run_sync(std::unique_lock<std::mutex>& lock, File* file);

  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::deque<Item> items_;
  std::unordered_map<File*, SyncState> syncs_;
  std::vector<std::jthread> threads_;
};

}  // namespace barnabas
