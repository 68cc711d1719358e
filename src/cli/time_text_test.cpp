#include "cli/time_text.h"

#include <gtest/gtest.h>

namespace barnabas::cli {
namespace {

using std::chrono::milliseconds;

TEST(TimeText, Durations) {
  EXPECT_EQ(parse_duration("500ms"), milliseconds(500));
  EXPECT_EQ(parse_duration("30s"), milliseconds(30'000));
  EXPECT_EQ(parse_duration("1h30m"), milliseconds(5'400'000));
  EXPECT_EQ(parse_duration("7d"), milliseconds(604'800'000));
  EXPECT_EQ(parse_duration("PT1H30M"), milliseconds(5'400'000));
  EXPECT_EQ(parse_duration("P1DT2S"), milliseconds(86'402'000));
  for (const char* text : {"", "5", "s", "-5s", "5 s", "5x", "P", "PT", "P1H", "1hT", "99999999999999999999s", "9999999999d"}) {
    EXPECT_FALSE(parse_duration(text)) << text;
  }
}

TEST(TimeText, Datetimes) {
  EXPECT_EQ(parse_datetime("1970-01-01"), 0);
  EXPECT_EQ(parse_datetime("2026-05-04T10:30:00.125Z"), 1'777'890'600'125);
  EXPECT_EQ(parse_datetime("2026-05-04 10:30:00.125"), 1'777'890'600'125);
  EXPECT_EQ(parse_datetime("2026-05-04T12:30:00.125+02:00"), 1'777'890'600'125);
  EXPECT_EQ(parse_datetime("2026-05-04T08:30:00.125-0200"), 1'777'890'600'125);
  EXPECT_EQ(parse_datetime("1969-12-31T23:59:59.9"), -100);
  for (const char* text :
       {"", "2026", "2026-02-30", "2026-13-01", "2026-05-04T", "2026-05-04T25:00", "2026-05-04T10:30:00.", "2026-05-04x"}) {
    EXPECT_FALSE(parse_datetime(text)) << text;
  }
}

TEST(TimeText, WhatIsWrittenIsReadAgain) {
  for (const std::int64_t ms : {std::int64_t{0}, std::int64_t{1'777'890'600'125}, std::int64_t{-1}, std::int64_t{951'782'400'000}}) {
    EXPECT_EQ(parse_datetime(datetime_text(ms)), ms) << datetime_text(ms);
  }
  EXPECT_EQ(datetime_text(1'777'890'600'125), "2026-05-04T10:30:00.125Z");
  EXPECT_EQ(datetime_text(INT64_MAX), "9223372036854775807");
}

}  // namespace
}  // namespace barnabas::cli
