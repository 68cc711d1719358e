#include "base/log.h"

#include <gtest/gtest.h>

namespace barnabas {

TEST(LogEscapeTest, AClientsStringCannotForgeALine) {
  EXPECT_EQ(log::escape("orders-3"), "orders-3");
  EXPECT_EQ(log::escape(""), "\"\"");
  EXPECT_EQ(log::escape("a b"), "\"a b\"");
  EXPECT_EQ(log::escape("x\n2026 error forged"), "\"x\\x0a2026 error forged\"");
  EXPECT_EQ(log::escape("\x1b[31m"), "\\x1b[31m");
  EXPECT_EQ(log::escape(std::string(300, 'a')), std::string(256, 'a') + "...");
}

TEST(LogLevelTest, ARoomHasItsOwnLevelOrThatOfRoot) {
  const std::size_t storage = log::room_of("/home/ada/src/barnabas/src/storage/log.cpp");
  const std::size_t nowhere = log::room_of("/home/ada/elsewhere.cpp");
  ASSERT_EQ(log::kRooms.at(storage), "storage");
  EXPECT_EQ(nowhere, log::kRooms.size());
  EXPECT_EQ(log::level(storage), log::Level::kInfo);
  log::set_level(log::Level::kWarn);
  EXPECT_EQ(log::level(storage), log::Level::kWarn);
  log::set_level(storage, log::Level::kDebug);
  EXPECT_TRUE(log::enabled(log::Level::kDebug, storage));
  EXPECT_FALSE(log::enabled(log::Level::kInfo, nowhere));
  log::set_level(storage, std::nullopt);
  EXPECT_FALSE(log::enabled(log::Level::kInfo, storage));
  log::set_level(log::Level::kInfo);
}

TEST(LogLineTest, EveryFormatSaysTheSame) {
  const auto in = [](log::Format format) {
    return log::line(format, log::Level::kWarn, "Log ends, it is cut",
                     {{"partition", "orders 3"}, {"base", 4096}, {"ok", true}, {"ms", 1.5}});
  };
  EXPECT_EQ(in(log::Format::kText), "warn  Log ends, it is cut partition=\"orders 3\" base=4096 ok=true ms=1.5");
  EXPECT_EQ(in(log::Format::kLogfmt), "level=warn event=log_ends_it_is_cut partition=\"orders 3\" base=4096 ok=true ms=1.5");
  EXPECT_EQ(in(log::Format::kJson),
            R"("level":"warn","event":"log_ends_it_is_cut","partition":"orders 3","base":4096,"ok":true,"ms":1.5})");
}

// D15
TEST(LogLineTest, AClientsStringIsOneJsonStringWhateverItHolds) {
  const std::string line = log::line(log::Format::kJson, log::Level::kInfo, "x", {{"client", "a\"}\n\x1b\xff\xc3\xa9"}});
  EXPECT_EQ(line, R"("level":"info","event":"x","client":"a\"}\n\u001b\ufffd\u00e9"})");
  const std::string logfmt = log::line(log::Format::kLogfmt, log::Level::kInfo, "x", {{"client", "a b\n level=error"}});
  EXPECT_EQ(logfmt, R"(level=info event=x client="a b\x0a level=error")");
}

TEST(LogLimiterTest, OneLineAnIntervalAndTheRestCounted) {
  log::Limiter limiter{std::chrono::seconds(1)};
  EXPECT_EQ(limiter.pass({0}), 0);
  EXPECT_EQ(limiter.pass({1}), -1);
  EXPECT_EQ(limiter.pass({999'999'999}), -1);
  EXPECT_EQ(limiter.pass({1'000'000'000}), 2);
}

}  // namespace barnabas
