// The barnabas program: says what to do to the rest, and how it ended.
#include <cstdio>
#include <variant>

#include "cli/command_line.h"
#include "server/import_command.h"
#include "server/serve_command.h"

namespace {

struct Run {
  int operator()(const barnabas::cli::ServeCommand& command) const { return barnabas::server::serve(command); }
  int operator()(const barnabas::cli::StorageImportCommand& command) const { return barnabas::server::import(command); }
  int operator()(const barnabas::cli::VersionCommand& command) const {
    const std::string text = barnabas::cli::version_text();
    if (command.json) {
      std::printf("{\"version\":\"%s\"}\n", text.substr(text.find(' ') + 1).c_str());
    } else {
      std::printf("%s\n", text.c_str());
    }
    return 0;
  }
};

}  // namespace

int main(int argc, char** argv) {
  const auto parsed = barnabas::cli::parse(argc, argv);
  if (const auto* exit = std::get_if<barnabas::cli::Exit>(&parsed)) {
    std::fputs(exit->out.c_str(), stdout);
    std::fputs(exit->err.c_str(), stderr);
    return exit->code;
  }
  return std::visit(Run{}, std::get<barnabas::cli::Command>(parsed));
}
