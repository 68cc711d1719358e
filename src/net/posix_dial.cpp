#include "net/posix_dial.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace barnabas::net {
namespace {

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const { return fd_; }

 private:
  int fd_;
};

// Rounded up, so that a wait never ends before its deadline just to begin again.
int milliseconds_until(MonoTime deadline, MonoTime now) {
  return static_cast<int>(std::clamp<std::int64_t>(((deadline - now).count() + 999'999) / 1'000'000, 0, INT32_MAX));
}

Result<> wait_for(const Descriptor& socket, short events, const Clock& clock, MonoTime deadline) {
  for (;;) {
    pollfd wanted{socket.get(), events, 0};
    const int ready = ::poll(&wanted, 1, milliseconds_until(deadline, clock.mono()));
    if (ready > 0) return {};
    if (ready == 0) return fail(Errc::kTimeout, "no answer in time");
    if (errno != EINTR) return fail_errno(errno, "poll");
  }
}

class PosixStream final : public BlockingStream {
 public:
  PosixStream(Descriptor socket, const Clock& clock) : socket_(std::move(socket)), clock_(clock) {}

  Result<> write(ByteView bytes, MonoTime deadline) override {
    while (!bytes.empty()) {
      const ssize_t n = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n > 0) {
        bytes = bytes.subspan(static_cast<std::size_t>(n));
      } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
        TRY(wait_for(socket_, POLLOUT, clock_, deadline));
      } else if (errno != EINTR) {
        return errno == EPIPE || errno == ECONNRESET ? closed() : fail_errno(errno, "send");
      }
    }
    return {};
  }

  Result<std::size_t> read(MutableBytes into, MonoTime deadline) override {
    for (;;) {
      const ssize_t n = ::recv(socket_.get(), into.data(), into.size(), 0);
      if (n > 0) return static_cast<std::size_t>(n);
      if (n == 0 || errno == ECONNRESET) return closed();
      if (errno == EAGAIN || errno == EWOULDBLOCK) {
        TRY(wait_for(socket_, POLLIN, clock_, deadline));
      } else if (errno != EINTR) {
        return fail_errno(errno, "recv");
      }
    }
  }

 private:
  static std::unexpected<Error> closed() { return fail(Errc::kClosed, "the other side closed the connection"); }

  Descriptor socket_;
  const Clock& clock_;
};

Result<Descriptor> connect_to(const addrinfo& address, const Clock& clock, MonoTime deadline) {
  Descriptor socket(::socket(address.ai_family, address.ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, address.ai_protocol));
  if (socket.get() < 0) return fail_errno(errno, "socket");
  const int on = 1;
  ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (::connect(socket.get(), address.ai_addr, address.ai_addrlen) == 0) return socket;
  if (errno != EINPROGRESS && errno != EINTR) return fail_errno(errno, "connect");
  TRY(wait_for(socket, POLLOUT, clock, deadline));
  int error = 0;
  socklen_t size = sizeof error;
  ::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0) return fail_errno(error, "connect");
  return socket;
}

}  // namespace

Result<std::unique_ptr<BlockingStream>> PosixDialer::dial(const Endpoint& to, MonoTime deadline) {
  addrinfo wanted{};
  wanted.ai_socktype = SOCK_STREAM;
  wanted.ai_flags = AI_NUMERICSERV;
  addrinfo* found = nullptr;
  if (const int error = ::getaddrinfo(to.host.c_str(), std::to_string(to.port).c_str(), &wanted, &found); error != 0) {
    return fail(Errc::kNotFound, std::string("no address for that host: ") + ::gai_strerror(error));
  }
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> addresses(found, &::freeaddrinfo);
  Error last{Errc::kNotFound, "no address for that host"};
  for (const addrinfo* at = found; at != nullptr; at = at->ai_next) {
    auto socket = connect_to(*at, clock_, deadline);
    if (socket) return std::make_unique<PosixStream>(*std::move(socket), clock_);
    last = std::move(socket).error();
  }
  return std::unexpected(std::move(last));
}

void PosixDialer::pause(MonoDuration duration) {
  const MonoTime until = clock_.mono() + duration;
  for (MonoTime now = clock_.mono(); now < until; now = clock_.mono()) ::poll(nullptr, 0, milliseconds_until(until, now));
}

}  // namespace barnabas::net
