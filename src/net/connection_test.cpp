// A connection's frames, order and limits, over a network in memory and in virtual time.
#include "net/connection.h"

#include <gtest/gtest.h>

#include "base/sim_clock.h"
#include "net/sim_network.h"
#include "net/socket_server.h"

namespace barnabas::net {
namespace {

Bytes frame(std::string_view payload) {
  Bytes bytes(4);
  store_be(bytes.data(), static_cast<std::int32_t>(payload.size()));
  const ByteView text = as_bytes(payload);
  bytes.insert(bytes.end(), text.begin(), text.end());
  return bytes;
}

// Frames that begin with 'p' are pipelined; replies are given when the test says so.
class ScriptedHandler final : public FrameHandler {
 public:
  std::unique_ptr<Session> open(const ConnectionInfo&) override { return std::make_unique<Session>(); }
  FrameClass classify(ByteView bytes) const override {
    return {.pipelined = as_text(bytes).starts_with('p'), .kind = static_cast<std::uint16_t>(as_text(bytes)[0])};
  }
  void sent(Session&, const Loop&, const SentReply& reply) override { replies.push_back(reply); }
  void handle(Session&, const Loop&, MutableBytes bytes, Responder responder) override {
    seen.emplace_back(as_text(bytes));
    unfinished.emplace_back(as_text(bytes), bytes);
    waiting.push_back(std::move(responder));
    if (answer_at_once) answer(waiting.size() - 1);
  }
  void finish_input(const Loop&) override {
    finished.push_back(seen.size());
    for (const auto& [text, bytes] : std::exchange(unfinished, {})) EXPECT_EQ(text, as_text(bytes)) << "its bytes were to stay";
    if (!answer_when_finished) return;
    for (std::size_t i = 0; i < waiting.size(); ++i) {
      if (waiting[i]) answer(i);
    }
  }
  void answer(std::size_t i) {
    auto bytes = std::make_shared<Bytes>(frame("re:" + seen[i]));
    waiting[i].send({MemorySlice{bytes, *bytes}});
  }

  bool answer_at_once = false;
  std::vector<std::pair<std::string, MutableBytes>> unfinished;
  bool answer_when_finished = false;
  std::vector<SentReply> replies;
  std::vector<std::size_t> finished;  // how many frames had been seen at each finish_input()
  std::vector<std::string> seen;
  std::vector<Responder> waiting;
};

class ConnectionTest : public ::testing::Test {
 protected:
  ServerLimits limits() {
    ServerLimits limits;
    limits.connection.frame_max_bytes = 100'000;
    limits.connection.pending_max = 8;
    limits.connection.outbox_max_bytes = 10'000;
    limits.queued_max_bytes = 50'000;
    limits.admission.connections_max = 3;
    limits.admission.connections_max_per_ip = 2;
    return limits;
  }
  void start(ServerLimits with) {
    server_ = std::make_unique<SocketServer>(network_, handler_, clock_, with);
    port_ = server_->listen({"PLAINTEXT", {"", 0}})->port;
  }
  std::unique_ptr<SimClient> connect(std::string from = "10.0.0.1") {
    auto client = network_.connect(port_, std::move(from));
    run();
    return client;
  }
  void run() { executor_.run_until_idle(); }
  void send(SimClient& client, const Bytes& bytes) {
    client.send(bytes);
    run();
  }
  std::string received(SimClient& client) {
    run();
    const Bytes bytes = client.take();
    run();
    std::string text;
    for (std::size_t at = 0; at + 4 <= bytes.size();) {
      const auto length = static_cast<std::size_t>(load_be<std::int32_t>(bytes.data() + at));
      if (!text.empty()) text += ' ';
      text += as_text(ByteView(bytes).subspan(at + 4, length));
      at += 4 + length;
    }
    return text;
  }

  SimClock clock_;
  SimExecutor executor_{clock_};
  SimNetwork network_{executor_, 256};
  ScriptedHandler handler_;
  std::unique_ptr<SocketServer> server_;
  std::uint16_t port_ = 0;
};

TEST_F(ConnectionTest, EveryRequestIsToldWhereItsTimeWent) {
  start(limits());
  const auto client = connect();
  const auto pass = [&](int ms) { executor_.advance(std::chrono::milliseconds(ms)); };
  const MonoTime begin = clock_.mono();
  const auto at = [&](int ms) { return begin + std::chrono::milliseconds(ms); };
  Bytes both = frame("s1");
  const Bytes second = frame("s2");  // held back until s1 is answered
  both.insert(both.end(), second.begin(), second.end());
  send(*client, both);
  pass(5);
  handler_.answer(0);
  run();
  pass(3);
  handler_.answer(1);
  run();
  ASSERT_EQ(handler_.replies.size(), 2u);
  const SentReply& held = handler_.replies[1];
  EXPECT_EQ(held.kind, 's');
  EXPECT_EQ(held.request_bytes, 2u);
  EXPECT_EQ(held.reply_bytes, 9u);
  EXPECT_EQ(held.received, at(0));
  EXPECT_EQ(held.begun, at(5));
  EXPECT_EQ(held.handled, at(5));
  EXPECT_EQ(held.answered, at(8));
  EXPECT_EQ(held.sent, at(8));
}

TEST_F(ConnectionTest, AReplyTheClientDoesNotReadIsTimeOfSending) {
  start(limits());
  const auto client = connect();
  client->pipe().window_bytes = 4;
  handler_.answer_at_once = true;
  send(*client, frame("p1"));
  executor_.advance(std::chrono::milliseconds(7));
  EXPECT_TRUE(handler_.replies.empty());
  client->pipe().window_bytes = 1000;
  client->take();
  run();
  ASSERT_EQ(handler_.replies.size(), 1u);
  EXPECT_EQ(handler_.replies[0].sent - handler_.replies[0].answered, std::chrono::milliseconds(7));
}

// A5
TEST_F(ConnectionTest, RepliesLeaveInTheOrderOfTheirRequests) {
  start(limits());
  const auto client = connect();
  send(*client, frame("p1"));
  send(*client, frame("p2"));
  send(*client, frame("p3"));
  ASSERT_EQ(handler_.seen.size(), 3u);
  handler_.answer(2);
  handler_.answer(1);
  EXPECT_EQ(received(*client), "");
  handler_.answer(0);
  EXPECT_EQ(received(*client), "re:p1 re:p2 re:p3");
}

TEST_F(ConnectionTest, AWaitingRequestHoldsBackWhateverIsNotPipelined) {
  start(limits());
  const auto client = connect();
  send(*client, frame("p1"));
  send(*client, frame("fetch"));
  send(*client, frame("p2"));
  EXPECT_EQ(handler_.seen, (std::vector<std::string>{"p1"}));
  handler_.answer(0);
  run();
  EXPECT_EQ(handler_.seen, (std::vector<std::string>{"p1", "fetch"}));
  handler_.answer(1);
  run();
  EXPECT_EQ(handler_.seen, (std::vector<std::string>{"p1", "fetch", "p2"}));
}

TEST_F(ConnectionTest, FramesArriveWholeHoweverTheyAreCut) {
  for (const std::size_t chunk : {1u, 3u, 7u, 255u, 256u, 257u, 100'000u}) {
    handler_ = ScriptedHandler();
    handler_.answer_at_once = true;
    start(limits());
    const auto client = connect();
    client->pipe().chunk_bytes = chunk;
    const std::string large(1000, 'x');
    Bytes all;
    for (const std::string& payload : {std::string("a"), large, std::string(), std::string("p2"), large}) {
      const Bytes one = frame(payload);
      all.insert(all.end(), one.begin(), one.end());
    }
    send(*client, all);
    EXPECT_EQ(handler_.seen, (std::vector<std::string>{"a", large, "", "p2", large})) << chunk;
    server_.reset();
  }
}

TEST_F(ConnectionTest, FramesThatArriveTogetherAreFinishedTogether) {
  handler_.answer_when_finished = true;
  start(limits());
  const auto client = connect();
  Bytes all;
  for (const char* payload : {"p1", "p2", "p3", "fetch", "p4"}) {
    const Bytes one = frame(payload);
    all.insert(all.end(), one.begin(), one.end());
  }
  send(*client, all);
  EXPECT_EQ(received(*client), "re:p1 re:p2 re:p3 re:fetch re:p4");
  // The fetch may not overtake them, so they are finished before it.
  EXPECT_EQ(handler_.finished, (std::vector<std::size_t>{3, 4, 5}));
}

TEST_F(ConnectionTest, ConnectionsThatAreReadyTogetherAreAllReadBeforeAnyIsFinished) {
  handler_.answer_when_finished = true;
  start(limits());
  const auto one = connect("10.0.0.1");
  const auto other = connect("10.0.0.2");
  one->send(frame("p1"));
  other->send(frame("p2"));
  EXPECT_EQ(received(*one), "re:p1");
  EXPECT_EQ(received(*other), "re:p2");
  EXPECT_EQ(handler_.finished.front(), 2U);
  // More than the scratch buffer holds for two: what lies there is finished before the rest is read.
  const std::string large(100, 'x');
  one->send(frame("p3" + large));
  other->send(frame("p4" + large));
  EXPECT_EQ(received(*one), "re:p3" + large);
  EXPECT_EQ(received(*other), "re:p4" + large);
}

TEST_F(ConnectionTest, AClientThatLeavesAtOnceIsFinishedBeforeItsSessionGoes) {
  start(limits());
  const auto client = connect();
  client->send(frame("p1"));
  client->close();
  run();
  EXPECT_EQ(handler_.finished.size(), 1U);
  EXPECT_TRUE(handler_.unfinished.empty());
}

TEST_F(ConnectionTest, FramesInFrontOfAnImpossibleLengthAreFinishedBeforeTheConnectionEnds) {
  start(limits());
  const auto client = connect();
  Bytes all = frame("p1");
  all.resize(all.size() + 4, std::byte{0xff});
  send(*client, all);
  EXPECT_EQ(handler_.finished, (std::vector<std::size_t>{1}));
  EXPECT_TRUE(client->closed());
}

// ADM10, KIP-219
TEST_F(ConnectionTest, AConnectionRestsAfterAnAnswerThatSaysSo) {
  start(limits());
  const auto client = connect();
  const auto other = connect();
  send(*client, frame("p1"));
  send(*client, frame("p2"));
  handler_.waiting[0].rest(std::chrono::seconds(10));
  handler_.answer(0);
  EXPECT_EQ(received(*client), "re:p1") << "the answer itself is not late";
  send(*client, frame("p3"));
  send(*other, frame("x"));
  EXPECT_EQ(handler_.seen, (std::vector<std::string>{"p1", "p2", "x"}));
  handler_.waiting[1].rest(std::chrono::seconds(15));
  handler_.answer(1);
  EXPECT_EQ(received(*client), "re:p2");
  executor_.advance(std::chrono::seconds(11));
  EXPECT_EQ(handler_.seen.size(), 3u) << "a later answer asked for more";
  server_->sweep();
  executor_.advance(std::chrono::seconds(5));
  EXPECT_EQ(handler_.seen.back(), "p3");
  EXPECT_FALSE(client->closed());
}

TEST_F(ConnectionTest, ARestLongerThanTheIdleLimitClosesNothing) {
  start(limits());
  const auto client = connect();
  send(*client, frame("fetch"));
  handler_.waiting[0].rest(std::chrono::minutes(30));
  handler_.answer(0);
  run();
  executor_.advance(std::chrono::minutes(20));
  server_->sweep();
  run();
  EXPECT_FALSE(client->closed());
}

// A3, D3: the length is judged before anything is allocated for it.
TEST_F(ConnectionTest, AnImpossibleLengthEndsTheConnection) {
  start(limits());
  for (const std::int32_t length : {-1, INT32_MIN, 100'001, INT32_MAX}) {
    const auto client = connect();
    Bytes bytes(4);
    store_be(bytes.data(), length);
    send(*client, bytes);
    EXPECT_TRUE(client->closed()) << length;
  }
  EXPECT_TRUE(handler_.seen.empty());
}

// D2
TEST_F(ConnectionTest, AFrameThatNeverEndsIsGivenUp) {
  start(limits());
  const auto client = connect();
  Bytes bytes = frame(std::string(500, 'x'));
  bytes.resize(100);
  send(*client, bytes);
  clock_.advance(std::chrono::seconds(29));
  send(*client, Bytes(1));  // a byte now and then does not save it
  server_->sweep();
  run();
  EXPECT_FALSE(client->closed());
  clock_.advance(std::chrono::seconds(2));
  server_->sweep();
  run();
  EXPECT_TRUE(client->closed());
}

// A9
TEST_F(ConnectionTest, AnIdleConnectionIsClosedAndAWaitingOneIsNot) {
  start(limits());
  const auto idle = connect();
  const auto waiting = connect();
  send(*waiting, frame("fetch"));
  clock_.advance(std::chrono::minutes(11));
  server_->sweep();
  run();
  EXPECT_TRUE(idle->closed());
  EXPECT_FALSE(waiting->closed());
}

// NET10: who does not read answers is not read from.
TEST_F(ConnectionTest, ASlowReaderIsNotReadFrom) {
  start(limits());
  handler_.answer_at_once = true;
  const auto client = connect();
  client->pipe().window_bytes = 100;
  const std::string payload = "p" + std::string(999, 'x');
  for (int i = 0; i < 100; ++i) client->send(frame(payload));
  run();
  const std::size_t handled = handler_.seen.size();
  EXPECT_LE(handled, 12u);  // outbox_max_bytes, and what one read brought
  std::size_t got = 0;
  for (int i = 0; i < 2000 && got < 100 * (4 + 3 + payload.size()); ++i) {
    got += client->take().size();
    run();
  }
  EXPECT_EQ(handler_.seen.size(), 100u);
}

TEST_F(ConnectionTest, LargeFramesWaitForTheMemoryBudget) {
  start(limits());
  const auto first = connect("10.0.0.1");
  const auto second = connect("10.0.0.2");
  Bytes half = frame(std::string(40'000, 'x'));
  const Bytes rest(half.begin() + 1000, half.end());
  half.resize(1000);
  send(*first, half);
  send(*second, frame(std::string(30'000, 'y')));
  EXPECT_TRUE(handler_.seen.empty());  // 40,000 are reserved, 30,000 more are too many
  send(*first, rest);
  run();
  ASSERT_EQ(handler_.seen.size(), 2u);
  EXPECT_EQ(handler_.seen[1].size(), 30'000u);
}

// W9, D1
TEST_F(ConnectionTest, ConnectionsAreLimitedInAllAndByAddress) {
  start(limits());
  const auto a = connect("10.0.0.1");
  const auto b = connect("10.0.0.1");
  const auto c = connect("10.0.0.1");
  EXPECT_TRUE(c->closed());
  const auto d = connect("10.0.0.2");
  EXPECT_FALSE(d->closed());
  EXPECT_TRUE(connect("10.0.0.3")->closed());
  a->close();
  run();
  EXPECT_EQ(server_->connection_count(), 2u);
  EXPECT_FALSE(connect("10.0.0.3")->closed());
}

TEST_F(ConnectionTest, ADroppedRequestEndsTheConnectionAfterTheRepliesBeforeIt) {
  start(limits());
  const auto client = connect();
  send(*client, frame("p1"));
  send(*client, frame("p2"));
  handler_.waiting[1] = Responder();
  run();
  EXPECT_FALSE(client->closed());
  handler_.answer(0);
  EXPECT_EQ(received(*client), "re:p1");
  EXPECT_TRUE(client->closed());
}

TEST_F(ConnectionTest, AReplyAfterTheClientLeftIsDropped) {
  start(limits());
  const auto client = connect();
  send(*client, frame("fetch"));
  client->close();
  server_->close_all();
  run();
  handler_.answer(0);
  run();
  EXPECT_EQ(server_->connection_count(), 0u);
}

}  // namespace
}  // namespace barnabas::net
