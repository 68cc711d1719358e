#include "cli/offset_range.h"

#include <charconv>
#include <string>

#include "cli/time_text.h"

namespace barnabas::cli {
namespace {

using Kind = OffsetPoint::Kind;

constexpr std::int64_t kSecondsMax = 99'999'999'999;  // a longer number is milliseconds

std::optional<std::int64_t> number(std::string_view text) {
  std::int64_t value = 0;
  if (text.empty() || text.front() < '0' || text.front() > '9') return std::nullopt;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() ? std::optional(value) : std::nullopt;
}

std::optional<OffsetPoint> parse_time(std::string_view text, std::int64_t now_ms, std::optional<std::int64_t> from_ms) {
  if (text == "end") return OffsetPoint{Kind::kEnd, 0};
  if (const auto since = number(text)) return OffsetPoint{Kind::kTime, *since > kSecondsMax ? *since : *since * 1000};
  if (const auto time = parse_datetime(text)) return OffsetPoint{Kind::kTime, *time};
  if (text.starts_with('-')) {
    const auto ago = parse_duration(text.substr(1));
    return ago ? std::optional(OffsetPoint{Kind::kTime, now_ms - ago->count()}) : std::nullopt;
  }
  const auto after = parse_duration(text);
  return after && from_ms ? std::optional(OffsetPoint{Kind::kTime, *from_ms + after->count()}) : std::nullopt;
}

std::optional<OffsetPoint> parse_point(std::string_view text, bool is_to) {
  if (text == "start" || text == "oldest") return OffsetPoint{Kind::kStart, 0};
  if (text == "end" || text == "newest") return OffsetPoint{Kind::kEnd, 0};
  if (const auto offset = number(text)) return OffsetPoint{Kind::kOffset, *offset};
  if (text.size() < 2) return std::nullopt;
  const auto rest = number(text.substr(1));
  if (!rest) return std::nullopt;
  if (text.front() == '+') return OffsetPoint{is_to ? Kind::kAfterFrom : Kind::kAfterStart, *rest};
  if (text.front() == '-') return OffsetPoint{Kind::kBeforeEnd, *rest};
  return std::nullopt;
}

// The colon between two times, not one of 10:30 or +02:00: every colon is tried.
std::optional<OffsetRange> parse_times(std::string_view text, std::int64_t now_ms) {
  if (const auto from = parse_time(text, now_ms, std::nullopt); from && from->kind == Kind::kTime) return OffsetRange{*from, std::nullopt};
  for (std::size_t colon = text.find(':'); colon != std::string_view::npos; colon = text.find(':', colon + 1)) {
    const auto from = colon == 0 ? std::optional(OffsetPoint{}) : parse_time(text.substr(0, colon), now_ms, std::nullopt);
    if (!from) continue;
    const auto to = parse_time(text.substr(colon + 1), now_ms, colon == 0 ? std::nullopt : std::optional(from->value));
    if (to) return OffsetRange{*from, to};
  }
  return std::nullopt;
}

}  // namespace

Result<OffsetRange> parse_range(std::string_view text, std::int64_t now_ms) {
  const auto bad = [&] {
    return fail(Errc::kInvalidArgument,
                "offset range '" + std::string(text) +
                    "': write start, end, N, +N, -N or @TIME, and perhaps : and where to stop, as in :end or @-1h:end");
  };
  if (text.starts_with('@')) {
    const auto times = parse_times(text.substr(1), now_ms);
    return times ? Result<OffsetRange>(*times) : bad();
  }
  const std::size_t colon = text.find(':');
  OffsetRange range;
  if (colon != 0) {
    const auto from = parse_point(text.substr(0, colon), false);
    if (!from) return bad();
    range.from = *from;
  }
  if (colon != std::string_view::npos) {
    range.to = parse_point(text.substr(colon + 1), true);
    if (!range.to) return bad();
  }
  return range;
}

}  // namespace barnabas::cli
