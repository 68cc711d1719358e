#include <boost/asio/post.hpp>

#include "net/asio_network.h"

namespace barnabas::net {
namespace {

constexpr std::size_t kScratchBytes = 256 * 1024;
constexpr std::size_t kPoolBytes = 16 * 1024 * 1024;

}  // namespace

AsioLoop::AsioLoop(const Clock& clock, std::size_t index)
    : clock_(clock),
      work_(boost::asio::make_work_guard(context_)),
      timer_(context_),
      scratch_(std::make_unique_for_overwrite<std::byte[]>(kScratchBytes)),
      turn_(std::make_shared<Turn>(*this, MutableBytes(scratch_.get(), kScratchBytes))),
      pool_(kPoolBytes),
      loop_{index, this, &pool_, turn_.get()} {}

void AsioLoop::post(Task task) { boost::asio::post(context_, std::move(task)); }

TimerId AsioLoop::post_at(MonoTime at, Task task) {
  std::uint64_t id = 0;
  bool earliest = false;
  {
    const std::lock_guard lock(timers_mutex_);
    id = ++last_timer_;
    const auto [where, inserted] = timers_.emplace(std::pair(at, id), std::move(task));
    timer_times_.emplace(id, at);
    earliest = where == timers_.begin();
  }
  if (earliest) {
    if (is_current()) {
      arm(at);
    } else {
      post([this, at] { arm(at); });
    }
  }
  return TimerId{id};
}

bool AsioLoop::cancel(TimerId timer) {
  const std::lock_guard lock(timers_mutex_);
  const auto found = timer_times_.find(static_cast<std::uint64_t>(timer));
  if (found == timer_times_.end()) return false;
  timers_.erase({found->second, found->first});
  timer_times_.erase(found);
  return true;  // the Asio timer may fire for nothing once; re-arming it would cost more
}

void AsioLoop::arm(MonoTime at) {
  if (armed_ && armed_at_ <= at) return;
  armed_ = true;
  armed_at_ = at;
  timer_.expires_after(std::max(MonoDuration(0), at - clock_.mono()));
  timer_.async_wait([this](boost::system::error_code error) {
    if (!error) on_timer();
  });
}

void AsioLoop::on_timer() {
  armed_ = false;
  const MonoTime now = clock_.mono();
  for (;;) {
    Task task;
    {
      const std::lock_guard lock(timers_mutex_);
      if (timers_.empty()) return;
      const auto first = timers_.begin();
      if (first->first.first > now) break;
      task = std::move(first->second);
      timer_times_.erase(first->first.second);
      timers_.erase(first);
    }
    task();
  }
  MonoTime next;
  {
    const std::lock_guard lock(timers_mutex_);
    if (timers_.empty()) return;
    next = timers_.begin()->first.first;
  }
  arm(next);
}

void AsioLoop::run() {
  thread_ = std::this_thread::get_id();
  context_.run();
}

void AsioLoop::stop() {
  boost::asio::post(context_, [this] {
    work_.reset();
    context_.stop();
  });
}

}  // namespace barnabas::net
