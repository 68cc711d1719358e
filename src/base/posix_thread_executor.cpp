#include "base/posix_thread_executor.h"

#include <pthread.h>

#include <chrono>

#include "base/posix_clock.h"

namespace barnabas {

PosixThreadExecutor::PosixThreadExecutor(std::string name) : thread_([this] { work(); }) {
  name.resize(std::min<std::size_t>(name.size(), 15));  // the kernel's limit
  ::pthread_setname_np(thread_.native_handle(), name.c_str());
}

PosixThreadExecutor::~PosixThreadExecutor() { stop(); }

void PosixThreadExecutor::stop() {
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void PosixThreadExecutor::post(Task task) {
  {
    const std::scoped_lock lock(mutex_);
    tasks_.push_back(std::move(task));
  }
  wake_.notify_one();
}

TimerId PosixThreadExecutor::post_at(MonoTime at, Task task) {
  std::uint64_t id = 0;
  {
    const std::scoped_lock lock(mutex_);
    id = next_timer_++;
    timers_.emplace(TimerKey{at, id}, std::move(task));
    timer_times_.emplace(id, at);
  }
  wake_.notify_one();
  return TimerId{id};
}

bool PosixThreadExecutor::cancel(TimerId timer) {
  Task dropped;  // dies after the lock is given back
  const std::scoped_lock lock(mutex_);
  const auto id = static_cast<std::uint64_t>(timer);
  const auto found = timer_times_.find(id);
  if (found == timer_times_.end()) return false;
  auto node = timers_.extract(TimerKey{found->second, id});
  dropped = std::move(node.mapped());
  timer_times_.erase(found);
  return true;
}

bool PosixThreadExecutor::is_current() const { return std::this_thread::get_id() == thread_.get_id(); }

void PosixThreadExecutor::work() {
  const PosixClock clock;
  std::unique_lock lock(mutex_);
  while (true) {
    Task task;
    if (!timers_.empty() && timers_.begin()->first.first <= clock.mono()) {
      auto node = timers_.extract(timers_.begin());
      timer_times_.erase(node.key().second);
      task = std::move(node.mapped());
    } else if (!tasks_.empty()) {
      task = std::move(tasks_.front());
      tasks_.pop_front();
    } else if (stopping_) {
      return;
    } else if (timers_.empty()) {
      wake_.wait(lock);
      continue;
    } else {
      // steady_clock is CLOCK_MONOTONIC, which MonoTime counts.
      wake_.wait_until(lock, std::chrono::steady_clock::time_point(std::chrono::nanoseconds(timers_.begin()->first.first.ns)));
      continue;
    }
    lock.unlock();
    task();
    task = nullptr;
    lock.lock();
  }
}

}  // namespace barnabas
