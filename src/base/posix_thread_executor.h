#pragma once
// An Executor that is a thread: tasks in order of posting, timers when they are due.
// The destructor runs what was posted, drops timers that are not due, and joins.
//
// Threads: any may post.
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

#include "base/executor.h"

namespace barnabas {

class PosixThreadExecutor final : public Executor {
 public:
  explicit PosixThreadExecutor(std::string name);
  ~PosixThreadExecutor() override;

  // Runs what was posted and ends the thread. What comes later is taken and never runs, so that users may outlive it.
  void stop();

  void post(Task task) override;
  TimerId post_at(MonoTime at, Task task) override;
  bool cancel(TimerId timer) override;
  bool is_current() const override;

 private:
  using TimerKey = std::pair<MonoTime, std::uint64_t>;
  void work();

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::deque<Task> tasks_;
  std::map<TimerKey, Task> timers_;
  std::map<std::uint64_t, MonoTime> timer_times_;
  std::uint64_t next_timer_ = 1;
  std::jthread thread_;
};

}  // namespace barnabas
