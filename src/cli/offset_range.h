#pragma once
// Which part of a partition to read, in rpk's words: FROM, FROM:TO or :TO.
//
//   start  end  N  +N (from the start)  -N (before the end)  @TIME        TO also +N: so many offsets from FROM
//   TIME: ms or s since 1970, 2026-05-04, 2026-05-04T10:30, -1h (ago); as TO also 1m (after FROM) and end
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/result.h"

namespace barnabas::cli {

struct OffsetPoint {
  enum class Kind { kStart, kEnd, kOffset, kAfterStart, kBeforeEnd, kAfterFrom, kTime };
  Kind kind = Kind::kStart;
  std::int64_t value = 0;  // ms since 1970 of a time
  friend bool operator==(const OffsetPoint&, const OffsetPoint&) = default;
};

struct OffsetRange {
  OffsetPoint from;
  std::optional<OffsetPoint> to;  // exclusive; none: wait for more
};

// `now_ms` is for times ago. kInvalidArgument.
Result<OffsetRange> parse_range(std::string_view text, std::int64_t now_ms);

}  // namespace barnabas::cli
