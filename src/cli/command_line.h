#pragma once
// What the user typed, as data (commands.h), or what to say instead. Parsing only; nothing runs here.
#include <string>
#include <variant>

#include "cli/bench.h"
#include "cli/commands.h"
#include "cli/shim.h"

namespace barnabas::cli {

// A text that the grammar itself can answer with.
struct PrintCommand {
  std::string text;
};

using Command = std::variant<ServeCommand, StorageImportCommand, VersionCommand, PrintCommand, ShimCommand, BenchCommand, AdminCommand>;

// What to print and exit with instead: help (0), or what is wrong with the arguments (2).
struct Exit {
  int code = 0;
  std::string out;
  std::string err;
};

std::variant<Command, Exit> parse(int argc, const char* const* argv);

std::string version_text();

}  // namespace barnabas::cli
