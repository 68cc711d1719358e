#include "net/budget.h"

#include <utility>

#include "base/check.h"

namespace barnabas::net {

bool MemoryBudget::reserve(std::uint64_t bytes, Executor& executor, Task retry) {
  const std::lock_guard lock(mutex_);
  if (used_ == 0 || bytes <= limit_ - std::min(used_, limit_)) {
    used_ += bytes;
    return true;
  }
  waiters_.push_back({&executor, std::move(retry)});
  return false;
}

void MemoryBudget::release(std::uint64_t bytes) {
  std::list<Waiter> woken;
  {
    const std::lock_guard lock(mutex_);
    CHECK(used_ >= bytes);
    used_ -= bytes;
    woken.swap(waiters_);  // all may try again: the first that fit go on, the rest wait anew
  }
  for (Waiter& waiter : woken) waiter.executor->post(std::move(waiter.retry));
}

std::uint64_t MemoryBudget::used() const {
  const std::lock_guard lock(mutex_);
  return used_;
}

}  // namespace barnabas::net
