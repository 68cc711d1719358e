#include "base/sim_clock.h"

#include <algorithm>
#include <cstring>

namespace barnabas {

std::uint64_t SimRandom::next_word() {
  state_ += 0x9e3779b97f4a7c15ULL;
  std::uint64_t z = state_;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31);
}

void SimRandom::fill(MutableBytes out) {
  for (std::size_t done = 0; done < out.size();) {
    const std::uint64_t word = next_word();
    const std::size_t n = std::min(out.size() - done, sizeof word);
    std::memcpy(out.data() + done, &word, n);
    done += n;
  }
}

bool SimRandom::chance(double probability) { return static_cast<double>(next_word() >> 11) * 0x1.0p-53 < probability; }

TimerId SimExecutor::post_at(MonoTime at, Task task) {
  const std::uint64_t id = next_timer_++;
  timers_.emplace(TimerKey{at, id}, std::move(task));
  return TimerId{id};
}

bool SimExecutor::cancel(TimerId timer) {
  const auto found =
      std::ranges::find_if(timers_, [&](const auto& entry) { return entry.first.second == static_cast<std::uint64_t>(timer); });
  if (found == timers_.end()) return false;
  const auto dropped = timers_.extract(found);
  return true;
}

void SimExecutor::run(Task task) {
  const bool outer = std::exchange(running_, true);
  task();
  running_ = outer;
}

std::size_t SimExecutor::run_until_idle() {
  for (std::size_t ran = 0;; ++ran) {
    if (!timers_.empty() && timers_.begin()->first.first <= clock_.mono()) {
      auto node = timers_.extract(timers_.begin());
      run(std::move(node.mapped()));
    } else if (!tasks_.empty()) {
      Task task = std::move(tasks_.front());
      tasks_.pop_front();
      run(std::move(task));
    } else {
      return ran;
    }
  }
}

void SimExecutor::advance(MonoDuration by) {
  const MonoTime end = clock_.mono() + by;
  run_until_idle();
  while (!timers_.empty() && timers_.begin()->first.first <= end) {
    clock_.advance(std::max(MonoDuration(0), timers_.begin()->first.first - clock_.mono()));
    run_until_idle();
  }
  clock_.advance(end - clock_.mono());
}

bool SimExecutor::step() {
  if (run_until_idle() > 0) return true;
  if (timers_.empty()) return false;
  clock_.advance(std::max(MonoDuration(0), timers_.begin()->first.first - clock_.mono()));
  run_until_idle();
  return true;
}

void SimExecutor::drop_everything() {
  const auto tasks = std::exchange(tasks_, {});
  const auto timers = std::exchange(timers_, {});
}

}  // namespace barnabas
