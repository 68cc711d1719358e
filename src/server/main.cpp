// The barnabas program: says what to do to the rest, and how it ended.
#include <cstdio>
#include <variant>

#include "cli/command_line.h"
#include "cli/value.h"
#include "server/admin_command.h"
#include "server/import_command.h"
#include "server/serve_command.h"

namespace {

struct Run {
  int operator()(const barnabas::cli::ServeCommand& command) const { return barnabas::server::serve(command); }
  int operator()(const barnabas::cli::StorageImportCommand& command) const { return barnabas::server::import(command); }
  int operator()(const barnabas::cli::PrintCommand& command) const { return std::fputs(command.text.c_str(), stdout) < 0 ? 1 : 0; }
  int operator()(const barnabas::cli::AdminCommand& command) const { return barnabas::server::run(command); }
  int operator()(const barnabas::cli::BenchCommand& command) const { return barnabas::server::run(command); }
  int operator()(const barnabas::cli::ShimCommand& command) const { return barnabas::server::run(command); }
  int operator()(const barnabas::cli::VersionCommand& command) const {
    using barnabas::cli::Format;
    const std::string text = barnabas::cli::version_text();
    const barnabas::cli::Value value(barnabas::cli::Value::Object{{"version", text.substr(text.find(' ') + 1)}});
    switch (command.output.format) {
      case Format::kTable: std::printf("%s\n", text.c_str()); break;
      case Format::kJson: std::printf("%s\n", value.json().c_str()); break;
      case Format::kYaml: std::printf("%s", value.yaml().c_str()); break;
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
