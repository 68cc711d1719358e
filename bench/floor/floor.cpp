// The floor that a broker's processor time is measured against: a process that does for a produce request only what no
// broker can leave out. It receives, checks the CRC-32C of each batch, writes its offset into it, appends it to its
// partition's file in the page cache, and answers. One thread, one epoll, no validation, no durability, no reads.
//
//   floor DIRECTORY       prints "ready PORT"
//
// It tells clients that every topic is there, with 100 partitions that it leads, in versions without tagged fields. A
// client that asks for anything else is cut off.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <map>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "model/crc32c.h"

namespace {

constexpr std::size_t kFrameMax = 64 << 20;
constexpr std::size_t kReceive = 256 << 10;

enum Api : std::int16_t { kProduce = 0, kMetadata = 3, kApiVersions = 18, kInitProducerId = 22 };
struct Served {
  std::int16_t key, lowest, highest;
};
constexpr Served kServed[] = {{kProduce, 3, 7}, {kMetadata, 1, 1}, {kApiVersions, 0, 0}, {kInitProducerId, 0, 1}};

template <class T>
T load(const char* at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  return std::byteswap(value);
}

template <class T>
void store(char* at, T value) {
  value = std::byteswap(value);
  std::memcpy(at, &value, sizeof value);
}

class Reader {
 public:
  explicit Reader(std::span<char> frame) : rest_(frame) {}
  std::span<char> take(std::size_t size) {
    if (size > rest_.size()) throw std::runtime_error("a field reaches out of its frame");
    const auto taken = rest_.first(size);
    rest_ = rest_.subspan(size);
    return taken;
  }
  template <class T>
  T number() {
    return load<T>(take(sizeof(T)).data());
  }
  std::string_view string() {
    const auto size = number<std::int16_t>();
    const auto bytes = take(size < 0 ? 0 : static_cast<std::size_t>(size));
    return {bytes.data(), bytes.size()};
  }

 private:
  std::span<char> rest_;
};

class Writer {
 public:
  // Answers follow each other in one buffer; each begins with its length, which is known at its end.
  void begin(std::int32_t correlation) {
    begun_ = out_.size();
    number<std::int32_t>(0);
    number(correlation);
  }
  void end() { store<std::int32_t>(out_.data() + begun_, static_cast<std::int32_t>(out_.size() - begun_ - 4)); }
  template <class T>
  void number(T value) {
    out_.resize(out_.size() + sizeof value);
    store(out_.data() + out_.size() - sizeof value, value);
  }
  void string(std::string_view text) {
    number(static_cast<std::int16_t>(text.size()));
    out_.append(text);
  }
  std::string& bytes() { return out_; }

 private:
  std::string out_;
  std::size_t begun_ = 0;
};

constexpr std::int32_t kPartitions = 100;

struct Partition {
  int file = -1;
  std::int64_t end_offset = 0;
  off_t size = 0;
};

class Floor {
 public:
  Floor(std::uint16_t port, std::string directory) : port_(port), directory_(std::move(directory)) {}

  // Appends every answer to `out`; a malformed request is an exception and the end of its connection.
  void answer(std::span<char> frame, Writer& out) {
    Reader in(frame);
    const auto api = in.number<std::int16_t>();
    const auto version = in.number<std::int16_t>();
    const auto correlation = in.number<std::int32_t>();
    in.string();  // client id
    out.begin(correlation);
    switch (api) {
      case kProduce: produce(in, version, out); break;
      case kMetadata: metadata(in, out); break;
      case kApiVersions: api_versions(version, out); break;
      case kInitProducerId:
        out.number<std::int32_t>(0);
        out.number<std::int16_t>(0);
        out.number(++last_producer_);
        out.number<std::int16_t>(0);
        break;
      default: throw std::runtime_error("an API that the floor does not have");
    }
    out.end();
  }

 private:
  void produce(Reader& in, std::int16_t version, Writer& out) {
    in.string();                // transactional id
    in.number<std::int16_t>();  // acks: answered in any case
    in.number<std::int32_t>();  // timeout
    const auto topics = in.number<std::int32_t>();
    out.number(topics);
    for (int t = 0; t < topics; ++t) {
      const std::string_view topic = in.string();
      std::vector<Partition>& partitions = partitions_of(topic);
      out.string(topic);
      const auto count = in.number<std::int32_t>();
      out.number(count);
      for (int p = 0; p < count; ++p) {
        const auto index = in.number<std::int32_t>();
        const auto size = in.number<std::int32_t>();
        if (size < 61) throw std::runtime_error("not a record batch");
        const std::int64_t base = append(partitions.at(static_cast<std::size_t>(index)), in.take(static_cast<std::size_t>(size)));
        out.number(index);
        out.number<std::int16_t>(base < 0 ? 2 : 0);  // CORRUPT_MESSAGE
        out.number(base);
        out.number<std::int64_t>(-1);
        if (version >= 5) out.number<std::int64_t>(0);
      }
    }
    out.number<std::int32_t>(0);
  }

  std::vector<Partition>& partitions_of(std::string_view topic) {
    if (const auto found = topics_.find(topic); found != topics_.end()) return found->second;
    std::vector<Partition> made(kPartitions);
    for (std::size_t i = 0; i < made.size(); ++i) {
      const std::string path = directory_ + "/" + std::string(topic) + "-" + std::to_string(i);
      made[i].file = open(path.c_str(), O_CREAT | O_RDWR | O_TRUNC | O_CLOEXEC, 0644);
      if (made[i].file < 0) throw std::runtime_error("cannot create " + path);
    }
    return topics_.emplace(topic, std::move(made)).first->second;
  }

  static std::int64_t append(Partition& partition, std::span<char> batch) {
    const auto checked = std::as_bytes(batch.subspan(21));
    if (barnabas::crc32c(checked) != load<std::uint32_t>(batch.data() + 17)) return -1;
    const std::int64_t base = partition.end_offset;
    store(batch.data(), base);
    if (pwrite(partition.file, batch.data(), batch.size(), partition.size) != static_cast<ssize_t>(batch.size())) return -1;
    partition.size += static_cast<off_t>(batch.size());
    partition.end_offset += load<std::int32_t>(batch.data() + 23) + 1;
    return base;
  }

  void metadata(Reader& in, Writer& out) const {
    out.number<std::int32_t>(1);
    out.number<std::int32_t>(1);
    out.string("127.0.0.1");
    out.number<std::int32_t>(port_);
    out.number<std::int16_t>(-1);  // rack
    out.number<std::int32_t>(1);   // controller
    const auto asked = std::max(in.number<std::int32_t>(), 0);
    out.number(asked);
    for (int t = 0; t < asked; ++t) {
      out.number<std::int16_t>(0);
      out.string(in.string());
      out.number<std::int8_t>(0);  // not internal
      out.number(kPartitions);
      for (std::int32_t i = 0; i < kPartitions; ++i) {
        out.number<std::int16_t>(0);
        out.number(i);
        for (const std::int32_t value : {1, 1, 1, 1, 1}) out.number(value);  // leader, one replica, one in sync
      }
    }
  }

  static void api_versions(std::int16_t version, Writer& out) {
    out.number<std::int16_t>(version > 0 ? 35 : 0);  // UNSUPPORTED_VERSION: asked again with version 0
    out.number(static_cast<std::int32_t>(std::size(kServed)));
    for (const Served& api : kServed) {
      out.number<std::int16_t>(api.key);
      out.number<std::int16_t>(api.lowest);
      out.number<std::int16_t>(api.highest);
    }
  }

  std::uint16_t port_;
  std::string directory_;
  std::map<std::string, std::vector<Partition>, std::less<>> topics_;
  std::int64_t last_producer_ = 0;
};

struct Connection {
  explicit Connection(int socket) : fd(socket) {}
  ~Connection() { close(fd); }
  int fd;
  std::vector<char> in = std::vector<char>(kReceive);
  std::size_t have = 0;
  Writer out;

  // Receives what is there, answers every whole request in it. False: the connection is over.
  bool serve(Floor& floor) {
    const ssize_t got = recv(fd, in.data() + have, in.size() - have, 0);
    if (got <= 0) return got < 0 && (errno == EAGAIN || errno == EINTR);
    have += static_cast<std::size_t>(got);
    std::size_t used = 0;
    while (have - used >= 4) {
      const std::size_t need = 4 + load<std::uint32_t>(in.data() + used);
      if (need > kFrameMax) return false;
      if (have - used < need) {
        if (need > in.size()) in.resize(need);
        break;
      }
      floor.answer(std::span(in).subspan(used + 4, need - 4), out);
      used += need;
    }
    if (used > 0) {
      std::memmove(in.data(), in.data() + used, have - used);
      have -= used;
    }
    std::string& bytes = out.bytes();
    if (bytes.empty()) return true;
    const bool sent = send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(bytes.size());
    bytes.clear();
    return sent;
  }
};

struct Listener {
  int fd;
  std::uint16_t port;
};

Listener listen_on_loopback() {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const any = reinterpret_cast<sockaddr*>(&address);
  if (bind(fd, any, size) != 0 || listen(fd, 128) != 0 || getsockname(fd, any, &size) != 0) throw std::runtime_error("cannot listen");
  return {fd, ntohs(address.sin_port)};
}

[[noreturn]] void run(int listener, Floor& floor) {
  const int poll = epoll_create1(EPOLL_CLOEXEC);
  const auto watch = [&](int fd) {
    epoll_event event{.events = EPOLLIN, .data = {.fd = fd}};
    epoll_ctl(poll, EPOLL_CTL_ADD, fd, &event);
  };
  watch(listener);
  std::map<int, std::unique_ptr<Connection>> connections;
  for (;;) {
    epoll_event events[64];
    const int count = epoll_wait(poll, events, 64, -1);
    for (int i = 0; i < count; ++i) {
      const int fd = events[i].data.fd;
      if (fd == listener) {
        const int accepted = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
        if (accepted < 0) continue;
        const int on = 1;
        setsockopt(accepted, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        connections.emplace(accepted, std::make_unique<Connection>(accepted));
        watch(accepted);
        continue;
      }
      const auto found = connections.find(fd);
      bool stays = false;
      try {
        stays = found->second->serve(floor);
      } catch (const std::exception& error) { std::fprintf(stderr, "floor: %s\n", error.what()); }
      if (!stays) connections.erase(found);
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: floor DIRECTORY\n");
    return 2;
  }
  try {
    const Listener listener = listen_on_loopback();
    Floor floor(listener.port, argv[1]);
    std::printf("ready %d\n", listener.port);
    std::fflush(stdout);
    run(listener.fd, floor);
  } catch (const std::exception& error) { std::fprintf(stderr, "floor: %s\n", error.what()); }
  return 1;
}
