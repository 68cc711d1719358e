#pragma once
// Times as people write them. Everything is UTC unless it says otherwise; nothing asks a clock.
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace barnabas::cli {

// "500ms", "30s", "1h30m", "7d", and ISO 8601's "PT1H30M", "P7D". Never negative; nullopt: none of these, or over a
// thousand years.
std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);

// "2026-05-04", "2026-05-04T10:30", "2026-05-04T10:30:00.125", then nothing, "Z" or "+02:00"; a blank for the T will do.
// Milliseconds since 1970. nullopt: no such time.
std::optional<std::int64_t> parse_datetime(std::string_view text);

// "2026-05-04T10:30:00.125Z"
std::string datetime_text(std::int64_t ms_since_1970);

}  // namespace barnabas::cli
