#include "net/asio_network.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <utility>

#include "base/disk.h"
#include "base/log.h"

namespace barnabas::net {
namespace {

using boost::asio::ip::tcp;

constexpr std::size_t kVectorMax = 64;
constexpr auto kAcceptRetry = std::chrono::milliseconds(100);

Endpoint to_endpoint(const tcp::endpoint& from) {
  // An IPv4 client of a dual-stack socket shows as ::ffff:a.b.c.d; people and ACLs mean a.b.c.d.
  const auto address = from.address();
  if (address.is_v6() && address.to_v6().is_v4_mapped()) {
    return {boost::asio::ip::make_address_v4(boost::asio::ip::v4_mapped, address.to_v6()).to_string(), from.port()};
  }
  return {address.to_string(), from.port()};
}

IoResult outcome(ssize_t n) {
  if (n > 0) return {IoResult::Kind::kDone, static_cast<std::size_t>(n)};
  if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) return {IoResult::Kind::kWouldBlock, 0};
  return {IoResult::Kind::kClosed, 0};
}

// A connected socket. Its readiness is remembered, so that the kernel is asked only when something may have changed: it is
// readable from a report until a read that finds less than it has room for, unless the peer has ended its side.
class AsioStream final : public Stream, private AsioPoller::Watcher {
 public:
  // `descriptor` is connected and does not block; from here on it is ours.
  AsioStream(AsioLoop& loop, int descriptor, Endpoint local, Endpoint peer)
      : loop_(loop),
        descriptor_(descriptor),
        local_(std::move(local)),
        peer_(std::move(peer)),
        ticket_(loop.poller().add(descriptor, *this)) {
    readable_ = ticket_ == 0;  // nothing will ever be reported: the first read ends it
  }
  ~AsioStream() override { close(); }

  IoResult read(std::span<const MutableBytes> into) override {
    if (ticket_ == 0) return {IoResult::Kind::kClosed, 0};
    std::size_t room = 0;
    for (const MutableBytes bytes : into) room += bytes.size();
    const IoResult result = receive(into);
    if (result.kind != IoResult::Kind::kDone || result.bytes < room) readable_ = hung_up_;
    return result;
  }

  IoResult write(std::span<const Slice> slices, std::uint64_t skip) override {
    std::size_t at = 0;
    while (at < slices.size() && skip >= size(slices[at])) skip -= size(slices[at++]);
    std::uint64_t total = 0;
    while (at < slices.size()) {
      IoResult result;
      std::uint64_t wanted = 0;
      if (const auto* file = std::get_if<FileSlice>(&slices[at])) {
        wanted = file->length - skip;
        result = send_file(*file, skip);
        ++at;
      } else {
        std::array<iovec, kVectorMax> vectors;
        std::size_t count = 0;
        for (; at < slices.size() && count < kVectorMax; ++at) {
          const auto* memory = std::get_if<MemorySlice>(&slices[at]);
          if (memory == nullptr) break;
          const ByteView bytes = memory->bytes.subspan(skip);
          skip = 0;
          if (bytes.empty()) continue;
          vectors[count++] = {const_cast<std::byte*>(bytes.data()), bytes.size()};
          wanted += bytes.size();
        }
        if (count == 0) continue;
        // With more to come the kernel may fill its segments instead of sending a short one.
        result = send_memory(std::span(vectors).first(count), MSG_NOSIGNAL | (at < slices.size() ? MSG_MORE : 0));
      }
      skip = 0;
      if (result.kind != IoResult::Kind::kDone) {
        if (total == 0 || result.kind == IoResult::Kind::kClosed) return result;
        break;
      }
      total += result.bytes;
      if (result.bytes < wanted) break;
    }
    return {IoResult::Kind::kDone, total};
  }

  void when_readable(Task task) override {
    on_readable_ = std::move(task);
    if (readable_) report_again();
  }
  // Asked after a write that would have blocked: the kernel reports when there is room.
  void when_writable(Task task) override { on_writable_ = std::move(task); }

  void close() override {
    if (descriptor_ < 0) return;
    if (ticket_ != 0) loop_.poller().remove(descriptor_, ticket_);
    ::close(std::exchange(descriptor_, -1));
    on_readable_ = nullptr;
    on_writable_ = nullptr;
  }
  const Endpoint& local() const override { return local_; }
  const Endpoint& peer() const override { return peer_; }

 private:
  void ready(std::uint32_t events) override {
    const bool ended = (events & (EPOLLHUP | EPOLLERR)) != 0;
    hung_up_ = hung_up_ || ended || (events & EPOLLRDHUP) != 0;
    readable_ = readable_ || hung_up_ || (events & EPOLLIN) != 0;
    // Either may end this stream.
    Task reader = readable_ ? std::exchange(on_readable_, nullptr) : nullptr;
    Task writer = ended || (events & EPOLLOUT) != 0 ? std::exchange(on_writable_, nullptr) : nullptr;
    if (reader) reader();
    if (writer) writer();
  }

  void report_again() {
    loop_.post([this, alive = std::weak_ptr(alive_)] {
      if (!alive.expired() && descriptor_ >= 0 && readable_) ready(0);
    });
  }

  IoResult receive(std::span<const MutableBytes> into) {
    if (into.size() == 1) return outcome(::recv(descriptor_, into[0].data(), into[0].size(), 0));  // dearer as readv
    std::array<iovec, 2> vectors;
    const std::size_t count = std::min(into.size(), vectors.size());
    for (std::size_t i = 0; i < count; ++i) vectors[i] = {into[i].data(), into[i].size()};
    return outcome(::readv(descriptor_, vectors.data(), static_cast<int>(count)));
  }

  IoResult send_memory(std::span<iovec> vectors, int flags) {
    if (vectors.size() == 1) return outcome(::send(descriptor_, vectors[0].iov_base, vectors[0].iov_len, flags));
    msghdr message{};
    message.msg_iov = vectors.data();
    message.msg_iovlen = vectors.size();
    return outcome(::sendmsg(descriptor_, &message, flags));
  }

  IoResult send_file(const FileSlice& slice, std::uint64_t skip) {
    off_t position = static_cast<off_t>(slice.position + skip);
    const ssize_t n = ::sendfile(descriptor_, slice.file->descriptor(), &position, slice.length - skip);
    // 0: the file is shorter than promised. The reply's length is out already, so the connection cannot go on.
    return outcome(n);
  }

  AsioLoop& loop_;
  int descriptor_;
  const Endpoint local_;
  const Endpoint peer_;
  const AsioPoller::Ticket ticket_;
  bool readable_ = false;  // there may be bytes
  bool hung_up_ = false;   // no more will be reported
  Task on_readable_;
  Task on_writable_;
  const std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

// Where to listen: everywhere without a host, and of a name's addresses the first of IPv4, as Java chooses. Waits for the
// resolver, at the start only.
Result<boost::asio::ip::address> resolve(const std::string& host, const tcp::acceptor::executor_type& executor) {
  boost::system::error_code error;
  if (host.empty()) return boost::asio::ip::address_v6::any();
  if (auto address = boost::asio::ip::make_address(host, error); !error) return address;
  const auto found = tcp::resolver(executor).resolve(host, "", tcp::resolver::passive, error);
  if (error || found.empty()) return fail(Errc::kInvalidArgument, "listener host " + host + ": " + error.message());
  for (const auto& one : found) {
    if (one.endpoint().address().is_v4()) return one.endpoint().address();
  }
  return found.begin()->endpoint().address();
}

class AsioAcceptor final : public Acceptor {
 public:
  AsioAcceptor(std::vector<AsioLoop*> loops, Network::OnAccept on_accept)
      : state_(std::make_shared<State>(std::move(loops), std::move(on_accept))) {}

  ~AsioAcceptor() override {
    boost::asio::post(state_->loops.front()->context(), [state = state_] {
      boost::system::error_code ignored;
      state->acceptor.close(ignored);
    });
  }

  Result<> open(const Endpoint& at, const SocketOptions& options) {
    boost::system::error_code error;
    auto& acceptor = state_->acceptor;
    TRY_ASSIGN(const auto address, resolve(at.host, acceptor.get_executor()));
    tcp::endpoint endpoint(address, at.port);
    acceptor.open(endpoint.protocol(), error);
    if (error && at.host.empty()) {  // a machine without IPv6
      endpoint = tcp::endpoint(tcp::v4(), at.port);
      acceptor.open(endpoint.protocol(), error);
    }
    if (error) return fail(Errc::kIo, "open a socket: " + error.message());
    if (endpoint.protocol() == tcp::v6()) acceptor.set_option(boost::asio::ip::v6_only(!at.host.empty()), error);
    acceptor.set_option(tcp::acceptor::reuse_address(true), error);
    // Accepted sockets inherit these, and the receive window is settled in the handshake.
    if (options.send_buffer_bytes > 0) acceptor.set_option(boost::asio::socket_base::send_buffer_size(options.send_buffer_bytes), error);
    if (options.receive_buffer_bytes > 0) {
      acceptor.set_option(boost::asio::socket_base::receive_buffer_size(options.receive_buffer_bytes), error);
    }
    acceptor.bind(endpoint, error);
    if (!error) acceptor.listen(options.backlog, error);
    if (error) return fail(Errc::kIo, "listen on " + to_string(at) + ": " + error.message());
    state_->local = to_endpoint(acceptor.local_endpoint(error));
    accept_next(state_);
    return {};
  }

  const Endpoint& local() const override { return state_->local; }

 private:
  struct State {
    State(std::vector<AsioLoop*> all, Network::OnAccept callback)
        : loops(std::move(all)), on_accept(std::move(callback)), acceptor(loops.front()->context()), retry(loops.front()->context()) {}
    std::vector<AsioLoop*> loops;
    Network::OnAccept on_accept;
    tcp::acceptor acceptor;
    boost::asio::steady_timer retry;
    Endpoint local;
    std::size_t next = 0;
  };

  static void accept_next(const std::shared_ptr<State>& state) {
    AsioLoop& loop = *state->loops[state->next++ % state->loops.size()];
    state->acceptor.async_accept(loop.context(), [state, &loop](boost::system::error_code error, tcp::socket socket) {
      if (error == boost::asio::error::operation_aborted || !state->acceptor.is_open()) return;
      if (error) return back_off(state, error);
      hand_over(state, loop, std::move(socket));
      accept_next(state);
    });
  }

  // Out of descriptors, most likely: existing connections go on, new ones wait in the backlog. Spinning would not help.
  static void back_off(const std::shared_ptr<State>& state, boost::system::error_code error) {
    log::warn("accept failed", {{"listener", to_string(state->local)}, {"error", error.message()}});
    state->retry.expires_after(kAcceptRetry);
    state->retry.async_wait([state](boost::system::error_code cancelled) {
      if (!cancelled && state->acceptor.is_open()) accept_next(state);
    });
  }

  static void hand_over(const std::shared_ptr<State>& state, AsioLoop& loop, tcp::socket socket) {
    boost::system::error_code error;
    socket.non_blocking(true, error);
    socket.set_option(tcp::no_delay(true), error);
    socket.set_option(boost::asio::socket_base::keep_alive(true), error);
    const Endpoint local = to_endpoint(socket.local_endpoint(error));
    const Endpoint peer = to_endpoint(socket.remote_endpoint(error));
    if (error) return;  // gone already
    const int descriptor = socket.release(error);
    if (error) return;
    const auto begin = [state, &loop, descriptor, local, peer] {
      state->on_accept(std::make_unique<AsioStream>(loop, descriptor, local, peer), loop.loop());
    };
    if (loop.is_current()) return begin();
    loop.post(begin);
  }

  std::shared_ptr<State> state_;
};

}  // namespace

Result<std::unique_ptr<Acceptor>> AsioNetwork::listen(const Endpoint& at, const SocketOptions& options, OnAccept on_accept) {
  auto acceptor = std::make_unique<AsioAcceptor>(loops_, std::move(on_accept));
  TRY(acceptor->open(at, options));
  return acceptor;
}

}  // namespace barnabas::net
