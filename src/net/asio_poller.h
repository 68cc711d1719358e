#pragma once
// Which sockets of a loop are ready: one edge-triggered epoll of ours, which Asio watches as a descriptor.
//
// Asio re-arms every wait with a system call. Here a socket is added once and reported whenever something arrives; the
// loop is woken once for all that are ready, and they make one turn.
//
// Threads: the loop's.
#include <sys/epoll.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <cstdint>
#include <vector>

#include "net/turn.h"

namespace barnabas::net {

class AsioPoller {
 public:
  class Watcher {
   public:
    virtual ~Watcher() = default;
    virtual void ready(std::uint32_t events) = 0;  // EPOLLIN and so on; may end this watcher and others
  };
  using Ticket = std::uint64_t;

  AsioPoller(boost::asio::io_context& context, Turn& turn);

  // Reports what is ready now, and from then on what becomes so, until removed. 0: the kernel refused.
  Ticket add(int descriptor, Watcher& watcher);
  void remove(int descriptor, Ticket ticket);

 private:
  struct Place {
    Watcher* watcher = nullptr;
    std::uint32_t uses = 0;  // a report of an earlier use is not for this one
  };
  void wait();
  void report();

  boost::asio::posix::stream_descriptor epoll_;
  Turn& turn_;
  std::vector<Place> places_;
  std::vector<std::uint32_t> free_;
};

}  // namespace barnabas::net
