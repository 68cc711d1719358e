#pragma once
// Both ends of every connection in memory, for simulations: bytes arrive in chunks the test picks, a window limits how
// much is under way, and a client that does not read is felt.
//
//   SimNetwork network(executor);  server.listen(...);  auto client = network.connect(port);
//   client->send(bytes); executor.run_until_idle(); client->take();
#include <deque>
#include <map>
#include <memory>
#include <vector>

#include "net/stream.h"

namespace barnabas::net {

// What is shared by the two ends of a connection.
struct SimPipe {
  Bytes to_server, to_client;
  std::size_t window_bytes = 64 * 1024;  // that the client's side takes before it reads
  std::size_t chunk_bytes = SIZE_MAX;    // at most so much a read of the server
  bool closed_by_client = false, closed_by_server = false;
  Task server_readable, server_writable;
};

class SimClient {
 public:
  SimClient(std::shared_ptr<SimPipe> pipe, Executor& executor) : pipe_(std::move(pipe)), executor_(executor) {}

  void send(ByteView bytes);
  Bytes take();  // everything that has arrived
  void close();
  bool closed() const { return pipe_->closed_by_server; }
  SimPipe& pipe() { return *pipe_; }

 private:
  void wake(Task& task);
  std::shared_ptr<SimPipe> pipe_;
  Executor& executor_;
};

class SimNetwork final : public Network {
 public:
  explicit SimNetwork(Executor& executor, std::size_t scratch_bytes = 4096)
      : scratch_(scratch_bytes),
        turn_(std::make_shared<Turn>(executor, scratch_)),
        pool_(1 << 20),
        loop_{0, &executor, &pool_, turn_.get()} {}

  Result<std::unique_ptr<Acceptor>> listen(const Endpoint& at, const SocketOptions& options, OnAccept on_accept) override;
  // Null when nobody listens there.
  std::unique_ptr<SimClient> connect(std::uint16_t port, std::string from = "10.0.0.1");

 private:
  class SimAcceptor;
  Bytes scratch_;
  std::shared_ptr<Turn> turn_;
  BufferPool pool_;
  Loop loop_;
  std::uint16_t next_port_ = 40000;
  std::map<std::uint16_t, OnAccept> listeners_;
};

}  // namespace barnabas::net
