#pragma once
// What the broker tells about itself over HTTP:
//
//   /metrics   everything of families.h, in Prometheus' text format
//   /livez     200: a loop and the control thread answer; that is the whole check
//   /readyz    200: clients are served; 503 with a reason a line
//
// Everything is read when somebody asks, from whoever has it. There is nothing to change here, and no secret.
//
// Threads: answer() on one executor (the control thread), so two scrapes never run at once.
#include <atomic>
#include <functional>
#include <string>
#include <vector>

#include "base/posix_process.h"
#include "broker/broker.h"
#include "console/http_message.h"
#include "console/sink.h"
#include "net/socket_server.h"
#include "storage/log_manager.h"

namespace barnabas::console {

// What the start learned.
struct StartFacts {
  std::int64_t started_ms = 0;  // wall clock
  double took_seconds = 0;
  std::string version;
  storage::LoadReport recovery;
};

// All of it outlives the console.
struct ConsoleDeps {
  const Clock& clock;
  const broker::Broker& broker;
  const net::SocketServer& sockets;
  storage::LogManager& logs;
  std::function<ProcessFacts()> process;
};

class Console {
 public:
  Console(ConsoleDeps deps, StartFacts start) : deps_(std::move(deps)), start_(std::move(start)) {}

  HttpResponse answer(const HttpRequest& request);

  // Clients will not be for much longer. From any thread.
  void stopping() { stopping_ = true; }

 private:
  HttpResponse metrics();
  std::string collect();
  HttpResponse ready() const;
  std::vector<std::string> not_ready_because() const;

  // collect_requests.cpp, collect_node.cpp, collect_topics.cpp, collect_groups.cpp, collect_clients.cpp
  void collect_requests(Sink& sink) const;
  void collect_connections(Sink& sink) const;
  void collect_disks(Sink& sink) const;
  void collect_node(Sink& sink) const;
  void collect_topics(Sink& sink) const;
  void collect_groups(Sink& sink) const;
  void collect_clients(Sink& sink) const;
  void collect_quotas(Sink& sink) const;
  void collect_cleaner(Sink& sink) const;
  std::size_t series_max() const;

  const ConsoleDeps deps_;
  const StartFacts start_;
  std::atomic<bool> stopping_{false};
  MonoDuration scrape_took_{};
  MonoTime scraped_at_;
  std::string last_scrape_;  // of a node with so much to tell that it is told again
};

}  // namespace barnabas::console
