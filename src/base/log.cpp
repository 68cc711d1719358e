#include "base/log.h"

#include <fmt/format.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <mutex>

namespace barnabas::log {
namespace {

spdlog::level::level_enum to_spdlog(Level level) {
  switch (level) {
    case Level::kDebug: return spdlog::level::debug;
    case Level::kInfo: return spdlog::level::info;
    case Level::kWarn: return spdlog::level::warn;
    case Level::kError: return spdlog::level::err;
    case Level::kOff: return spdlog::level::off;
  }
  return spdlog::level::off;
}

// Of one width, so that events stand below each other.
std::string_view name(Level level) {
  switch (level) {
    case Level::kDebug: return "debug ";
    case Level::kInfo: return "info  ";
    case Level::kWarn: return "warn  ";
    case Level::kError: return "error ";
    case Level::kOff: return "";
  }
  return "";
}

spdlog::logger& logger() {
  static spdlog::logger instance = [] {
    spdlog::logger made("barnabas", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    made.set_formatter(std::make_unique<spdlog::pattern_formatter>("%Y-%m-%dT%H:%M:%S.%eZ %v", spdlog::pattern_time_type::utc));
    made.set_level(spdlog::level::debug);  // what is written is decided by Levels
    return made;
  }();
  return instance;
}

// Of every room and, last, of root and of files of no room.
class Levels {
 public:
  Levels() {
    for (auto& level : effective_) level.store(Level::kInfo, std::memory_order_relaxed);
  }
  Level of(std::size_t room) const { return effective_[room].load(std::memory_order_relaxed); }
  void set(std::size_t room, std::optional<Level> level) {
    const std::lock_guard lock(mutex_);
    own_[room] = level;
    for (std::size_t i = 0; i < own_.size(); ++i) {
      effective_[i].store(own_[i].value_or(own_.back().value_or(Level::kInfo)), std::memory_order_relaxed);
    }
  }

 private:
  std::mutex mutex_;
  std::array<std::optional<Level>, kRooms.size() + 1> own_;
  std::array<std::atomic<Level>, kRooms.size() + 1> effective_;
};

Levels& levels() {
  static Levels instance;
  return instance;
}

}  // namespace

Value::Value(double v) : text_(fmt::format("{:.6g}", v)) {}

void set_level(Level level) { levels().set(kRooms.size(), level); }
Level level() { return levels().of(kRooms.size()); }
void set_level(std::size_t room, std::optional<Level> level) { levels().set(room, level); }
Level level(std::size_t room) { return levels().of(room); }

bool enabled(Level level, std::size_t room) { return level >= levels().of(room); }

void write(Level level, Event event, Fields fields) {
  std::string line(name(level));
  line += event.text();
  for (const Field& field : fields) {
    line += ' ';
    line += field.key;
    line += '=';
    line += escape(field.value.text());
  }
  logger().log(to_spdlog(level), line);
}

std::int64_t Limiter::pass(MonoTime now) {
  std::int64_t next = next_ns_.load(std::memory_order_relaxed);
  if (now.ns < next || !next_ns_.compare_exchange_strong(next, now.ns + interval_.count(), std::memory_order_relaxed)) {
    suppressed_.fetch_add(1, std::memory_order_relaxed);
    return -1;
  }
  return suppressed_.exchange(0, std::memory_order_relaxed);
}

std::string escape(std::string_view text) {
  constexpr std::size_t kMax = 256;
  const bool cut = text.size() > kMax;
  if (cut) text = text.substr(0, kMax);
  std::string out;
  out.reserve(text.size() + 2);
  bool quote = text.empty();
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte >= 0x7f) {
      fmt::format_to(std::back_inserter(out), "\\x{:02x}", byte);
    } else {
      if (c == ' ' || c == '=') quote = true;
      if (c == '"' || c == '\\') {
        out += '\\';
        quote = true;
      }
      out += c;
    }
  }
  if (cut) out += "...";
  return quote ? '"' + out + '"' : out;
}

}  // namespace barnabas::log
