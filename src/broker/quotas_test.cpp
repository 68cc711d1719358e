#include "broker/quotas.h"

#include <gtest/gtest.h>

#include "base/sim_clock.h"

namespace barnabas::broker {
namespace {

using metadata::QuotaEntity;

class QuotasTest : public testing::Test {
 protected:
  void set(QuotaEntity entity, std::string key, double value) {
    auto next = std::make_shared<metadata::QuotaMap>(*map_);
    auto& values = (*next)[std::move(entity)];
    auto copy = values == nullptr ? std::make_shared<metadata::QuotaValues>() : std::make_shared<metadata::QuotaValues>(*values);
    copy->insert_or_assign(std::move(key), value);
    values = std::move(copy);
    map_ = std::move(next);
  }
  double produce(std::string_view user, std::string_view client, double bytes) {
    return std::chrono::duration<double>(quotas_.record(map_, QuotaKind::kProducerBytes, user, client, bytes)).count();
  }
  // What quota holds: what may be given at once is ten times its bound.
  double bound(std::string_view user, std::string_view client) {
    return quotas_.allowance(map_, QuotaKind::kProducerBytes, user, client).value_or(0) / 10;
  }
  void pass(std::int64_t ms) { clock_.advance(std::chrono::milliseconds(ms)); }

  SimClock clock_;
  Quotas quotas_{clock_, {.windows = 11, .window = std::chrono::seconds(1), .clients_max = 3}};
  Quotas::Map map_ = std::make_shared<const metadata::QuotaMap>();
};

TEST_F(QuotasTest, WithoutAQuotaNothingIsRemembered) {
  EXPECT_EQ(produce("ada", "c", 1e12), 0);
  EXPECT_EQ(quotas_.remembered(), 0U);
}

TEST_F(QuotasTest, WhoUsedMoreThanItsQuotaRestsUntilTheRateIsDownAgain) {
  set({{"user", "ada"}}, "producer_byte_rate", 1000);
  EXPECT_EQ(produce("ada", "c", 10'000), 0) << "ten seconds' worth at once, as in Kafka";
  EXPECT_NEAR(produce("ada", "c", 5'000), 5.0, 0.01);
  pass(5'000);
  EXPECT_GT(produce("ada", "c", 0), 0) << "the windows still hold the burst, as in Kafka";
  pass(6'000);
  EXPECT_EQ(produce("ada", "c", 0), 0);
  EXPECT_EQ(produce("bob", "c", 1e9), 0) << "another user has no quota";
}

TEST_F(QuotasTest, WhatIsOlderThanTheWindowsIsForgotten) {
  set({{"user", "ada"}}, "producer_byte_rate", 1000);
  produce("ada", "c", 10'000);
  pass(12'000);
  EXPECT_EQ(produce("ada", "c", 10'000), 0);
}

TEST_F(QuotasTest, ThePrecedenceIsKafkas) {
  const auto none = std::nullopt;
  set({{"client-id", none}}, "producer_byte_rate", 1);
  EXPECT_EQ(bound("ada", "c"), 1);
  set({{"client-id", "c"}}, "producer_byte_rate", 2);
  EXPECT_EQ(bound("ada", "c"), 2);
  set({{"user", none}}, "producer_byte_rate", 3);
  EXPECT_EQ(bound("ada", "c"), 3);
  set({{"user", none}, {"client-id", none}}, "producer_byte_rate", 4);
  EXPECT_EQ(bound("ada", "c"), 4);
  set({{"user", none}, {"client-id", "c"}}, "producer_byte_rate", 5);
  EXPECT_EQ(bound("ada", "c"), 5);
  set({{"user", "ada"}}, "producer_byte_rate", 6);
  EXPECT_EQ(bound("ada", "c"), 6);
  set({{"user", "ada"}, {"client-id", none}}, "producer_byte_rate", 7);
  EXPECT_EQ(bound("ada", "c"), 7);
  set({{"user", "ada"}, {"client-id", "c"}}, "consumer_byte_rate", 9);
  EXPECT_EQ(bound("ada", "c"), 7) << "each kind by itself";
  set({{"user", "ada"}, {"client-id", "c"}}, "producer_byte_rate", 8);
  EXPECT_EQ(bound("ada", "c"), 8);
}

TEST_F(QuotasTest, AUsersClientsShareItsQuota) {
  set({{"user", std::nullopt}}, "producer_byte_rate", 1000);
  produce("ada", "c", 10'000);
  EXPECT_GT(produce("ada", "d", 1'000), 0);
  EXPECT_EQ(produce("bob", "d", 1'000), 0) << "a default is a quota for each, not for all together";
}

// D10, D16
TEST_F(QuotasTest, EverNewClientIdsAreNoWayRoundAUsersQuota) {
  set({{"user", "ada"}}, "producer_byte_rate", 1000);
  for (int i = 0; i < 100; ++i) produce("ada", std::string(32'000, 'x') + std::to_string(i), 200);
  for (int i = 0; i < 100; ++i) produce("ada", std::to_string(i), 200);
  EXPECT_LE(quotas_.remembered(), 3U);
  EXPECT_GT(produce("ada", "another", 1), 0);
}

TEST_F(QuotasTest, RequestTimeRestsAWindowAtMost) {
  set({{"client-id", "c"}}, "request_percentage", 1);
  EXPECT_EQ(quotas_.record(map_, QuotaKind::kRequestTime, "ada", "c", 0.1), MonoDuration{});
  EXPECT_EQ(quotas_.record(map_, QuotaKind::kRequestTime, "ada", "c", 5), std::chrono::seconds(1));
}

}  // namespace
}  // namespace barnabas::broker
