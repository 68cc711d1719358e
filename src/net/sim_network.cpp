#include "net/sim_network.h"

#include <algorithm>
#include <utility>

#include "base/disk.h"

namespace barnabas::net {
namespace {

class SimStream final : public Stream {
 public:
  SimStream(std::shared_ptr<SimPipe> pipe, Executor& executor, Endpoint local, Endpoint peer)
      : pipe_(std::move(pipe)), executor_(executor), local_(std::move(local)), peer_(std::move(peer)) {}

  IoResult read(std::span<const MutableBytes> into) override {
    Bytes& from = pipe_->to_server;
    if (from.empty()) return {pipe_->closed_by_client ? IoResult::Kind::kClosed : IoResult::Kind::kWouldBlock, 0};
    std::size_t left = std::min(from.size(), pipe_->chunk_bytes);
    std::size_t done = 0;
    for (const MutableBytes& buffer : into) {
      const std::size_t n = std::min(left, buffer.size());
      std::copy_n(from.begin() + static_cast<std::ptrdiff_t>(done), n, buffer.begin());
      done += n;
      left -= n;
    }
    from.erase(from.begin(), from.begin() + static_cast<std::ptrdiff_t>(done));
    return {IoResult::Kind::kDone, done};
  }

  IoResult write(std::span<const Slice> slices, std::uint64_t skip) override {
    if (pipe_->closed_by_client) return {IoResult::Kind::kClosed, 0};
    std::size_t room = pipe_->window_bytes - std::min(pipe_->window_bytes, pipe_->to_client.size());
    if (room == 0) return {IoResult::Kind::kWouldBlock, 0};
    std::size_t done = 0;
    for (const Slice& slice : slices) {
      const std::uint64_t skipped = std::min(skip, size(slice));
      skip -= skipped;
      const std::size_t n = std::min<std::uint64_t>(size(slice) - skipped, room);
      append(slice, skipped, n);
      done += n;
      room -= n;
    }
    return done > 0 ? IoResult{IoResult::Kind::kDone, done} : IoResult{IoResult::Kind::kWouldBlock, 0};
  }

  void when_readable(Task task) override {
    if (!pipe_->to_server.empty() || pipe_->closed_by_client) return executor_.post(std::move(task));
    pipe_->server_readable = std::move(task);
  }
  void when_writable(Task task) override {
    if (pipe_->to_client.size() < pipe_->window_bytes) return executor_.post(std::move(task));
    pipe_->server_writable = std::move(task);
  }
  void close() override {
    pipe_->closed_by_server = true;
    pipe_->server_readable = {};
    pipe_->server_writable = {};
  }
  const Endpoint& local() const override { return local_; }
  const Endpoint& peer() const override { return peer_; }

 private:
  void append(const Slice& slice, std::uint64_t from, std::size_t n) {
    Bytes& to = pipe_->to_client;
    if (const auto* memory = std::get_if<MemorySlice>(&slice)) {
      const ByteView part = memory->bytes.subspan(from, n);
      to.insert(to.end(), part.begin(), part.end());
      return;
    }
    const auto& file = std::get<FileSlice>(slice);
    const std::size_t before = to.size();
    to.resize(before + n);
    const auto read = file.file->read_at(file.position + from, MutableBytes(to).subspan(before));
    to.resize(before + read.value_or(0));
  }

  std::shared_ptr<SimPipe> pipe_;
  Executor& executor_;
  const Endpoint local_, peer_;
};

}  // namespace

class SimNetwork::SimAcceptor final : public Acceptor {
 public:
  SimAcceptor(SimNetwork& network, Endpoint local) : network_(network), local_(std::move(local)) {}
  ~SimAcceptor() override { network_.listeners_.erase(local_.port); }
  const Endpoint& local() const override { return local_; }

 private:
  SimNetwork& network_;
  const Endpoint local_;
};

Result<std::unique_ptr<Acceptor>> SimNetwork::listen(const Endpoint& at, const SocketOptions&, OnAccept on_accept) {
  const std::uint16_t port = at.port == 0 ? next_port_++ : at.port;
  if (!listeners_.emplace(port, std::move(on_accept)).second) return fail(Errc::kIo, "address in use");
  return std::make_unique<SimAcceptor>(*this, Endpoint{at.host, port});
}

std::unique_ptr<SimClient> SimNetwork::connect(std::uint16_t port, std::string from) {
  const auto listener = listeners_.find(port);
  if (listener == listeners_.end()) return nullptr;
  auto pipe = std::make_shared<SimPipe>();
  Executor& executor = *loop_.executor;
  auto stream = std::make_unique<SimStream>(pipe, executor, Endpoint{"10.0.0.100", port}, Endpoint{std::move(from), next_port_++});
  executor.post([this, port, stream = std::move(stream)]() mutable {
    const auto still = listeners_.find(port);
    if (still != listeners_.end()) still->second(std::move(stream), loop_);
  });
  return std::make_unique<SimClient>(std::move(pipe), executor);
}

void SimClient::wake(Task& task) {
  if (task) executor_.post(std::exchange(task, {}));
}

void SimClient::send(ByteView bytes) {
  pipe_->to_server.insert(pipe_->to_server.end(), bytes.begin(), bytes.end());
  wake(pipe_->server_readable);
}

Bytes SimClient::take() {
  Bytes taken = std::exchange(pipe_->to_client, {});
  wake(pipe_->server_writable);
  return taken;
}

void SimClient::close() {
  pipe_->closed_by_client = true;
  wake(pipe_->server_readable);
}

}  // namespace barnabas::net
