#include "console/http_server.h"

#include <array>
#include <utility>

namespace barnabas::console {

// Bytes on their way to a client, counted until they are gone.
class HttpServer::Answer {
 public:
  Answer(std::shared_ptr<std::atomic<std::size_t>> unread_bytes, std::string bytes)
      : unread_bytes_(std::move(unread_bytes)), bytes_(std::move(bytes)) {
    *unread_bytes_ += bytes_.size();
  }
  ~Answer() { *unread_bytes_ -= bytes_.size(); }
  Answer(const Answer&) = delete;
  Answer& operator=(const Answer&) = delete;

  ByteView bytes() const { return as_bytes(bytes_); }

 private:
  const std::shared_ptr<std::atomic<std::size_t>> unread_bytes_;  // outlives the server: a loop's queue may hold an answer
  const std::string bytes_;
};

// Everything on its loop.
class HttpServer::Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(HttpServer& server, std::unique_ptr<net::Stream> stream, const net::Loop& loop)
      : server_(server), stream_(std::move(stream)), loop_(*loop.executor), since_(server.clock_.mono()) {}

  Executor& loop() const { return loop_; }

  void read() {
    stream_->when_readable([weak = weak_from_this()] {
      if (const auto self = weak.lock()) self->on_readable();
    });
  }

  void check_deadline() {
    if (closed_ || answering_) return;  // the executor has it, which is ours
    const bool idle = received_.empty() && answer_ == nullptr;
    const MonoDuration most = idle ? server_.limits_.idle_max : server_.limits_.request_max;
    if (server_.clock_.mono() - since_ > most) close();
  }

  void close() {
    if (std::exchange(closed_, true)) return;
    stream_->close();
    answer_ = nullptr;
    server_.forget(this);
  }

 private:
  void on_readable() {
    std::array<std::byte, 4096> room;
    const MutableBytes into(room);
    const net::IoResult result = stream_->read({&into, 1});
    if (result.kind == net::IoResult::Kind::kClosed) return close();
    if (result.kind == net::IoResult::Kind::kDone) {
      if (received_.empty()) since_ = server_.clock_.mono();
      received_.insert(received_.end(), room.begin(), room.begin() + static_cast<std::ptrdiff_t>(result.bytes));
    }
    next_request();
  }

  void next_request() {
    auto taken = take_request(received_);
    if (!taken) {
      keep_alive_ = false;
      const HttpResponse refusal{.status = 400, .body = taken.error().message + "\n"};
      return send(std::make_unique<Answer>(server_.unread_bytes_, encode(refusal, {.keep_alive = false})));
    }
    if (!*taken) return read();
    keep_alive_ = (*taken)->keep_alive;
    answering_ = true;
    server_.executor_.post([self = shared_from_this(), request = std::move(**taken)] {
      self->loop_.post([weak = self->weak_from_this(), answer = self->server_.answer(request)]() mutable {
        if (const auto still = weak.lock()) still->answered(std::move(answer));
      });
    });
  }

  void answered(std::unique_ptr<Answer> answer) {
    answering_ = false;
    if (!closed_) send(std::move(answer));
  }

  void send(std::unique_ptr<Answer> answer) {
    answer_ = std::move(answer);
    sent_ = 0;
    since_ = server_.clock_.mono();
    write();
  }

  void write() {
    if (closed_) return;
    while (sent_ < answer_->bytes().size()) {
      const Slice slice = MemorySlice{nullptr, answer_->bytes()};
      const net::IoResult result = stream_->write({&slice, 1}, sent_);
      if (result.kind == net::IoResult::Kind::kClosed) return close();
      if (result.kind == net::IoResult::Kind::kWouldBlock) {
        stream_->when_writable([weak = weak_from_this()] {
          if (const auto self = weak.lock()) self->write();
        });
        return;
      }
      sent_ += result.bytes;
    }
    answer_ = nullptr;
    since_ = server_.clock_.mono();
    if (!keep_alive_) return close();
    received_.empty() ? read() : next_request();
  }

  HttpServer& server_;
  const std::unique_ptr<net::Stream> stream_;
  Executor& loop_;
  MonoTime since_;  // the request began, the answer was made, or the last one was sent
  Bytes received_;
  std::unique_ptr<Answer> answer_;
  std::uint64_t sent_ = 0;
  bool answering_ = false;
  bool keep_alive_ = true;
  bool closed_ = false;
};

HttpServer::HttpServer(net::Network& network, Executor& executor, const Clock& clock, HttpHandler handler, HttpLimits limits)
    : network_(network), executor_(executor), clock_(clock), handler_(std::move(handler)), limits_(limits) {}

HttpServer::~HttpServer() = default;

Result<net::Endpoint> HttpServer::listen(const net::Endpoint& at) {
  TRY_ASSIGN(auto acceptor, network_.listen(at, {}, [this](std::unique_ptr<net::Stream> stream, const net::Loop& loop) {
    accept(std::move(stream), loop);
  }));
  const std::lock_guard lock(mutex_);
  acceptor_ = std::move(acceptor);
  return acceptor_->local();
}

void HttpServer::stop_listening() {
  std::unique_ptr<net::Acceptor> closing;
  const std::lock_guard lock(mutex_);
  closing.swap(acceptor_);
}

void HttpServer::accept(std::unique_ptr<net::Stream> stream, const net::Loop& loop) {
  std::shared_ptr<Connection> connection;
  {
    const std::lock_guard lock(mutex_);
    if (connections_.size() < limits_.connections_max) {
      connection = std::make_shared<Connection>(*this, std::move(stream), loop);
      connections_.emplace(connection.get(), connection);
    }
  }
  if (connection != nullptr) return connection->read();
  stream->close();
  if (const auto left_out = refused_.pass(clock_.mono()); left_out >= 0) log::warn("http connection refused", {{"left_out", left_out}});
}

std::unique_ptr<HttpServer::Answer> HttpServer::answer(const HttpRequest& request) {
  const bool full = *unread_bytes_ >= limits_.unread_max_bytes;
  const HttpResponse response = full ? HttpResponse{.status = 503, .body = "too many answers wait to be read\n"} : handler_(request);
  return std::make_unique<Answer>(unread_bytes_, encode(response, request));
}

void HttpServer::forget(const Connection* connection) {
  std::shared_ptr<Connection> last;  // destroyed outside the lock
  const std::lock_guard lock(mutex_);
  const auto found = connections_.find(connection);
  if (found == connections_.end()) return;
  last = std::move(found->second);
  connections_.erase(found);
}

std::vector<std::shared_ptr<HttpServer::Connection>> HttpServer::connections() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::shared_ptr<Connection>> all;
  all.reserve(connections_.size());
  for (const auto& [key, connection] : connections_) all.push_back(connection);
  return all;
}

void HttpServer::sweep() {
  for (const auto& connection : connections()) {
    connection->loop().post([weak = std::weak_ptr(connection)] {
      if (const auto still = weak.lock()) still->check_deadline();
    });
  }
}

void HttpServer::close_all() {
  for (const auto& connection : connections()) {
    connection->loop().post([weak = std::weak_ptr(connection)] {
      if (const auto still = weak.lock()) still->close();
    });
  }
}

std::size_t HttpServer::connection_count() const {
  const std::lock_guard lock(mutex_);
  return connections_.size();
}

}  // namespace barnabas::console
