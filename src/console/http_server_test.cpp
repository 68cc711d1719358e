// The HTTP server over a network in memory: what it answers, and what it does not put up with.
#include "console/http_server.h"

#include <gtest/gtest.h>

#include "base/sim_clock.h"
#include "net/sim_network.h"

namespace barnabas::console {
namespace {

class HttpServerTest : public ::testing::Test {
 protected:
  HttpServerTest() { port_ = server_.listen({"127.0.0.1", 0})->port; }

  std::unique_ptr<net::SimClient> connect() {
    auto client = network_.connect(port_);
    executor_.run_until_idle();
    return client;
  }
  void send(net::SimClient& client, std::string_view text) {
    client.send(as_bytes(text));
    executor_.run_until_idle();
  }
  std::string received(net::SimClient& client) {
    executor_.run_until_idle();
    const Bytes bytes = client.take();
    executor_.run_until_idle();
    return std::string(as_text(bytes));
  }
  std::string ask(std::string_view text) {
    const auto client = connect();
    send(*client, text);
    return received(*client);
  }
  void pass(std::chrono::seconds time) {
    executor_.advance(time);
    server_.sweep();
    executor_.run_until_idle();
  }

  SimClock clock_;
  SimExecutor executor_{clock_};
  net::SimNetwork network_{executor_};
  HttpServer server_{network_,
                     executor_,
                     clock_,
                     [](const HttpRequest& request) { return HttpResponse{.body = request.method + " " + request.path + "\n"}; },
                     {.connections_max = 2, .unread_max_bytes = 100}};
  std::uint16_t port_ = 0;
};

TEST_F(HttpServerTest, ARequestGetsItsAnswer) {
  const std::string answer = ask("GET /metrics?x=1 HTTP/1.1\r\nHost: here\r\n\r\n");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK\r\n")) << answer;
  EXPECT_TRUE(answer.contains("Content-Length: 13\r\n")) << answer;
  EXPECT_TRUE(answer.ends_with("\r\n\r\nGET /metrics\n")) << answer;
}

TEST_F(HttpServerTest, HeadGetsTheLengthWithoutTheBody) {
  const std::string answer = ask("HEAD /livez HTTP/1.1\r\nHost: here\r\n\r\n");
  EXPECT_TRUE(answer.contains("Content-Length: 12\r\n")) << answer;
  EXPECT_TRUE(answer.ends_with("\r\n\r\n")) << answer;
}

TEST_F(HttpServerTest, SeveralRequestsOnAConnectionAreAnsweredInOrder) {
  const auto client = connect();
  send(*client, "GET /a HTTP/1.1\r\nHost: x\r\n\r\nGET /b HTTP/1.1\r\nHost: x\r\n\r\nGET /");
  send(*client, "c HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  const std::string answers = received(*client);
  const auto a = answers.find("GET /a\n"), b = answers.find("GET /b\n"), c = answers.find("GET /c\n");
  EXPECT_TRUE(a < b && b < c && c != std::string::npos) << answers;
  EXPECT_TRUE(client->closed());
}

TEST_F(HttpServerTest, WhatIsNoRequestIsRefusedAndItsConnectionEnds) {
  for (const std::string& bad : {std::string("\x16\x03\x01\x02\r\n\r\n", 8), std::string("GET / HTTP/9\r\n\r\n"),
                                 "X: " + std::string(9000, 'x'), std::string("POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello")}) {
    const auto client = connect();
    send(*client, bad);
    EXPECT_TRUE(received(*client).starts_with("HTTP/1.1 400 Bad Request\r\n")) << bad.substr(0, 20);
    EXPECT_TRUE(client->closed());
  }
}

TEST_F(HttpServerTest, WhoTakesTooLongIsDisconnected) {
  const auto slow = connect();
  send(*slow, "GET /");
  const auto idle = connect();
  pass(std::chrono::seconds(11));
  EXPECT_TRUE(slow->closed());
  EXPECT_FALSE(idle->closed());
  pass(std::chrono::minutes(2));
  EXPECT_TRUE(idle->closed());
  EXPECT_EQ(server_.connection_count(), 0u);
}

TEST_F(HttpServerTest, WhoDoesNotReadIsDisconnected) {
  const auto client = connect();
  client->pipe().window_bytes = 10;
  send(*client, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  pass(std::chrono::seconds(11));
  EXPECT_TRUE(client->closed());
}

TEST_F(HttpServerTest, WhatIsLeftUnreadIsLimited) {
  const auto greedy = connect(), other = connect();
  greedy->pipe().window_bytes = 10;
  send(*greedy, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  send(*other, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_TRUE(received(*other).starts_with("HTTP/1.1 503 "));
  pass(std::chrono::seconds(11));  // who does not read is gone
  send(*other, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_TRUE(received(*other).starts_with("HTTP/1.1 200 "));
}

TEST_F(HttpServerTest, ConnectionsAreLimited) {
  const auto one = connect(), two = connect(), three = connect();
  EXPECT_FALSE(two->closed());
  EXPECT_TRUE(three->closed());
}

}  // namespace
}  // namespace barnabas::console
