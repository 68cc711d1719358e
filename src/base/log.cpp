#include "base/log.h"

#include <fmt/format.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <cmath>
#include <mutex>
#include <nlohmann/json.hpp>

namespace barnabas::log {
namespace {

constexpr std::size_t kTextMax = 256;

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

std::string_view name(Level level) {
  switch (level) {
    case Level::kDebug: return "debug";
    case Level::kInfo: return "info";
    case Level::kWarn: return "warn";
    case Level::kError: return "error";
    case Level::kOff: return "";
  }
  return "";
}

// The event as a word for programs: "log is damaged, what lies behind is kept" is log_is_damaged_what_lies_behind_is_kept.
std::string event_name(std::string_view event) {
  std::string out;
  for (const char c : event) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    const bool upper = c >= 'A' && c <= 'Z';
    if (plain || upper) {
      out += upper ? static_cast<char>(c - 'A' + 'a') : c;
    } else if (!out.empty() && out.back() != '_') {
      out += '_';
    }
  }
  return out;
}

// Quoted. What is not UTF-8 is replaced; long texts are cut as escape() cuts them.
std::string json_text(std::string_view text) {
  const bool cut = text.size() > kTextMax;
  std::string kept(text.substr(0, kTextMax));
  if (cut) kept += "...";
  return nlohmann::json(std::move(kept)).dump(-1, ' ', /*ensure_ascii=*/true, nlohmann::json::error_handler_t::replace);
}

std::string text_line(Level level, std::string_view event, Fields fields) {
  std::string out = fmt::format("{:<5} {}", name(level), event);  // of one width, so that events stand below each other
  for (const Field& field : fields) fmt::format_to(std::back_inserter(out), " {}={}", field.key, escape(field.value.text()));
  return out;
}

std::string logfmt_line(Level level, std::string_view event, Fields fields) {
  std::string out = fmt::format("level={} event={}", name(level), event_name(event));
  for (const Field& field : fields) fmt::format_to(std::back_inserter(out), " {}={}", field.key, escape(field.value.text()));
  return out;
}

std::string json_line(Level level, std::string_view event, Fields fields) {
  std::string out = fmt::format(R"("level":"{}","event":"{}")", name(level), event_name(event));
  for (const Field& field : fields) {
    out += fmt::format(",\"{}\":", field.key);
    out += field.value.literal() ? field.value.text() : json_text(field.value.text());
  }
  return out + '}';
}

std::atomic<Format>& format_in_use() {
  static std::atomic<Format> format{Format::kText};
  return format;
}

std::unique_ptr<spdlog::formatter> formatter(Format format) {
  const auto pattern = [format] {
    switch (format) {
      case Format::kText: return "%Y-%m-%dT%H:%M:%S.%eZ %v";
      case Format::kLogfmt: return "ts=%Y-%m-%dT%H:%M:%S.%eZ %v";
      case Format::kJson: return "{\"ts\":\"%Y-%m-%dT%H:%M:%S.%eZ\",%v";
    }
    return "%v";
  };
  return std::make_unique<spdlog::pattern_formatter>(pattern(), spdlog::pattern_time_type::utc);
}

spdlog::logger& logger() {
  static spdlog::logger instance = [] {
    spdlog::logger made("barnabas", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    made.set_formatter(formatter(Format::kText));
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

Value::Value(double v) : text_(fmt::format("{:.6g}", v)), literal_(std::isfinite(v)) {}

void set_level(Level level) { levels().set(kRooms.size(), level); }
Level level() { return levels().of(kRooms.size()); }
void set_level(std::size_t room, std::optional<Level> level) { levels().set(room, level); }
Level level(std::size_t room) { return levels().of(room); }

bool enabled(Level level, std::size_t room) { return level >= levels().of(room); }

void set_format(Format format) {
  logger().set_formatter(formatter(format));
  format_in_use() = format;
}

void write(Level level, Event event, Fields fields) {
  logger().log(to_spdlog(level), spdlog::string_view_t(line(format_in_use(), level, event.text(), fields)));
}

std::string line(Format format, Level level, std::string_view event, Fields fields) {
  switch (format) {
    case Format::kText: return text_line(level, event, fields);
    case Format::kLogfmt: return logfmt_line(level, event, fields);
    case Format::kJson: return json_line(level, event, fields);
  }
  return {};
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
  const bool cut = text.size() > kTextMax;
  if (cut) text = text.substr(0, kTextMax);
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
