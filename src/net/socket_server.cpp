#include "net/socket_server.h"

#include <algorithm>
#include <utility>

namespace barnabas::net {

SocketServer::SocketServer(Network& network, FrameHandler& handler, const Clock& clock, ServerLimits limits)
    : network_(network),
      handler_(handler),
      clock_(clock),
      limits_(std::move(limits)),
      budget_(limits_.queued_max_bytes),
      admission_(limits_.admission) {}

SocketServer::~SocketServer() = default;

Result<Endpoint> SocketServer::listen(const ListenerAddress& listener) {
  TRY_ASSIGN(auto acceptor,
             network_.listen(listener.at, limits_.socket, [this, name = listener.name](std::unique_ptr<Stream> stream, const Loop& loop) {
               accept(name, std::move(stream), loop);
             }));
  const Endpoint local = acceptor->local();
  const std::lock_guard lock(mutex_);
  acceptors_.push_back(std::move(acceptor));
  listeners_.push_back({listener.name, local, 0});
  return local;
}

void SocketServer::stop_listening() {
  std::vector<std::unique_ptr<Acceptor>> closing;
  const std::lock_guard lock(mutex_);
  closing.swap(acceptors_);
}

void SocketServer::set_admission(AdmissionLimits limits) {
  const std::lock_guard lock(mutex_);
  admission_ = std::move(limits);
}

bool SocketServer::admit(const std::string& ip) const {
  if (connections_.size() >= admission_.connections_max) return false;
  const auto own = admission_.connections_max_by_ip.find(ip);
  const std::uint32_t most = own != admission_.connections_max_by_ip.end() ? own->second : admission_.connections_max_per_ip;
  const auto count = by_ip_.find(ip);
  return (count == by_ip_.end() ? 0 : count->second) < most;
}

void SocketServer::accept(const std::string& listener, std::unique_ptr<Stream> stream, const Loop& loop) {
  const std::string ip = stream->peer().host;
  std::shared_ptr<Connection> connection;
  {
    const std::lock_guard lock(mutex_);
    if (admit(ip)) {
      const std::uint64_t id = ++last_id_;
      ConnectionInfo info{id, listener, stream->local(), stream->peer()};
      connection = std::make_shared<Connection>(std::move(info), std::move(stream), loop, handler_, clock_, budget_, limits_.connection,
                                                [this](std::uint64_t closed) { forget(closed); });
      connections_.emplace(id, Entry{connection, loop.executor, ip});
      ++by_ip_[ip];
    }
  }
  if (connection != nullptr) {
    accepted_.add();
    return connection->start();
  }
  refused_count_.add();
  stream->close();
  if (const auto left_out = refused_.pass(clock_.mono()); left_out >= 0) {
    log::warn("connection refused: too many", {{"peer", ip}, {"left_out", left_out}});
  }
}

void SocketServer::forget(std::uint64_t id) {
  std::shared_ptr<Connection> last;  // destroyed outside the lock
  const std::lock_guard lock(mutex_);
  const auto found = connections_.find(id);
  if (found == connections_.end()) return;
  const auto count = by_ip_.find(found->second.ip);
  if (--count->second == 0) by_ip_.erase(count);
  last = std::move(found->second.connection);
  connections_.erase(found);
}

std::vector<SocketServer::Entry> SocketServer::entries() const {
  const std::lock_guard lock(mutex_);
  std::vector<Entry> all;
  all.reserve(connections_.size());
  for (const auto& [id, entry] : connections_) all.push_back(entry);
  return all;
}

void SocketServer::close_all() {
  for (Entry& entry : entries()) {
    entry.executor->post([connection = std::move(entry.connection)] { connection->close("the broker is stopping"); });
  }
}

void SocketServer::sweep() {
  for (Entry& entry : entries()) {
    entry.executor->post([this, connection = std::move(entry.connection)] { connection->check_deadlines(clock_.mono()); });
  }
}

std::vector<SocketServer::ListenerState> SocketServer::listener_states() const {
  const std::lock_guard lock(mutex_);
  std::vector<ListenerState> states = listeners_;
  for (const auto& [id, entry] : connections_) {
    const auto own = std::ranges::find(states, entry.connection->info().listener, &ListenerState::name);
    if (own != states.end()) ++own->connections;
  }
  return states;
}

std::size_t SocketServer::connection_count() const {
  const std::lock_guard lock(mutex_);
  return connections_.size();
}

}  // namespace barnabas::net
