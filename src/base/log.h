#pragma once
// One line an event: what happened, then key=value.
//
//   log::info("segment rolled", {{"partition", "orders-3"}, {"base", 4096}});
//   2026-01-02T03:04:05.678Z info  segment rolled partition=orders-3 base=4096
//
// error: a person must act. warn: odd, and we coped. info: state changed. debug: per request.
// Values are escaped here, so a client's string can never forge a line. What a client can cause goes through a
// LogLimiter. Record contents and secrets are never logged.
#include <atomic>
#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace barnabas::log {

enum class Level { kDebug, kInfo, kWarn, kError, kOff };

class Value {
 public:
  template <class T>
    requires std::integral<T>
  Value(T v) : text_(std::to_string(v)) {}
  Value(bool v) : text_(v ? "true" : "false") {}
  Value(double v);
  Value(const char* v) : text_(v) {}
  Value(std::string_view v) : text_(v) {}
  Value(std::string v) : text_(std::move(v)) {}
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

struct Field {
  std::string_view key;
  Value value;
};
using Fields = std::initializer_list<Field>;

void set_level(Level level);
bool enabled(Level level);
void write(Level level, std::string_view event, Fields fields);

inline void debug(std::string_view event, Fields fields = {}) {
  if (enabled(Level::kDebug)) write(Level::kDebug, event, fields);
}
inline void info(std::string_view event, Fields fields = {}) {
  if (enabled(Level::kInfo)) write(Level::kInfo, event, fields);
}
inline void warn(std::string_view event, Fields fields = {}) {
  if (enabled(Level::kWarn)) write(Level::kWarn, event, fields);
}
inline void error(std::string_view event, Fields fields = {}) {
  if (enabled(Level::kError)) write(Level::kError, event, fields);
}

// At most one line an interval; the next line that passes says how many were left out.
class Limiter {
 public:
  explicit Limiter(MonoDuration interval) : interval_(interval) {}
  // The number of lines suppressed since the last that passed, or -1: say nothing now.
  std::int64_t pass(MonoTime now);

 private:
  const MonoDuration interval_;
  std::atomic<std::int64_t> next_ns_{INT64_MIN};
  std::atomic<std::int64_t> suppressed_{0};
};

// Printable ASCII as it is, everything else as \xNN; quoted when it has a space, a quote or is empty; cut at 256 bytes.
std::string escape(std::string_view text);

}  // namespace barnabas::log
