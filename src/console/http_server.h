#pragma once
// A small HTTP server on the loops that serve Kafka's clients, over the same seam (net/stream.h).
//
//   loop: accept, read a head ── executor: handler makes the answer ── loop: write it, next request
//
// The answer is made elsewhere because a scrape of many partitions takes long, and an I/O thread has clients to serve.
// Answering at all therefore shows that a loop and that executor are alive.
//
// Costs nothing while nobody asks: no thread, no timer. A client is limited in what it may send (http_message.h), in how
// long it may take (sweep()), and in how many it may be. One that does not read its answer is not read from, and what all
// of them leave unread is limited: above it nothing is made any more, and the answer is 503.
#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "console/http_message.h"
#include "net/stream.h"

namespace barnabas::console {

// Called on the executor.
using HttpHandler = std::function<HttpResponse(const HttpRequest&)>;

struct HttpLimits {
  std::size_t connections_max = 64;
  MonoDuration request_max = std::chrono::seconds(10);  // for a head to become whole, and for an answer to be taken
  MonoDuration idle_max = std::chrono::minutes(2);
  std::size_t unread_max_bytes = 64 * 1024 * 1024;  // the last answer may go above
};

// Network, executor and clock outlive it; stop the loops and the executor before it goes.
class HttpServer {
 public:
  HttpServer(net::Network& network, Executor& executor, const Clock& clock, HttpHandler handler, HttpLimits limits = {});
  ~HttpServer();

  // Where it really listens (port 0 picks one). Errors: Network::listen's.
  Result<net::Endpoint> listen(const net::Endpoint& at);
  void stop_listening();
  // Ends every connection, each on its own loop. Returns at once.
  void close_all();
  // Ends connections that took too long. Called every few seconds.
  void sweep();
  std::size_t connection_count() const;

 private:
  class Connection;
  class Answer;
  void accept(std::unique_ptr<net::Stream> stream, const net::Loop& loop);
  std::unique_ptr<Answer> answer(const HttpRequest& request);
  void forget(const Connection* connection);
  std::vector<std::shared_ptr<Connection>> connections() const;

  net::Network& network_;
  Executor& executor_;
  const Clock& clock_;
  const HttpHandler handler_;
  const HttpLimits limits_;
  const std::shared_ptr<std::atomic<std::size_t>> unread_bytes_ = std::make_shared<std::atomic<std::size_t>>(0);
  log::Limiter refused_{std::chrono::seconds(10)};

  mutable std::mutex mutex_;
  std::unique_ptr<net::Acceptor> acceptor_;
  std::unordered_map<const Connection*, std::shared_ptr<Connection>> connections_;
};

}  // namespace barnabas::console
