#include "net/asio_poller.h"

#include <array>
#include <cerrno>

#include "base/check.h"
#include "base/log.h"

namespace barnabas::net {
namespace {

constexpr std::size_t kReportsMax = 128;  // then what else the loop has to do comes first
constexpr std::uint32_t kEvents = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;

int make_epoll() {
  const int descriptor = ::epoll_create1(EPOLL_CLOEXEC);
  CHECK(descriptor >= 0);  // at start, before anything is served
  return descriptor;
}

}  // namespace

AsioPoller::AsioPoller(boost::asio::io_context& context, Turn& turn) : epoll_(context, make_epoll()), turn_(turn) { wait(); }

AsioPoller::Ticket AsioPoller::add(int descriptor, Watcher& watcher) {
  if (free_.empty()) {
    free_.push_back(static_cast<std::uint32_t>(places_.size()));
    places_.emplace_back();
  }
  const std::uint32_t index = free_.back();
  Place& place = places_[index];
  const Ticket ticket = Ticket{++place.uses} << 32 | index;
  epoll_event event{.events = kEvents, .data = {.u64 = ticket}};
  if (::epoll_ctl(epoll_.native_handle(), EPOLL_CTL_ADD, descriptor, &event) != 0) {
    log::warn("socket cannot be watched", {{"errno", errno}});
    return 0;
  }
  free_.pop_back();
  place.watcher = &watcher;
  return ticket;
}

void AsioPoller::remove(int descriptor, Ticket ticket) {
  const auto index = static_cast<std::uint32_t>(ticket);
  ::epoll_ctl(epoll_.native_handle(), EPOLL_CTL_DEL, descriptor, nullptr);
  places_[index].watcher = nullptr;
  free_.push_back(index);
}

void AsioPoller::wait() {
  epoll_.async_wait(boost::asio::posix::stream_descriptor::wait_read, [this](boost::system::error_code error) {
    if (error) return;  // the loop ends
    turn_.take([this] { report(); });
    wait();
  });
}

void AsioPoller::report() {
  std::array<epoll_event, kReportsMax> events;
  const int count = ::epoll_wait(epoll_.native_handle(), events.data(), static_cast<int>(events.size()), 0);
  for (int i = 0; i < count; ++i) {
    const Ticket ticket = events[static_cast<std::size_t>(i)].data.u64;
    const Place& place = places_[static_cast<std::uint32_t>(ticket)];
    if (place.watcher != nullptr && place.uses == ticket >> 32) place.watcher->ready(events[static_cast<std::size_t>(i)].events);
  }
}

}  // namespace barnabas::net
