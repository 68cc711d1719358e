#include "broker/client_telemetry.h"

#include <gtest/gtest.h>

#include "base/sim_clock.h"
#include "broker/otlp_test_support.h"
#include "metadata/image_builder.h"

namespace barnabas::broker {
namespace {

using namespace otlp_write;
using Subscription = ClientTelemetry::Subscription;

// A connection with a client behind it.
struct Connection {
  ClientFacts facts{.client_id = "c", .software_name = "test", .software_version = "1", .address = "10.0.0.1", .port = 1};
  std::shared_ptr<ClientTelemetry::Presence> presence;
};

class ClientTelemetryTest : public testing::Test {
 protected:
  void set(const std::string& name, std::string key, std::string value) {
    metadata::ConfigRecord record;
    record.resource_type = 16;
    record.resource_name = name;
    record.name = std::move(key);
    record.value = std::move(value);
    metadata::ImageBuilder builder(*image_);
    ASSERT_TRUE(builder.apply(metadata::Record(std::move(record)), image_->end()).has_value());
    image_ = builder.image();
  }
  Subscription ask(Connection& from, const Uuid& id = {}) { return telemetry_->subscribe({*image_, from.facts, from.presence}, id); }
  ErrorCode push(Connection& from, const Subscription& told, const std::string& data, bool last = false) {
    return telemetry_->push(
        {*image_, from.facts, from.presence},
        {.client = told.client, .subscription_id = told.id, .terminating = last, .compression = 0, .metrics = as_bytes(data)}, scratch_);
  }
  std::size_t series() {
    std::size_t all = 0;
    for (const auto& one : telemetry_->told()) all += one.series->size();
    return all;
  }
  void pass(std::int64_t ms) { clock_.advance(std::chrono::milliseconds(ms)); }

  SimClock clock_;
  SimRandom random_{1};
  CompressionContext scratch_;
  metadata::ImagePtr image_ = std::make_shared<const metadata::Image>("cluster");
  std::shared_ptr<ClientTelemetry> telemetry_ = std::make_shared<ClientTelemetry>(
      clock_, random_, TelemetryLimits{.clients_max = 3, .series_max = 5, .series_max_per_client = 4, .push_max_bytes = 1000});
};

TEST_F(ClientTelemetryTest, ItsSeriesLiveAsLongAsTheConnection) {
  set("all", "metrics", "*");
  auto connection = std::make_unique<Connection>();
  const Subscription told = ask(*connection);
  EXPECT_EQ(push(*connection, told, metrics({gauge("g", 1)}, {{"group_id", "readers"}})), ErrorCode::kNone);
  ASSERT_EQ(telemetry_->told().size(), 1U);
  EXPECT_EQ(telemetry_->told().front().group_id, "readers");
  EXPECT_EQ(telemetry_->told().front().pushed_ms, clock_.wall_ms());
  connection.reset();
  EXPECT_EQ(telemetry_->clients(), 0U);
  EXPECT_TRUE(telemetry_->told().empty());
}

TEST_F(ClientTelemetryTest, AClientThatMovedKeepsItsInstance) {
  set("all", "metrics", "*");
  auto old = std::make_unique<Connection>();
  const Subscription told = ask(*old);
  Connection now;
  EXPECT_EQ(push(now, told, metrics({gauge("g", 1)})), ErrorCode::kNone);
  old.reset();
  EXPECT_EQ(telemetry_->clients(), 1U);
  telemetry_.reset();  // before the connection, as in a stop
}

TEST_F(ClientTelemetryTest, WhatNobodyAsksForAnyMoreIsNotShown) {
  set("some", "metrics", "a,b");
  Connection connection;
  const Subscription told = ask(connection);
  EXPECT_EQ(push(connection, told, metrics({gauge("a.x", 1), gauge("b.x", 2), gauge("a.y", 3)})), ErrorCode::kNone);
  EXPECT_EQ(series(), 3U);
  set("some", "metrics", "b");
  EXPECT_EQ(push(connection, told, metrics({gauge("a.x", 1)})), ErrorCode::kUnknownSubscriptionId);
  EXPECT_EQ(series(), 1U);
  set("some", "metrics", "");
  ask(connection, told.client);  // that nobody asks for anything: it will push nothing
  EXPECT_EQ(series(), 0U);
}

TEST_F(ClientTelemetryTest, WhoIsSilentForThreeIntervalsIsForgotten) {
  set("all", "metrics", "*");
  set("all", "interval.ms", "100000");
  Connection connection;
  const Subscription told = ask(connection);
  EXPECT_EQ(push(connection, told, metrics({gauge("g", 1)})), ErrorCode::kNone);
  pass(300'000);
  EXPECT_EQ(series(), 1U);
  pass(1);
  EXPECT_EQ(series(), 0U);
  EXPECT_EQ(push(connection, told, metrics({gauge("g", 1)})), ErrorCode::kNone) << "its subscription is what it was";
}

// ADM12
TEST_F(ClientTelemetryTest, APushHasItsTime) {
  set("all", "interval.ms", "1000");
  Connection connection;
  const Subscription told = ask(connection);
  EXPECT_EQ(ask(connection, told.client).error, ErrorCode::kThrottlingQuotaExceeded);
  pass(1);
  EXPECT_EQ(push(connection, told, ""), ErrorCode::kNone) << "right after asking";
  pass(999);
  EXPECT_EQ(push(connection, told, ""), ErrorCode::kThrottlingQuotaExceeded);
  pass(1);
  EXPECT_EQ(push(connection, told, ""), ErrorCode::kNone);
  pass(1000);
  EXPECT_EQ(ask(connection, told.client).error, ErrorCode::kNone);
  EXPECT_EQ(push(connection, told, "", true), ErrorCode::kNone);
  pass(5000);
  EXPECT_EQ(push(connection, told, ""), ErrorCode::kInvalidRequest) << "it said it was its last";
}

// D16
TEST_F(ClientTelemetryTest, AConnectionHasOneInstanceAndThereIsALimit) {
  Connection one;
  for (int i = 0; i < 10; ++i) EXPECT_EQ(ask(one).error, ErrorCode::kNone);
  EXPECT_EQ(telemetry_->clients(), 1U);
  std::vector<Connection> more(5);
  for (Connection& connection : more) ask(connection);
  EXPECT_EQ(telemetry_->clients(), 3U);
}

// D16
TEST_F(ClientTelemetryTest, SeriesHaveALimitForEachAndForAll) {
  set("all", "metrics", "*");
  Connection one, two;
  EXPECT_EQ(push(one, ask(one), metrics({gauge("1", 1), gauge("2", 1), gauge("3", 1), gauge("4", 1), gauge("5", 1)})), ErrorCode::kNone);
  EXPECT_EQ(series(), 4U);
  EXPECT_EQ(telemetry_->left_out(), 1U);
  EXPECT_EQ(push(two, ask(two), metrics({gauge("1", 1), gauge("2", 1), gauge("3", 1)})), ErrorCode::kNone);
  EXPECT_EQ(series(), 5U);
  EXPECT_EQ(telemetry_->left_out(), 3U);
  one = {};
  EXPECT_EQ(series(), 1U);
  pass(300'000);
  EXPECT_EQ(push(two, ask(two), metrics({gauge("1", 1), gauge("2", 1), gauge("3", 1)})), ErrorCode::kNone);
  EXPECT_EQ(series(), 3U) << "there is room again";
}

// ADM12, D10
TEST_F(ClientTelemetryTest, WhatCannotBeReadIsRefused) {
  set("all", "metrics", "*");
  Connection connection;
  EXPECT_EQ(push(connection, ask(connection), "\x0a\x7f"), ErrorCode::kInvalidRecord);
  EXPECT_EQ(push(connection, ask(connection), std::string(1001, 'x')), ErrorCode::kTelemetryTooLarge);
  EXPECT_EQ(push(connection, {.client = {}, .metrics = {}}, ""), ErrorCode::kInvalidRequest);
  EXPECT_EQ(telemetry_->pushes(), 0U);
}

}  // namespace
}  // namespace barnabas::broker
