#include "cli/time_text.h"

#include <fmt/format.h>

#include <charconv>
#include <utility>

namespace barnabas::cli {
namespace {

using std::chrono::milliseconds;

constexpr std::int64_t kMostMs = std::int64_t{1000} * 366 * 86'400'000;

// Reads a number at the start and takes it away.
std::optional<std::int64_t> take_number(std::string_view& text) {
  std::int64_t number = 0;
  if (text.empty() || text.front() < '0' || text.front() > '9') return std::nullopt;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return number;
}

bool take(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

using Units = std::initializer_list<std::pair<std::string_view, std::int64_t>>;

// "1h30m" with these units, each a number and a unit; the longer of two units that begin alike stands first.
std::optional<std::int64_t> take_parts(std::string_view& text, const Units& units) {
  std::int64_t total = 0;
  while (!text.empty() && text.front() != 'T') {
    const auto number = take_number(text);
    if (!number) return std::nullopt;
    bool known = false;
    for (const auto& [unit, ms] : units) {
      if (!take(text, unit)) continue;
      if (*number > kMostMs / ms) return std::nullopt;
      total += *number * ms;
      known = true;
      break;
    }
    if (!known || total > kMostMs) return std::nullopt;
  }
  return total;
}

// Exactly `digits` digits.
std::optional<int> take_digits(std::string_view& text, std::size_t digits) {
  int number = 0;
  if (text.size() < digits) return std::nullopt;
  for (std::size_t i = 0; i < digits; ++i) {
    if (text[i] < '0' || text[i] > '9') return std::nullopt;
    number = number * 10 + (text[i] - '0');
  }
  text.remove_prefix(digits);
  return number;
}

// "10:30", "10:30:15", "10:30:15.125" since midnight.
std::optional<milliseconds> take_time_of_day(std::string_view& text) {
  const auto hours = take_digits(text, 2);
  if (!hours || !take(text, ":")) return std::nullopt;
  const auto minutes = take_digits(text, 2);
  if (!minutes || *hours > 23 || *minutes > 59) return std::nullopt;
  milliseconds time = std::chrono::hours(*hours) + std::chrono::minutes(*minutes);
  if (!take(text, ":")) return time;
  const auto seconds = take_digits(text, 2);
  if (!seconds || *seconds > 59) return std::nullopt;
  time += std::chrono::seconds(*seconds);
  if (!take(text, ".")) return time;
  int weight = 100;
  bool any = false;
  for (; !text.empty() && text.front() >= '0' && text.front() <= '9'; text.remove_prefix(1), weight /= 10, any = true) {
    time += milliseconds((text.front() - '0') * weight);
  }
  return any ? std::optional(time) : std::nullopt;
}

std::optional<std::chrono::minutes> take_zone(std::string_view& text) {
  if (text.empty() || take(text, "Z")) return std::chrono::minutes(0);
  const bool west = text.starts_with('-');
  if (!west && !text.starts_with('+')) return std::nullopt;
  text.remove_prefix(1);
  const auto hours = take_digits(text, 2);
  take(text, ":");
  const auto minutes = text.empty() ? std::optional(0) : take_digits(text, 2);
  if (!hours || !minutes || *hours > 18 || *minutes > 59) return std::nullopt;
  const auto offset = std::chrono::hours(*hours) + std::chrono::minutes(*minutes);
  return west ? -offset : offset;
}

}  // namespace

std::optional<milliseconds> parse_duration(std::string_view text) {
  std::optional<std::int64_t> total;
  if (take(text, "P")) {
    if (text.empty()) return std::nullopt;
    total = take_parts(text, {{"W", 7 * 86'400'000LL}, {"D", 86'400'000}});
    if (total && take(text, "T")) {
      const auto time = text.empty() ? std::nullopt : take_parts(text, {{"H", 3'600'000}, {"M", 60'000}, {"S", 1000}});
      total = time ? std::optional(*total + *time) : std::nullopt;
    }
  } else if (!text.empty()) {
    total = take_parts(text, {{"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}});
  }
  if (!total || !text.empty() || *total > kMostMs) return std::nullopt;
  return milliseconds(*total);
}

std::optional<std::int64_t> parse_datetime(std::string_view text) {
  const auto year = take_digits(text, 4);
  if (!year || !take(text, "-")) return std::nullopt;
  const auto month = take_digits(text, 2);
  if (!month || !take(text, "-")) return std::nullopt;
  const auto day = take_digits(text, 2);
  if (!day) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(*year), std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok()) return std::nullopt;
  std::optional<milliseconds> time = milliseconds(0);
  if (take(text, "T") || take(text, " ")) time = take_time_of_day(text);
  const auto zone = take_zone(text);
  if (!time || !zone || !text.empty()) return std::nullopt;
  return (milliseconds(std::chrono::sys_days(date).time_since_epoch()) + *time - *zone).count();
}

std::string datetime_text(std::int64_t ms_since_1970) {
  // Years that chrono can hold; a timestamp is any number that a producer chose.
  constexpr std::int64_t kFar = 253'402'300'799'999;  // the end of year 9999
  if (ms_since_1970 < -kFar || ms_since_1970 > kFar) return std::to_string(ms_since_1970);
  const std::chrono::sys_time<milliseconds> time{milliseconds(ms_since_1970)};
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::int64_t ms = (time - day).count();
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                     static_cast<unsigned>(date.day()), ms / 3'600'000, ms / 60'000 % 60, ms / 1000 % 60, ms % 1000);
}

}  // namespace barnabas::cli
