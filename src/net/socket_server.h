#pragma once
// All listeners and connections of a broker, within its limits (max.connections, max.connections.per.ip).
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/metrics.h"
#include "net/connection.h"

namespace barnabas::net {

struct AdmissionLimits {
  std::uint32_t connections_max = 10'000;
  std::uint32_t connections_max_per_ip = 10'000;
  std::unordered_map<std::string, std::uint32_t> connections_max_by_ip;  // max.connections.per.ip.overrides
};

struct ServerLimits {
  ConnectionLimits connection;
  AdmissionLimits admission;
  std::uint64_t queued_max_bytes = 0;
  SocketOptions socket;
};

struct ListenerAddress {
  std::string name;  // "PLAINTEXT"
  Endpoint at;
};

class SocketServer {
 public:
  SocketServer(Network& network, FrameHandler& handler, const Clock& clock, ServerLimits limits);
  ~SocketServer();

  // Opens one listener; returns where it really listens (port 0 picks one).
  Result<Endpoint> listen(const ListenerAddress& listener);
  // Closes the listeners; connections stay.
  void stop_listening();
  // Closes every connection, each on its own loop. Returns at once.
  void close_all();
  // For connections that come from now on; those that are there stay.
  void set_admission(AdmissionLimits limits);
  // Deadlines of every connection; called every few seconds.
  void sweep();
  std::size_t connection_count() const;

  struct ListenerState {
    std::string name;
    Endpoint at;
    std::size_t connections = 0;
  };
  std::vector<ListenerState> listener_states() const;
  std::uint64_t accepted() const { return accepted_.value(); }
  std::uint64_t refused() const { return refused_count_.value(); }  // over a limit
  const MemoryBudget& budget() const { return budget_; }

 private:
  struct Entry {
    std::shared_ptr<Connection> connection;
    Executor* executor;
    std::string ip;
  };
  void accept(const std::string& listener, std::unique_ptr<Stream> stream, const Loop& loop);
  bool admit(const std::string& ip) const;
  void forget(std::uint64_t id);
  std::vector<Entry> entries() const;

  Network& network_;
  FrameHandler& handler_;
  const Clock& clock_;
  const ServerLimits limits_;
  MemoryBudget budget_;
  log::Limiter refused_{std::chrono::seconds(10)};
  metrics::Counter accepted_;
  metrics::Counter refused_count_;

  mutable std::mutex mutex_;
  AdmissionLimits admission_;
  std::vector<std::unique_ptr<Acceptor>> acceptors_;
  std::vector<ListenerState> listeners_;
  std::uint64_t last_id_ = 0;
  std::unordered_map<std::uint64_t, Entry> connections_;
  std::unordered_map<std::string, std::uint32_t> by_ip_;
};

}  // namespace barnabas::net
