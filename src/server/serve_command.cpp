#include "server/serve_command.h"

#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>

#include <atomic>
#include <cstdlib>

#include "base/log.h"
#include "base/posix_clock.h"
#include "server/load_settings.h"
#include "server/server.h"

namespace barnabas::server {
namespace {

// Blocked in every thread that starts from here on, and taken by wait().
class StopSignals {
 public:
  StopSignals() {
    sigemptyset(&set_);
    for (const int signal : {SIGTERM, SIGINT, SIGUSR1}) sigaddset(&set_, signal);
    pthread_sigmask(SIG_BLOCK, &set_, nullptr);
    signal(SIGPIPE, SIG_IGN);
  }
  int wait() const {
    int signal = 0;
    while (sigwait(&set_, &signal) != 0) {}
    return signal;
  }

 private:
  sigset_t set_;
};

// A broker holds a descriptor for each partition and each connection: take what the system lets us have.
void raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

std::string describe(const std::vector<Server::Listening>& listeners) {
  std::string text;
  for (const auto& listener : listeners) {
    if (!text.empty()) text += ',';
    text += listener.name + "://" + net::to_string(listener.at);
  }
  return text;
}

}  // namespace

int serve(const cli::ServeCommand& command) {
  const PosixClock clock;
  const MonoTime begun = clock.mono();
  const StopSignals signals;
  raise_descriptor_limit();
  const Result<Settings> settings = load_settings(command.properties_file, command.overrides);
  if (!settings) {
    log::error("settings refused", {{"error", settings.error().message}});
    return 2;
  }
  for (const std::string& warning : settings->warnings()) log::warn("setting", {{"note", warning}});

  std::atomic<bool> failed{false};
  const pthread_t main_thread = pthread_self();
  auto server = Server::start(*settings, [&failed, main_thread](const std::string& reason) {
    log::error("cannot go on", {{"reason", reason}});
    failed = true;
    pthread_kill(main_thread, SIGUSR1);
  });
  if (!server) {
    log::error("start failed", {{"error", server.error().message}});
    return 1;
  }
  const auto took = std::chrono::duration_cast<std::chrono::microseconds>(clock.mono() - begun);
  log::info("ready", {{"listeners", describe((*server)->listeners())},
                      {"cluster", (*server)->cluster_id()},
                      {"node", settings->node_id()},
                      {"durability", settings->durability() == Durability::kFsync ? "fsync" : "page-cache"},
                      {"data", settings->log_dirs().front()},
                      {"start_ms", static_cast<double>(took.count()) / 1000}});
  const int signal = signals.wait();
  log::info("stopping", {{"signal", signal == SIGINT ? "SIGINT" : signal == SIGTERM ? "SIGTERM" : "fatal error"}});
  (*server)->stop();
  log::info("stopped");
  return failed ? 1 : 0;
}

}  // namespace barnabas::server
