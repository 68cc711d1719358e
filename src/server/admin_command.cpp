#include "server/admin_command.h"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <optional>

#include "base/posix_clock.h"
#include "base/posix_disk.h"
#include "cli/admin_command.h"
#include "cli/std_console.h"
#include "net/posix_dial.h"
#include "server/load_settings.h"

namespace barnabas::server {
namespace {

// Holds back SIGINT and SIGTERM in this thread and those that it starts, and says whether one has come.
class StopRequests {
 public:
  StopRequests() {
    sigemptyset(&set_);
    for (const int signal : {SIGTERM, SIGINT}) sigaddset(&set_, signal);
    pthread_sigmask(SIG_BLOCK, &set_, nullptr);
  }
  bool any() {
    constexpr timespec kNow{};
    stopped_ = stopped_ || sigtimedwait(&set_, nullptr, &kNow) > 0;
    return stopped_;
  }

 private:
  sigset_t set_;
  bool stopped_ = false;
};

// A consumer has a group to leave. All others may be ended in the middle, as everywhere.
template <class Command>
int run_in_context(const Command& command, bool stops_when_asked) {
  std::optional<StopRequests> stop;
  if (stops_when_asked) stop.emplace();
  cli::StdConsole console(::isatty(STDIN_FILENO) != 0, ::isatty(STDOUT_FILENO) != 0, [&stop] { return stop && stop->any(); });
  const PosixClock clock;
  PosixDisk disk;
  net::PosixDialer dialer(clock);
  const Environment variables = environment();
  return cli::run(cli::Context{console, disk, clock, dialer, variables}, command);
}

}  // namespace

int run(const cli::AdminCommand& command) { return run_in_context(command, std::holds_alternative<cli::Consume>(command.action)); }
int run(const cli::BenchCommand& command) { return run_in_context(command, false); }
int run(const cli::ShimCommand& command) { return run_in_context(command, command.name == "kafka-console-consumer.sh"); }

}  // namespace barnabas::server
