#include "model/types.h"

#include <gtest/gtest.h>

namespace barnabas {

class CountingRandom : public Random {
 public:
  void fill(MutableBytes out) override {
    for (std::byte& b : out) b = static_cast<std::byte>(next_++);
  }

 private:
  unsigned next_ = 0;
};

TEST(UuidTest, TextIsKafkasUrlSafeBase64AndParsesBack) {
  Uuid one;
  one.bytes[15] = std::byte{1};
  EXPECT_EQ(one.text(), "AAAAAAAAAAAAAAAAAAAAAQ");  // Kafka's Uuid.ONE_UUID
  EXPECT_EQ(Uuid::parse("AAAAAAAAAAAAAAAAAAAAAQ"), one);
  CountingRandom random;
  const Uuid id = Uuid::random(random);
  EXPECT_EQ(Uuid::parse(id.text()), id);
}

TEST(UuidTest, WhatIsNotOneIsRefused) {
  EXPECT_FALSE(Uuid::parse(""));
  EXPECT_FALSE(Uuid::parse("AAAAAAAAAAAAAAAAAAAAA"));
  EXPECT_FALSE(Uuid::parse("AAAAAAAAAAAAAAAAAAAAA+"));
  EXPECT_FALSE(Uuid::parse("AAAAAAAAAAAAAAAAAAAAAB"));  // bits beyond the 128th
}

TEST(TopicNameTest, OnlyWhatIsSafeAsAFolderIsAllowed) {
  EXPECT_EQ(topic_name_problem("orders.v1_eu-west"), "");
  EXPECT_EQ(topic_name_problem(std::string(249, 'a')), "");
  for (const auto& bad : {std::string(), std::string("."), std::string(".."), std::string("a/b"), std::string("a\0b", 3),
                          std::string("\xc3\xa9"), std::string(250, 'a'), std::string("a b")}) {
    EXPECT_NE(topic_name_problem(bad), "") << bad;
  }
}

}  // namespace barnabas
