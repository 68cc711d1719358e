#include "server/serve_command.h"

#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>

#include <atomic>
#include <cstdio>
#include <optional>

#include "base/log.h"
#include "base/posix_clock.h"
#include "server/dev_mode.h"
#include "server/load_settings.h"
#include "server/server.h"
#include "server/service_manager.h"

namespace barnabas::server {
namespace {

// Blocked in every thread that starts from here on, and taken by wait().
class StopSignals {
 public:
  StopSignals() {
    sigemptyset(&set_);
    for (const int signal : {SIGTERM, SIGINT, SIGUSR1}) sigaddset(&set_, signal);
    struct sigaction hangup{};
    sigaction(SIGHUP, nullptr, &hangup);
    if (hangup.sa_handler != SIG_IGN) sigaddset(&set_, SIGHUP);  // a terminal that closes; nohup says otherwise
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

log::Format log_format(const Settings& settings) {
  const std::string format = settings.get(setting::kBarnabasLogFormat);
  if (format == "logfmt") return log::Format::kLogfmt;
  return format == "json" ? log::Format::kJson : log::Format::kText;
}

std::string describe(const std::vector<Server::Listening>& listeners) {
  std::string text;
  for (const auto& listener : listeners) {
    if (!text.empty()) text += ',';
    text += listener.name + "://" + net::to_string(listener.at);
  }
  return text;
}

std::string_view name_of(int signal) {
  switch (signal) {
    case SIGINT: return "SIGINT";
    case SIGTERM: return "SIGTERM";
    case SIGHUP: return "SIGHUP";
    default: return "fatal error";
  }
}

// With --dev, makes its directory as well.
Result<Settings> settings_of(const cli::ServeCommand& command, std::optional<DevMode>& dev) {
  if (!command.dev) return load_settings(command.properties_file, command.overrides);
  TRY_ASSIGN(DevMode begun, DevMode::begin(environment()));
  dev.emplace(std::move(begun));
  TRY_ASSIGN(Settings settings, load_settings(command.properties_file, command.overrides, dev->defaults()));
  TRY(DevMode::check(settings));
  return settings;
}

void fill_and_welcome(const DevMode& dev, const net::Endpoint& listening, const Clock& clock) {
  const auto filled = DevMode::fill(listening, clock);
  if (!filled) log::warn("no sample topics", {{"error", filled.error().message}});
  std::fputs(dev.welcome(listening, filled.has_value()).c_str(), stdout);
  std::fflush(stdout);
}

}  // namespace

int serve(const cli::ServeCommand& command) {
  const PosixClock clock;
  const MonoTime begun = clock.mono();
  const StopSignals signals;
  raise_descriptor_limit();
  std::optional<DevMode> dev;  // goes after the server: its directory does
  const Result<Settings> settings = settings_of(command, dev);
  if (!settings) {
    log::error("settings refused", {{"error", settings.error().message}});
    return 2;
  }
  log::set_format(log_format(*settings));
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
                      {"http", (*server)->http() ? net::to_string(*(*server)->http()) : "off"},
                      {"start_ms", static_cast<double>(took.count()) / 1000}});
  tell_service_manager(environment(), "READY=1");
  if (dev) fill_and_welcome(*dev, (*server)->listeners().front().at, clock);
  log::info("stopping", {{"signal", name_of(signals.wait())}});
  tell_service_manager(environment(), "STOPPING=1");
  (*server)->stop();
  log::info("stopped");
  return failed ? 1 : 0;
}

}  // namespace barnabas::server
