#include "cli/shim_options.h"

#include <gtest/gtest.h>

#include "cli/shim.h"

namespace barnabas::cli {
namespace {

const ShimGrammar kGrammar{"list", "topic=", "config=", "state=?"};

TEST(ShimOptions, BothSpellingsAndRepetition) {
  const auto options = ShimOptions::parse(kGrammar, {"--list", "--topic", "a", "--config=x=1", "--config", "y=2", "--state"});
  ASSERT_TRUE(options) << options.error().message;
  EXPECT_TRUE(options->has("list"));
  EXPECT_TRUE(options->has("state"));
  EXPECT_EQ(options->get("topic"), "a");
  EXPECT_EQ(options->get("state", "all"), "all");
  EXPECT_EQ(options->all("config"), (std::vector<std::string>{"x=1", "y=2"}));
  EXPECT_EQ(options->properties({"config"})->at("y"), "2");
  EXPECT_EQ(*options->number("none", 7), 7);
  EXPECT_FALSE(options->number("topic", 7));
}

TEST(ShimOptions, WhatIsNotKnownIsRefused) {
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"--nonsense"}, {"--topic"}, {"--topic", "--list"}, {"--list=yes"}, {"topic"}, {"-t", "a"}}) {
    EXPECT_FALSE(ShimOptions::parse(kGrammar, words)) << words.front();
  }
}

TEST(Shim, IsKnownByItsName) {
  EXPECT_EQ(shim_name("/usr/bin/kafka-topics.sh"), "kafka-topics.sh");
  EXPECT_EQ(shim_name("kafka-get-offsets"), "kafka-get-offsets.sh");
  EXPECT_EQ(shim_name("barnabas"), std::nullopt);
  EXPECT_EQ(shim_name("kafka-acls.sh"), std::nullopt);
}

TEST(Shim, TopicsFitWhole) {
  EXPECT_TRUE(*fits("orders", "orders"));
  EXPECT_FALSE(*fits("orders", "orders2"));
  EXPECT_TRUE(*fits("bills|or.*", "orders"));
  EXPECT_TRUE(*fits("bills,orders", "orders"));
  EXPECT_TRUE(*fits("a.b", "a.b"));
  for (const char* text : {"a*", "a+", "(a)", "[ab]", "a\\.b", "^a", "a?"}) EXPECT_FALSE(fits(text, "a")) << text;
}

}  // namespace
}  // namespace barnabas::cli
