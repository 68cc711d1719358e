#pragma once
// Connections that we open and wait for: the side of a client, for the command line. posix_dial.h talks to the kernel; a
// test keeps the other end in memory. Brokers never use it: their sockets are stream.h, which never waits.
//
// One thread. Every wait ends at its deadline.
#include <memory>

#include "base/clock.h"
#include "net/stream.h"

namespace barnabas::net {

class BlockingStream {
 public:
  virtual ~BlockingStream() = default;  // closes
  // All of it. kTimeout; kClosed: the other side is gone; kIo.
  virtual Result<> write(ByteView bytes, MonoTime deadline) = 0;
  // What has arrived, at least one byte; the same errors.
  virtual Result<std::size_t> read(MutableBytes into, MonoTime deadline) = 0;
};

class Dialer {
 public:
  virtual ~Dialer() = default;
  // The host may be a name; its addresses are tried in order. kNotFound: no such host; kTimeout; kIo: refused, no route.
  virtual Result<std::unique_ptr<BlockingStream>> dial(const Endpoint& to, MonoTime deadline) = 0;
  // Between two attempts.
  virtual void pause(MonoDuration duration) = 0;
};

}  // namespace barnabas::net
