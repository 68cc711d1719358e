#pragma once
// Runs a command of src/cli that talks to a cluster, with the real terminal, clock, files and network around it.
#include "cli/command_line.h"

namespace barnabas::server {

// The exit code, as src/cli/context.h has them.
int run(const cli::AdminCommand& command);
int run(const cli::BenchCommand& command);
int run(const cli::ShimCommand& command);

}  // namespace barnabas::server
