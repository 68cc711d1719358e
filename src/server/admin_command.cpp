#include "server/admin_command.h"

#include <unistd.h>

#include "base/posix_clock.h"
#include "base/posix_disk.h"
#include "cli/admin_command.h"
#include "cli/std_console.h"
#include "net/posix_dial.h"
#include "server/load_settings.h"

namespace barnabas::server {

int run(const cli::AdminCommand& command) {
  cli::StdConsole console(::isatty(STDIN_FILENO) != 0, ::isatty(STDOUT_FILENO) != 0);
  const PosixClock clock;
  PosixDisk disk;
  net::PosixDialer dialer(clock);
  const Environment variables = environment();
  return cli::run(cli::Context{console, disk, clock, dialer, variables}, command);
}

}  // namespace barnabas::server
