#pragma once
// Scripts that complete commands and options in a shell, made from the grammar: `barnabas completion bash`.
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace barnabas::cli {

// A command, its options as they are typed, and what stands below it.
struct CommandTree {
  std::string name;
  std::vector<std::string> options;
  std::vector<CommandTree> below;
};

// nullopt: no script for that shell.
std::optional<std::string> completion_script(std::string_view shell, const CommandTree& root);

}  // namespace barnabas::cli
