#pragma once
// Where work runs. Nothing in Barnabas starts a thread but src/server: everybody else is given an Executor.
// In production it is an I/O thread's loop or a worker thread; in a simulation one queue in virtual time.
#include <cstdint>
#include <functional>

#include "base/clock.h"

namespace barnabas {

using Task = std::move_only_function<void()>;

enum class TimerId : std::uint64_t { kNone = 0 };

// All calls are allowed from every thread; tasks of one executor never run at the same time as each other.
class Executor {
 public:
  virtual ~Executor() = default;

  // Runs the task later, in the order of posting, never inside this call.
  virtual void post(Task task) = 0;

  // Runs the task once, at or after the time. Cancelling returns false if it ran already, is running, or never was.
  virtual TimerId post_at(MonoTime at, Task task) = 0;
  virtual bool cancel(TimerId timer) = 0;

  // True when called from a task of this executor: what would be posted may then be done at once.
  virtual bool is_current() const { return false; }
};

}  // namespace barnabas
