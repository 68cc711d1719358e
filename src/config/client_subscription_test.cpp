#include "config/client_subscription.h"

#include <gtest/gtest.h>

namespace barnabas {
namespace {

const ClientAttributes kShop{"AAAAAAAAAAAAAAAAAAAAAQ", "shop-1", "apache-kafka-java", "4.3.1", "10.1.2.3", "54321"};

bool fits(std::string match, const ClientAttributes& client = kShop) {
  const auto made = ClientSubscription::make({{"match", std::move(match)}});
  EXPECT_TRUE(made.has_value());
  return made && made->matches(client);
}

Errc problem(const ConfigMap& configs) {
  const auto made = ClientSubscription::make(configs);
  EXPECT_FALSE(made.has_value());
  return made ? Errc::kIo : made.error().code;
}

TEST(ClientSubscriptionTest, SaysWhichMetricsHowOften) {
  const auto made = ClientSubscription::make({{"interval.ms", "1000"}, {"metrics", "org.apache.kafka.producer., x"}});
  ASSERT_TRUE(made.has_value());
  EXPECT_EQ(made->interval_ms(), 1000);
  EXPECT_EQ(made->metrics(), (std::vector<std::string>{"org.apache.kafka.producer.", "x"}));
  EXPECT_EQ(ClientSubscription::make({})->interval_ms(), 300'000);
}

// ADM11
TEST(ClientSubscriptionTest, EveryPatternMustFitTheWholeText) {
  EXPECT_TRUE(fits(""));
  EXPECT_TRUE(fits("client_id=shop-.*"));
  EXPECT_FALSE(fits("client_id=shop"));
  EXPECT_TRUE(fits("client_id = shop-[0-9]+ , client_software_name=apache-kafka-java,client_software_version=4\\..*"));
  EXPECT_FALSE(fits("client_id=shop-.*,client_source_port=1"));
  EXPECT_TRUE(fits("client_source_address=10\\.1\\..*,client_instance_id=A+Q"));
  EXPECT_FALSE(fits("client_id=shop-.*,client_id=other"));  // the later of two, as in Kafka
}

// ADM11
TEST(ClientSubscriptionTest, WhatIsWrongIsToldApart) {
  EXPECT_EQ(problem({{"no.such", "1"}}), Errc::kInvalidArgument);
  EXPECT_EQ(problem({{"interval.ms", "99"}}), Errc::kInvalidArgument);
  EXPECT_EQ(problem({{"interval.ms", "3600001"}}), Errc::kInvalidArgument);
  EXPECT_EQ(problem({{"interval.ms", "soon"}}), Errc::kUnsupported);
  for (const char* match : {"client_id", "client_id=", "client_id=a=b", "no_such=a", "client_id=(", "client_id=(a)\\1"}) {
    EXPECT_EQ(problem({{"match", match}}), Errc::kUnsupported) << match;
  }
}

// ADM11: what a client says of itself costs no more than its length, whatever the pattern
TEST(ClientSubscriptionTest, NoPatternExplodes) {
  const std::string text(200, 'a');
  const ClientAttributes client{"", text, "", "", "", ""};
  EXPECT_FALSE(fits("client_id=(a|a)*(a*)*(a+a+)+b", client));
  EXPECT_FALSE(fits("client_id=((((a{1})*)*)*)*b", client));
}

}  // namespace
}  // namespace barnabas
