#pragma once
// The two clocks, behind a seam so that a simulation owns time. Timeouts, sessions and elections use mono();
// only record timestamps, retention and token expiry may look at wall_ms(), which an operator can step.
#include <chrono>
#include <cstdint>

namespace barnabas {

using MonoDuration = std::chrono::nanoseconds;

struct MonoTime {
  std::int64_t ns = 0;  // since an arbitrary start; never steps back
  friend constexpr auto operator<=>(MonoTime, MonoTime) = default;
  friend constexpr MonoTime operator+(MonoTime t, MonoDuration d) { return {t.ns + d.count()}; }
  friend constexpr MonoDuration operator-(MonoTime a, MonoTime b) { return MonoDuration(a.ns - b.ns); }
};

class Clock {
 public:
  virtual ~Clock() = default;
  virtual MonoTime mono() const = 0;
  virtual std::int64_t wall_ms() const = 0;  // milliseconds since 1970, UTC
};

}  // namespace barnabas
