#pragma once
// One line an event: what happened, then key=value.
//
//   log::info("segment rolled", {{"partition", "orders-3"}, {"base", 4096}});
//
//   text    2026-01-02T03:04:05.678Z info  segment rolled partition=orders-3 base=4096
//   logfmt  ts=2026-01-02T03:04:05.678Z level=info event=segment_rolled partition=orders-3 base=4096
//   json    {"ts":"2026-01-02T03:04:05.678Z","level":"info","event":"segment_rolled","partition":"orders-3","base":4096}
//
// error: a person must act. warn: odd, and we coped. info: state changed. debug: per request.
// Values are escaped here, so a client's string can never forge a line. What a client can cause goes through a
// LogLimiter. Record contents and secrets are never logged.
//
// Each room of the source (storage, net, ...) has a level of its own, or else that of "root". They can be changed while
// the broker runs (Kafka's BROKER_LOGGER resource). Threads: any.
#include <array>
#include <atomic>
#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <source_location>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace barnabas::log {

enum class Level { kDebug, kInfo, kWarn, kError, kOff };
enum class Format { kText, kLogfmt, kJson };

class Value {
 public:
  template <class T>
    requires std::integral<T>
  Value(T v) : text_(std::to_string(v)), literal_(true) {}
  Value(bool v) : text_(v ? "true" : "false"), literal_(true) {}
  Value(double v);
  Value(const char* v) : text_(v) {}
  Value(std::string_view v) : text_(v) {}
  Value(std::string v) : text_(std::move(v)) {}
  const std::string& text() const { return text_; }
  bool literal() const { return literal_; }  // a number or a truth value: JSON has no quotes around it

 private:
  std::string text_;
  bool literal_ = false;
};

struct Field {
  std::string_view key;
  Value value;
};
using Fields = std::initializer_list<Field>;

inline constexpr std::array<std::string_view, 14> kRooms{"base",       "broker",      "cli",      "config", "console",
                                                         "controller", "coordinator", "metadata", "model",  "net",
                                                         "protocol",   "replication", "server",   "storage"};

// The place in kRooms of a source file, or their number: a file of no room, which follows root.
constexpr std::size_t room_of(std::string_view file) {
  const std::size_t end = file.rfind('/');
  const std::string_view folder = end == std::string_view::npos ? std::string_view() : file.substr(0, end);
  const std::size_t source = folder.rfind("src/");
  const std::string_view path = source == std::string_view::npos ? std::string_view() : folder.substr(source + 4);
  const std::string_view room = path.substr(0, path.find('/'));
  std::size_t index = 0;
  while (index < kRooms.size() && kRooms[index] != room) ++index;
  return index;
}

// What happened, and in which room: a literal, so that both are known when it is compiled.
class Event {
 public:
  consteval Event(const char* text, std::source_location where = std::source_location::current())
      : text_(text), room_(room_of(where.file_name())) {}
  std::string_view text() const { return text_; }
  std::size_t room() const { return room_; }

 private:
  std::string_view text_;
  std::size_t room_;
};

// Of root, and so of every room without a level of its own.
void set_level(Level level);
Level level();
// Of one room, an index of kRooms; nullopt: as root.
void set_level(std::size_t room, std::optional<Level> level);
Level level(std::size_t room);

// From the next line on. Called once, when the settings are known; text until then.
void set_format(Format format);

bool enabled(Level level, std::size_t room);
void write(Level level, Event event, Fields fields);

inline void debug(Event event, Fields fields = {}) {
  if (enabled(Level::kDebug, event.room())) write(Level::kDebug, event, fields);
}
inline void info(Event event, Fields fields = {}) {
  if (enabled(Level::kInfo, event.room())) write(Level::kInfo, event, fields);
}
inline void warn(Event event, Fields fields = {}) {
  if (enabled(Level::kWarn, event.room())) write(Level::kWarn, event, fields);
}
inline void error(Event event, Fields fields = {}) {
  if (enabled(Level::kError, event.room())) write(Level::kError, event, fields);
}

// What stands behind the time: write() without its sink.
std::string line(Format format, Level level, std::string_view event, Fields fields);

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
