#include "model/error_code.h"

#include <gtest/gtest.h>

namespace barnabas {
namespace {

TEST(ErrorCodeTest, EveryCodeHasKafkasNameAndAMessage) {
  for (std::int16_t number = -1; number <= 133; ++number) {
    const auto code = static_cast<ErrorCode>(number);
    EXPECT_NE(name(code), "UNKNOWN") << number;
    EXPECT_FALSE(message(code).empty()) << number;
  }
  EXPECT_EQ(name(ErrorCode::kUnknownServerError), "UNKNOWN_SERVER_ERROR");
  EXPECT_EQ(name(ErrorCode::kUnknownTopicOrPartition), "UNKNOWN_TOPIC_OR_PARTITION");
  EXPECT_EQ(wire(ErrorCode::kUnknownTopicOrPartition), 3);
  EXPECT_EQ(name(ErrorCode::kShareSessionLimitReached), "SHARE_SESSION_LIMIT_REACHED");
}

TEST(ErrorCodeTest, ANumberFromTheFutureIsNamedUnknown) {
  EXPECT_EQ(name(static_cast<ErrorCode>(134)), "UNKNOWN");
  EXPECT_EQ(name(static_cast<ErrorCode>(-2)), "UNKNOWN");
  EXPECT_EQ(name(static_cast<ErrorCode>(INT16_MIN)), "UNKNOWN");
}

TEST(ErrorCodeTest, ClientsMayRepeatWhatALeaderChangeRefused) {
  EXPECT_TRUE(retriable(ErrorCode::kNotLeaderOrFollower));
  EXPECT_TRUE(retriable(ErrorCode::kCoordinatorLoadInProgress));
  EXPECT_FALSE(retriable(ErrorCode::kTopicAuthorizationFailed));
  EXPECT_FALSE(retriable(ErrorCode::kNone));
}

}  // namespace
}  // namespace barnabas
