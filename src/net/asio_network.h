#pragma once
// The real network: one Boost.Asio io_context per I/O thread, and the Executor of that thread.
//
// Reading waits for readiness and then reads into the loop's scratch buffer, so an idle connection owns no buffer.
// Timers are one ordered map and a single Asio timer set to its front: a parked fetch costs an insert and an erase.
#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "net/asio_poller.h"
#include "net/stream.h"

namespace barnabas::net {

class AsioLoop final : public Executor {
 public:
  AsioLoop(const Clock& clock, std::size_t index);

  void post(Task task) override;
  TimerId post_at(MonoTime at, Task task) override;
  bool cancel(TimerId timer) override;
  bool is_current() const override { return std::this_thread::get_id() == thread_; }

  void run();   // on the thread that shall be this loop's; returns after stop()
  void stop();  // from any thread
  boost::asio::io_context& context() { return context_; }
  AsioPoller& poller() { return poller_; }
  const Loop& loop() const { return loop_; }

 private:
  void arm(MonoTime at);
  void on_timer();

  const Clock& clock_;
  boost::asio::io_context context_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  boost::asio::steady_timer timer_;
  std::atomic<std::thread::id> thread_;
  std::unique_ptr<std::byte[]> scratch_;
  std::shared_ptr<Turn> turn_;
  AsioPoller poller_{context_, *turn_};
  BufferPool pool_;
  Loop loop_;

  std::mutex timers_mutex_;
  std::uint64_t last_timer_ = 0;
  std::map<std::pair<MonoTime, std::uint64_t>, Task> timers_;
  std::unordered_map<std::uint64_t, MonoTime> timer_times_;
  MonoTime armed_at_;
  bool armed_ = false;
};

class AsioNetwork final : public Network {
 public:
  // Accepts on the first loop and deals connections out to all in turn. The loops outlive the network.
  explicit AsioNetwork(std::vector<AsioLoop*> loops) : loops_(std::move(loops)) {}
  Result<std::unique_ptr<Acceptor>> listen(const Endpoint& at, const SocketOptions& options, OnAccept on_accept) override;

 private:
  std::vector<AsioLoop*> loops_;
};

}  // namespace barnabas::net
