#pragma once
// Time, chance and executors of a simulation: one thread, virtual time, everything from a seed.
#include <deque>
#include <map>
#include <utility>

#include "base/clock.h"
#include "base/executor.h"
#include "base/random.h"

namespace barnabas {

class SimClock final : public Clock {
 public:
  explicit SimClock(std::int64_t wall_ms = 1'700'000'000'000) : wall_offset_ms_(wall_ms) {}
  MonoTime mono() const override { return now_; }
  std::int64_t wall_ms() const override { return wall_offset_ms_ + now_.ns / 1'000'000; }

  void advance(MonoDuration by) { now_ = now_ + by; }
  void step_wall(std::int64_t by_ms) { wall_offset_ms_ += by_ms; }  // an operator, or NTP

 private:
  MonoTime now_;
  std::int64_t wall_offset_ms_;
};

// SplitMix64: the same numbers for the same seed on every machine.
class SimRandom final : public Random {
 public:
  explicit SimRandom(std::uint64_t seed) : state_(seed) {}
  void fill(MutableBytes out) override;
  std::uint64_t below(std::uint64_t bound) { return bound == 0 ? 0 : next_word() % bound; }
  bool chance(double probability);

 private:
  std::uint64_t next_word();
  std::uint64_t state_;
};

class SimExecutor final : public Executor {
 public:
  explicit SimExecutor(SimClock& clock) : clock_(clock) {}

  void post(Task task) override { tasks_.push_back(std::move(task)); }
  TimerId post_at(MonoTime at, Task task) override;
  bool cancel(TimerId timer) override;
  bool is_current() const override { return running_; }

  // Runs what is posted or due until nothing is; time stands still. Returns how many tasks ran.
  std::size_t run_until_idle();
  // Lets time pass: timers run at their time, in order.
  void advance(MonoDuration by);
  // Jumps to the next timer when nothing else is to do; false when there is none either.
  bool step();
  // The process is gone: nothing posted will ever run.
  void drop_everything();

 private:
  using TimerKey = std::pair<MonoTime, std::uint64_t>;
  void run(Task task);

  SimClock& clock_;
  bool running_ = false;
  std::deque<Task> tasks_;
  std::map<TimerKey, Task> timers_;
  std::uint64_t next_timer_ = 1;
};

}  // namespace barnabas
