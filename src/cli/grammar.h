#pragma once
// The command line's grammar, a piece for each family of commands, on CLI11. A leaf is a command that can be typed, and
// how to make its struct once everything is parsed.
#include <CLI/CLI.hpp>
#include <functional>
#include <memory>
#include <vector>

#include "cli/command_line.h"

namespace barnabas::cli {

struct Leaf {
  CLI::App* app;
  std::function<Command()> make;
};
using Leaves = std::vector<Leaf>;

void add_settings(CLI::App& app, std::vector<std::string>& overrides);
void add_output(CLI::App& app, OutputOptions& output);
void add_connection(CLI::App& app, ConnectionOptions& connection);
void add_yes(CLI::App& app, bool& yes);
// An option that takes a duration; what else is refused as wrong usage.
CLI::Option* add_duration(CLI::App& app, const std::string& names, MonoDuration& duration, const std::string& help);

// A command below `parent`: its struct to bind options to, and the leaf that carries it.
template <class Action>
std::pair<CLI::App*, Action*> add_local(CLI::App& parent, Leaves& leaves, const std::string& name, const std::string& help,
                                        const std::string& examples, bool connects = false) {
  CLI::App* app = parent.add_subcommand(name, help);
  auto command = std::make_shared<AdminCommand>();
  auto action = std::make_shared<Action>();
  if (connects) add_connection(*app, command->connection);
  add_output(*app, command->output);
  app->footer("\nExamples:\n" + examples);
  leaves.push_back({app, [command, action] {
                      command->action = *action;
                      return Command(*command);
                    }});
  return {app, action.get()};
}

// The same for one that talks to a cluster.
template <class Action>
std::pair<CLI::App*, Action*> add_admin(CLI::App& parent, Leaves& leaves, const std::string& name, const std::string& help,
                                        const std::string& examples) {
  return add_local<Action>(parent, leaves, name, help, examples, true);
}

void add_topic_commands(CLI::App& app, Leaves& leaves);
void add_cluster_commands(CLI::App& app, Leaves& leaves);
void add_data_commands(CLI::App& app, Leaves& leaves);
void add_group_commands(CLI::App& app, Leaves& leaves);
void add_config_commands(CLI::App& app, Leaves& leaves);
void add_storage_commands(CLI::App& storage, Leaves& leaves);
void add_bench_commands(CLI::App& app, Leaves& leaves);
void add_shims(CLI::App& app, Leaves& leaves);
void add_completion_commands(CLI::App& app, Leaves& leaves);

}  // namespace barnabas::cli
