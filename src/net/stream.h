#pragma once
// Sockets behind a seam: asio_network.h talks to the kernel, sim_network.h keeps both ends in memory.
//
// A Stream is used on the executor of its loop only. Reads and writes never wait: they do what can be done now and say
// so, and when_readable/when_writable call back once when more can be done. After close() no callback runs.
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "base/bytes.h"
#include "base/executor.h"
#include "base/result.h"
#include "base/slice.h"
#include "net/buffer_pool.h"
#include "net/turn.h"

namespace barnabas::net {

struct Endpoint {
  std::string host;  // numeric, without brackets, or a name to listen on; empty: all interfaces
  std::uint16_t port = 0;
  friend bool operator==(const Endpoint&, const Endpoint&) = default;
};

// "127.0.0.1:9092", "[::1]:9092"
std::string to_string(const Endpoint& endpoint);

struct IoResult {
  enum class Kind { kDone, kWouldBlock, kClosed };
  Kind kind = Kind::kDone;
  std::size_t bytes = 0;  // with kDone: at least 1
};

class Stream {
 public:
  virtual ~Stream() = default;

  // Fills the buffers in order with what has arrived.
  virtual IoResult read(std::span<const MutableBytes> into) = 0;
  // Sends from the slices, leaving out the first `skip` bytes of them. File slices go by sendfile.
  virtual IoResult write(std::span<const Slice> slices, std::uint64_t skip) = 0;

  // One shot; at most one of each kind is outstanding.
  virtual void when_readable(Task task) = 0;
  virtual void when_writable(Task task) = 0;

  virtual void close() = 0;
  virtual const Endpoint& local() const = 0;
  virtual const Endpoint& peer() const = 0;
};

// One I/O thread's loop as its connections see it.
struct Loop {
  std::size_t index = 0;  // 0, 1 ... of the network's loops
  Executor* executor = nullptr;
  BufferPool* pool = nullptr;
  Turn* turn = nullptr;
};

struct SocketOptions {
  int backlog = 4096;
  int send_buffer_bytes = -1;  // -1: the kernel decides
  int receive_buffer_bytes = -1;
};

class Acceptor {
 public:
  virtual ~Acceptor() = default;  // stops listening
  virtual const Endpoint& local() const = 0;
};

class Network {
 public:
  // Called on the stream's own loop.
  using OnAccept = std::function<void(std::unique_ptr<Stream>, const Loop&)>;
  virtual ~Network() = default;
  // Port 0 picks a free one: ask the acceptor. Errors: address in use, not ours, no permission.
  virtual Result<std::unique_ptr<Acceptor>> listen(const Endpoint& at, const SocketOptions& options, OnAccept on_accept) = 0;
};

}  // namespace barnabas::net
