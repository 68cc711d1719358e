#pragma once
// The kernel's sockets behind dial.h: connect, send, recv and poll with deadlines. One thread.
#include "net/dial.h"

namespace barnabas::net {

class PosixDialer final : public Dialer {
 public:
  explicit PosixDialer(const Clock& clock) : clock_(clock) {}
  Result<std::unique_ptr<BlockingStream>> dial(const Endpoint& to, MonoTime deadline) override;
  void pause(MonoDuration duration) override;

 private:
  const Clock& clock_;
};

}  // namespace barnabas::net
