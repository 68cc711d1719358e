#include "base/posix_clock.h"

#include <sys/random.h>
#include <time.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/check.h"

namespace barnabas {
namespace {

void fill_from_kernel(MutableBytes out) {
  std::size_t done = 0;
  while (done < out.size()) {
    const ssize_t n = ::getrandom(out.data() + done, out.size() - done, 0);
    if (n < 0) CHECK(errno == EINTR);  // the call has no other failure for a valid buffer
    if (n > 0) done += static_cast<std::size_t>(n);
  }
}

}  // namespace

MonoTime PosixClock::mono() const {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return {now.tv_sec * 1'000'000'000LL + now.tv_nsec};
}

std::int64_t PosixClock::wall_ms() const {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  return now.tv_sec * 1000LL + now.tv_nsec / 1'000'000;
}

void KernelRandom::fill(MutableBytes out) {
  if (out.size() > buffer_.size()) return fill_from_kernel(out);
  const std::scoped_lock lock(mutex_);
  if (left_ < out.size()) {
    fill_from_kernel(buffer_);
    left_ = buffer_.size();
  }
  std::byte* const from = buffer_.data() + (left_ - out.size());
  std::memcpy(out.data(), from, out.size());
  std::fill_n(from, out.size(), std::byte{0});
  left_ -= out.size();
}

}  // namespace barnabas
