#pragma once
// The kernel's clocks and the kernel's chance. Threads: any.
#include <array>
#include <mutex>

#include "base/clock.h"
#include "base/random.h"

namespace barnabas {

class PosixClock final : public Clock {
 public:
  MonoTime mono() const override;
  std::int64_t wall_ms() const override;
};

// getrandom(2), a buffer at a time: ids and challenges are 16 to 32 bytes, a system call each would be most of the cost.
// What was handed out is wiped from the buffer.
class KernelRandom final : public Random {
 public:
  void fill(MutableBytes out) override;

 private:
  std::mutex mutex_;
  std::array<std::byte, 1024> buffer_{};
  std::size_t left_ = 0;
};

}  // namespace barnabas
