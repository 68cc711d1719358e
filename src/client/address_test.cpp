#include "client/address.h"

#include <gtest/gtest.h>

namespace barnabas::client {
namespace {

TEST(Address, APortIsOptional) {
  const auto brokers = parse_brokers("kafka-1, kafka-2:9093,[::1]:9094,[fe80::1]");
  ASSERT_TRUE(brokers) << brokers.error().message;
  EXPECT_EQ(*brokers, (std::vector<net::Endpoint>{{"kafka-1", 9092}, {"kafka-2", 9093}, {"::1", 9094}, {"fe80::1", 9092}}));
}

TEST(Address, WhatIsNoneIsNamed) {
  for (const char* text : {"", ",", " ", ":9092", "a:", "a:0", "a:65536", "a:9092x", "::1", "[::1", "[::1]9092"}) {
    const auto brokers = parse_brokers(text);
    ASSERT_FALSE(brokers) << text;
    EXPECT_EQ(brokers.error().code, Errc::kInvalidArgument);
    EXPECT_NE(brokers.error().message.find("host:port"), std::string::npos) << brokers.error().message;
  }
}

}  // namespace
}  // namespace barnabas::client
