#pragma once
// `barnabas serve`: a broker until SIGTERM or SIGINT.
#include "cli/commands.h"

namespace barnabas::server {

// The exit code: 0 stopped as asked, 1 could not start or could not go on, 2 wrong settings.
int serve(const cli::ServeCommand& command);

}  // namespace barnabas::server
