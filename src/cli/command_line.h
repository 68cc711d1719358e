#pragma once
// What the user typed, as data: `barnabas serve server.properties --set log.dirs=/data`. Parsing only; nothing runs here.
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace barnabas::cli {

struct ServeCommand {
  std::string properties_file;         // empty: none
  std::vector<std::string> overrides;  // "key=value", in the order given
};

// Takes topic folders that a stopped Kafka wrote into a data directory of ours.
struct StorageImportCommand {
  std::vector<std::string> folders;  // ".../orders-0"
  std::string properties_file;
  std::vector<std::string> overrides;
  bool json = false;
};

struct VersionCommand {
  bool json = false;
};

using Command = std::variant<ServeCommand, StorageImportCommand, VersionCommand>;

// What to print and exit with instead: help (0), or what is wrong with the arguments (2).
struct Exit {
  int code = 0;
  std::string out;
  std::string err;
};

std::variant<Command, Exit> parse(int argc, const char* const* argv);

std::string version_text();

}  // namespace barnabas::cli
