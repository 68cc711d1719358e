#pragma once
// One node: everything a broker is made of, built in order, and taken down in the reverse order.
//
//   data directory ─ metadata log ─ image ─┬─ partitions ─┐
//                                          └─ groups ─────┴─ broker ─ sockets
//
// Threads, all of which start here: I/O threads (barnabas.io.threads), one for metadata, timers and background work,
// and those of each log directory's disk queue. The thread that calls start() and stop() may wait; nobody else does.
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "config/settings.h"
#include "net/stream.h"

namespace barnabas::server {

class Server {
 public:
  // Called, on any thread, when the node cannot go on (its metadata cannot be written): the process shall exit.
  using Fatal = std::function<void(const std::string& reason)>;

  // Returns when clients can connect. kBusy: another process has the data directory. kInvalidArgument: a listener's
  // address is not ours or in use.
  static Result<std::unique_ptr<Server>> start(const Settings& settings, Fatal fatal);
  ~Server();

  struct Listening {
    std::string name;
    net::Endpoint at;
  };
  const std::vector<Listening>& listeners() const;
  // Where HTTP is served; nullopt: nowhere (barnabas.http.listener is empty, or its port was taken).
  const std::optional<net::Endpoint>& http() const;
  const std::string& cluster_id() const;
  // Answers who waits, closes connections, and leaves the data directory marked as cleanly stopped.
  void stop();

 private:
  struct Parts;
  explicit Server(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace barnabas::server
