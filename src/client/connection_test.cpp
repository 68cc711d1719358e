#include "client/connection.h"

#include <gtest/gtest.h>

#include <deque>

#include "base/sim_clock.h"
#include "client/cluster.h"
#include "model/error_code.h"
#include "protocol/generated/api_versions.h"

namespace barnabas::client {
namespace {

using protocol::ApiKey;
using protocol::ApiVersionsResponse;
using protocol::MetadataRequest;
using protocol::MetadataResponse;

struct Seen {
  std::int16_t key = 0, version = 0;
  friend bool operator==(const Seen&, const Seen&) = default;
};

Bytes flat(const Result<protocol::OutFrame>& frame) {
  Bytes all;
  for (const Slice& slice : frame->slices) {
    const ByteView bytes = std::get<MemorySlice>(slice).bytes;
    all.insert(all.end(), bytes.begin(), bytes.end());
  }
  return all;
}

// A network of one broker, whose answers a test writes.
class Broker : public net::Dialer {
 public:
  using Handler = std::function<Bytes(const protocol::RequestHeader&)>;
  Handler answer = [this](const auto& header) { return usual(header); };
  std::vector<Seen> seen;
  std::vector<net::Endpoint> dialed;
  std::map<std::int16_t, std::pair<std::int16_t, std::int16_t>> versions{{3, {0, 12}}, {18, {0, 4}}};
  int refusals_of_metadata = 0;
  std::int32_t pauses = 0;

  Bytes usual(const protocol::RequestHeader& header) const {
    if (header.api_key == static_cast<std::int16_t>(ApiKey::kApiVersions)) {
      ApiVersionsResponse response;
      for (const auto& [key, range] : versions) response.api_keys.push_back({key, range.first, range.second, {}});
      return flat(protocol::encode_response(header.correlation_id, response, header.api_version));
    }
    MetadataResponse response;
    response.cluster_id = "c";
    response.controller_id = 7;
    response.brokers.emplace_back().node_id = 7;
    response.brokers.back().host = "seven";
    response.brokers.back().port = 9093;
    return flat(protocol::encode_response(header.correlation_id, response, header.api_version));
  }

  Result<std::unique_ptr<net::BlockingStream>> dial(const net::Endpoint& to, MonoTime) override {
    dialed.push_back(to);
    if (to.host == "dead") return fail(Errc::kIo, "connect: Connection refused");
    return std::make_unique<Wire>(*this);
  }
  void pause(MonoDuration) override { ++pauses; }

 private:
  class Wire : public net::BlockingStream {
   public:
    explicit Wire(Broker& broker) : broker_(broker) {}
    Result<> write(ByteView bytes, MonoTime) override {
      protocol::Decoder decoder(bytes.subspan(4));
      const auto header = protocol::RequestHeader::decode(decoder);
      broker_.seen.push_back({header.api_key, header.api_version});
      const Bytes out = broker_.answer(header);
      waiting_.insert(waiting_.end(), out.begin(), out.end());
      return {};
    }
    // Three bytes at a time: whole answers never come in one piece by a promise.
    Result<std::size_t> read(MutableBytes into, MonoTime) override {
      if (waiting_.empty()) return fail(Errc::kClosed, "the other side closed the connection");
      const std::size_t n = std::min({into.size(), waiting_.size(), std::size_t{3}});
      std::copy_n(waiting_.begin(), n, into.begin());
      waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(n));
      return n;
    }

   private:
    Broker& broker_;
    std::deque<std::byte> waiting_;
  };
};

class ConnectionTest : public ::testing::Test {
 protected:
  Result<std::unique_ptr<Connection>> open() { return Connection::open(broker_, {"one", 9092}, {}, {}); }
  Broker broker_;
  SimClock clock_;
};

TEST_F(ConnectionTest, TheNewestVersionInCommonIsSpoken) {
  auto connection = open();
  ASSERT_TRUE(connection) << connection.error().message;
  const auto answer = (*connection)->call<MetadataResponse>(MetadataRequest{}, INT16_MAX, {});
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ((*answer)->brokers.at(0).host, "seven");
  EXPECT_EQ(broker_.seen, (std::vector<Seen>{{18, 4}, {3, 12}}));
}

TEST_F(ConnectionTest, ABrokerThatDoesNotKnowOurApiVersionsIsAskedAgainInItsOwn) {
  broker_.versions[18] = {0, 1};
  broker_.answer = [this](const protocol::RequestHeader& header) {
    if (header.api_key != 18 || header.api_version <= 1) return broker_.usual(header);
    ApiVersionsResponse refusal;
    refusal.error_code = wire(ErrorCode::kUnsupportedVersion);
    refusal.api_keys.push_back({18, 0, 1, {}});
    return flat(protocol::encode_response(header.correlation_id, refusal, 0));
  };
  const auto connection = open();
  ASSERT_TRUE(connection) << connection.error().message;
  EXPECT_EQ(broker_.seen, (std::vector<Seen>{{18, 4}, {18, 1}}));
}

TEST_F(ConnectionTest, WhatTheBrokerDoesNotServeIsSaidBeforeItIsSent) {
  broker_.versions.erase(3);
  auto connection = open();
  const auto answer = (*connection)->call<MetadataResponse>(MetadataRequest{}, INT16_MAX, {});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Errc::kUnsupported);
  EXPECT_EQ(broker_.seen.size(), 1U);
}

TEST_F(ConnectionTest, HostileAnswersAreRefusedBeforeMemoryIsTaken) {
  const Bytes huge{std::byte{0x7f}, std::byte{0xff}, std::byte{0xff}, std::byte{0xff}};
  const Bytes http(reinterpret_cast<const std::byte*>("HTTP/1.1 400"), reinterpret_cast<const std::byte*>("HTTP/1.1 400") + 12);
  for (const Bytes& bytes : {huge, http, Bytes{}}) {
    broker_.answer = [&](const auto&) { return bytes; };
    EXPECT_FALSE(open());
  }
  broker_.answer = [this](const protocol::RequestHeader& header) {
    Bytes other = broker_.usual(header);
    other[7] ^= std::byte{1};  // the correlation id
    return other;
  };
  EXPECT_FALSE(open());
}

TEST_F(ConnectionTest, EveryCutOfAnAnswerIsRefused) {
  protocol::RequestHeader header;
  header.api_key = 18;
  header.api_version = 4;
  header.correlation_id = 1;
  const Bytes whole = broker_.usual(header);
  for (std::size_t size = 4; size < whole.size(); ++size) {
    Bytes cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    store_be<std::int32_t>(cut.data(), static_cast<std::int32_t>(size - 4));
    broker_.answer = [&](const auto&) { return cut; };
    EXPECT_FALSE(open()) << size;
  }
}

TEST_F(ConnectionTest, TheFirstAddressThatAnswersIsTaken) {
  Cluster cluster(broker_, clock_, {.bootstrap = {{"dead", 1}, {"one", 9092}}, .connection = {}});
  ASSERT_TRUE(cluster.any());
  ASSERT_TRUE(cluster.any());
  EXPECT_EQ(broker_.dialed, (std::vector<net::Endpoint>{{"dead", 1}, {"one", 9092}}));
}

TEST_F(ConnectionTest, TheControllerIsFoundWhereTheClusterSaysItIs) {
  Cluster cluster(broker_, clock_, {.bootstrap = {{"one", 9092}}, .connection = {}});
  const auto controller = cluster.controller();
  ASSERT_TRUE(controller) << controller.error().message;
  EXPECT_EQ((*controller)->peer(), (net::Endpoint{"seven", 9093}));
}

TEST_F(ConnectionTest, NoBrokerAtAllNamesEveryAddressTried) {
  Cluster cluster(broker_, clock_, {.bootstrap = {{"dead", 1}, {"dead", 2}}, .connection = {}});
  const auto any = cluster.any();
  ASSERT_FALSE(any);
  EXPECT_EQ(any.error().code, Errc::kIo);
  EXPECT_NE(any.error().message.find("dead:1"), std::string::npos);
  EXPECT_NE(any.error().message.find("dead:2"), std::string::npos);
}

TEST_F(ConnectionTest, AStepIsRunAgainWhileSomebodyElseIsInCharge) {
  Cluster cluster(broker_, clock_, {.bootstrap = {{"one", 9092}}, .connection = {}});
  int runs = 0;
  const auto outcome = cluster.retry([&]() -> Result<int> {
    if (++runs < 3) return fail(Errc::kBusy, "not me");
    return runs;
  });
  EXPECT_EQ(*outcome, 3);
  EXPECT_EQ(broker_.pauses, 2);
  EXPECT_FALSE(cluster.retry([]() -> Result<> { return fail(Errc::kInvalidArgument, "no"); }));
  EXPECT_EQ(broker_.pauses, 2);
}

}  // namespace
}  // namespace barnabas::client
