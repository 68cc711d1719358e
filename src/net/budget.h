#pragma once
// How many bytes of requests may be in memory at once, over all connections (queued.max.request.bytes).
// A frame reserves its whole length when its first bytes arrive; what does not fit waits unread. One frame is always
// let through, so a frame larger than the budget is slow but not stuck.
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>

#include "base/executor.h"

namespace barnabas::net {

class MemoryBudget {
 public:
  explicit MemoryBudget(std::uint64_t limit) : limit_(limit) {}

  // Thread-safe. False: not now; `retry` is posted to the executor once some bytes were given back.
  bool reserve(std::uint64_t bytes, Executor& executor, Task retry);
  void release(std::uint64_t bytes);
  std::uint64_t used() const;
  std::uint64_t limit() const { return limit_; }

 private:
  struct Waiter {
    Executor* executor;
    Task retry;
  };
  const std::uint64_t limit_;
  mutable std::mutex mutex_;
  std::uint64_t used_ = 0;
  std::list<Waiter> waiters_;
};

}  // namespace barnabas::net
