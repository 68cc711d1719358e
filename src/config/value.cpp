#include "config/value.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>

#include "base/log.h"

namespace barnabas {
namespace {

// Longer values are refused before anything is built from them.
constexpr std::size_t kValueMaxBytes = 64 * 1024;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool equal(std::string_view a, std::string_view b, bool any_case) {
  if (!any_case) return a == b;
  return std::ranges::equal(a, b, {}, lower, lower);
}

// The member of "a|b|c" that the text is, or empty.
std::string_view member(std::string_view alternatives, std::string_view text, bool any_case) {
  while (!alternatives.empty()) {
    const std::string_view one = alternatives.substr(0, alternatives.find('|'));
    if (equal(one, text, any_case)) return one;
    alternatives.remove_prefix(std::min(alternatives.size(), one.size() + 1));
  }
  return {};
}

std::string with_commas(std::string_view alternatives) {
  std::string text;
  for (const char c : alternatives) text += c == '|' ? std::string(", ") : std::string(1, c);
  return text;
}

template <class T>
std::optional<T> parse_number(std::string_view text) {
  if (text.starts_with('+') && text.size() > 1 && text[1] != '-') text.remove_prefix(1);
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<double> parse_double(std::string_view text) {
  // Java takes a type suffix.
  if (text.size() > 1 && std::string_view("fFdD").contains(text.back())) text.remove_suffix(1);
  const auto value = parse_number<double>(text);
  return value && std::isfinite(*value) ? value : std::nullopt;
}

struct Range {
  std::int64_t min, max;
};
Range range_of(SettingType type) {
  switch (type) {
    case SettingType::kShort: return {std::numeric_limits<std::int16_t>::min(), std::numeric_limits<std::int16_t>::max()};
    case SettingType::kInt: return {std::numeric_limits<std::int32_t>::min(), std::numeric_limits<std::int32_t>::max()};
    default: return {std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max()};
  }
}

bool within(const Allowed& allowed, double value) {
  return (value >= allowed.min && value <= allowed.max) || (allowed.also_minus_one && value == -1);
}

bool is_throttled_replica(std::string_view text) {
  const auto colon = text.find(':');
  if (colon == std::string_view::npos) return false;
  const auto digits = [](std::string_view part) {
    return !part.empty() && std::ranges::all_of(part, [](char c) { return c >= '0' && c <= '9'; });
  };
  return digits(text.substr(0, colon)) && digits(text.substr(colon + 1));
}

// ISO 8601, days to fractions of a second: P1DT2H3M4.5S.
bool is_duration(std::string_view text) {
  if (!text.starts_with('P') || text.size() < 3) return false;
  text.remove_prefix(1);
  std::string_view units = "DTHMS";
  bool digits = false;
  for (const char c : text) {
    if ((c >= '0' && c <= '9') || (digits && c == '.')) {
      digits = true;
      continue;
    }
    const auto at = units.find(c);
    if (at == std::string_view::npos || (c == 'T') == digits) return false;
    if ((c == 'H' || c == 'M' || c == 'S') && units.contains('T')) return false;
    units.remove_prefix(at + 1);
    digits = false;
  }
  return !digits && text.back() != 'T';
}

std::optional<std::string> parse_list(const Allowed& allowed, std::string_view text) {
  std::vector<std::string> items;
  if (text.empty()) return allowed.non_empty ? std::nullopt : std::optional<std::string>("");
  while (true) {
    const auto comma = text.find(',');
    std::string_view item = trimmed(text.substr(0, comma));
    if (item.empty()) return std::nullopt;
    if (!allowed.one_of.empty()) {
      item = member(allowed.one_of, item, allowed.any_case);
      if (item.empty()) return std::nullopt;
    }
    // Twice the same member of a set is once.
    if (allowed.one_of.empty() || std::ranges::find(items, item) == items.end()) items.emplace_back(item);
    if (comma == std::string_view::npos) break;
    text.remove_prefix(comma + 1);
  }
  if (allowed.throttled_replicas && !(items.size() == 1 && items[0] == "*") && !std::ranges::all_of(items, is_throttled_replica))
    return std::nullopt;
  return fmt::format("{}", fmt::join(items, ","));
}

std::optional<std::string> parse_text(const Setting& row, std::string_view text) {
  if (row.name == "share.auto.offset.reset") {
    const bool fine = text == "latest" || text == "earliest" || (text.starts_with("by_duration:") && is_duration(text.substr(12)));
    return fine ? std::optional<std::string>(text) : std::nullopt;
  }
  if (row.allowed.non_empty && text.empty()) return std::nullopt;
  if (row.allowed.one_of.empty()) return std::string(text);
  const std::string_view found = member(row.allowed.one_of, text, row.allowed.any_case);
  // Kafka keeps a case-insensitive value as it was written.
  return found.empty() ? std::nullopt : std::optional<std::string>(text);
}

std::optional<std::string> canonical(const Setting& row, std::string_view raw) {
  const std::string_view text = trimmed(raw);
  switch (row.type) {
    case SettingType::kBoolean: {
      const std::string_view found = member("true|false", text, true);
      return found.empty() ? std::nullopt : std::optional<std::string>(found);
    }
    case SettingType::kShort:
    case SettingType::kInt:
    case SettingType::kLong: {
      const auto value = parse_number<std::int64_t>(text);
      const Range range = range_of(row.type);
      if (!value || *value < range.min || *value > range.max || !within(row.allowed, static_cast<double>(*value))) return std::nullopt;
      return std::to_string(*value);
    }
    case SettingType::kDouble: {
      const auto value = parse_double(text);
      if (!value || !within(row.allowed, *value)) return std::nullopt;
      // Java's spelling of very large numbers differs from ours: a default keeps the table's.
      if (row.default_value && parse_double(row.default_value) == value) return row.default_value;
      return fmt::format("{}", *value);
    }
    case SettingType::kList: return parse_list(row.allowed, text);
    case SettingType::kString:
    case SettingType::kClass: return parse_text(row, text);
    case SettingType::kPassword: return std::string(raw);
  }
  return std::nullopt;
}

std::string bounds_text(const Allowed& allowed) {
  const bool low = std::isfinite(allowed.min);
  const bool high = std::isfinite(allowed.max);
  std::string text;
  if (low && high) text = fmt::format(" from {} to {}", allowed.min, allowed.max);
  if (low && !high) text = fmt::format(", at least {}", allowed.min);
  if (!low && high) text = fmt::format(", at most {}", allowed.max);
  return allowed.also_minus_one ? text + ", or -1" : text;
}

}  // namespace

std::string_view trimmed(std::string_view text) {
  const auto blank = [](char c) { return static_cast<unsigned char>(c) <= ' '; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

Result<std::string> parse_value(const Setting& row, std::string_view raw) {
  if (raw.size() > kValueMaxBytes) return fail(Errc::kInvalidArgument, "the value is longer than 65536 bytes");
  auto value = canonical(row, raw);
  if (!value) return fail(Errc::kInvalidArgument, "must be " + allowed_text(row));
  return *std::move(value);
}

std::string allowed_text(const Setting& row) {
  if (row.name == "share.auto.offset.reset") return "one of latest, earliest, or by_duration: and an ISO 8601 duration";
  const std::string members = with_commas(row.allowed.one_of);
  switch (row.type) {
    case SettingType::kBoolean: return "true or false";
    case SettingType::kShort: return "a whole number of 16 bits" + bounds_text(row.allowed);
    case SettingType::kInt: return "a whole number of 32 bits" + bounds_text(row.allowed);
    case SettingType::kLong: return "a whole number of 64 bits" + bounds_text(row.allowed);
    case SettingType::kDouble: return "a number" + bounds_text(row.allowed);
    case SettingType::kList:
      if (row.allowed.throttled_replicas) return "* or a list of partition:broker pairs with commas";
      return members.empty() ? "a list with commas, without empty items" : "a list with commas of " + members;
    case SettingType::kString:
      if (!members.empty()) return "one of " + members;
      return row.allowed.non_empty ? "a text that is not empty" : "a text";
    case SettingType::kClass: return "the name of a Java class";
    case SettingType::kPassword: return "a password";
  }
  return {};
}

bool is_default(const Setting& row, std::string_view canonical) {
  return canonical == (row.default_value ? std::string_view(row.default_value) : std::string_view());
}

std::string refusal(const Setting& row, std::string_view canonical) {
  if (row.effect == Effect::kRefused && !is_default(row, canonical))
    return fmt::format(
        "not built yet, and running without it would promise what is not kept. {} It must be left out, or be its default: {}", row.doc,
        row.default_value && *row.default_value ? row.default_value : "(empty)");
  for (const std::string& item : split_list(canonical))
    if (!member(row.allowed.not_built, item, row.allowed.any_case).empty()) return fmt::format("{} is not built yet. {}", item, row.doc);
  return {};
}

std::string value_problem(std::string_view name, std::string_view value, bool sensitive, std::string_view origin, std::string_view why) {
  const std::string shown = sensitive ? "(hidden)" : log::escape(value);
  if (origin.empty()) return fmt::format("{}={}: {}", name, shown, why);
  return fmt::format("{}={} ({}): {}", name, shown, origin, why);
}

std::vector<std::string> split_list(std::string_view canonical) {
  std::vector<std::string> items;
  while (!canonical.empty()) {
    const auto comma = canonical.find(',');
    items.emplace_back(canonical.substr(0, comma));
    canonical.remove_prefix(comma == std::string_view::npos ? canonical.size() : comma + 1);
  }
  return items;
}

Result<LimitsByHost> parse_connections_per_ip(std::string_view canonical) {
  LimitsByHost limits;
  for (const std::string& item : split_list(canonical)) {
    const std::string_view pair = trimmed(item);
    const auto colon = pair.rfind(':');
    const std::string_view host = trimmed(pair.substr(0, colon));
    const std::string_view count = colon == std::string_view::npos ? std::string_view() : trimmed(pair.substr(colon + 1));
    std::int32_t limit = -1;
    const auto [end, error] = std::from_chars(count.data(), count.data() + count.size(), limit);
    if (host.empty() || count.empty() || error != std::errc() || end != count.data() + count.size() || limit < 0)
      return fail(Errc::kInvalidArgument, fmt::format("{} is not host:count", log::escape(pair)));
    limits.insert_or_assign(std::string(host), limit);
  }
  return limits;
}

}  // namespace barnabas
