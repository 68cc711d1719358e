// barnabas storage dump and check, completion.
#include "cli/completion.h"
#include "cli/grammar.h"

namespace barnabas::cli {
namespace {

CommandTree tree_of(const CLI::App& app) {
  CommandTree tree{app.get_name(), {}, {}};
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) tree.options.push_back("--" + name);
    for (const std::string& name : option->get_snames()) tree.options.push_back("-" + name);
  }
  for (const CLI::App* each : app.get_subcommands([](const CLI::App*) { return true; })) tree.below.push_back(tree_of(*each));
  return tree;
}

void add_paths(CLI::App& app, std::vector<std::string>& paths) {
  app.add_option("paths", paths, "Segment files, folders of partitions, or data directories")->required()->type_name("PATH");
}

}  // namespace

void add_storage_commands(CLI::App& storage, Leaves& leaves) {
  const auto [check, checked] =
      add_local<StorageCheck>(storage, leaves, "check", "Read every batch of segments, and say where one is damaged.",
                              "  barnabas storage check /srv/log               a data directory\n"
                              "  barnabas storage check /srv/log/orders-0 -o json\n"
                              "A data directory is locked meanwhile: no broker may run on it. Damage is exit code 1.\n");
  add_paths(*check, checked->paths);
  const auto [dump, dumped] = add_local<StorageDump>(storage, leaves, "dump", "Show the batches of segments, or their records.",
                                                     "  barnabas storage dump /srv/log/orders-0\n"
                                                     "  barnabas storage dump /srv/log/orders-0/00000000000000000000.log --records\n"
                                                     "Records are JSON lines, as barnabas consume -o json prints them.\n");
  add_paths(*dump, dumped->paths);
  dump->add_flag("--records", dumped->records, "The records, not the batches");
}

void add_completion_commands(CLI::App& app, Leaves& leaves) {
  CLI::App* completion = app.add_subcommand("completion", "Print a script that completes commands and options in a shell.");
  completion->require_subcommand(1);
  for (const std::string shell : {"bash", "zsh", "fish"}) {
    CLI::App* one = completion->add_subcommand(shell, "For " + shell + ".");
    const std::string now = shell == "fish" ? "barnabas completion fish | source" : "source <(barnabas completion " + shell + ")";
    one->footer("\nExamples:\n  " + now + "      in the shell that is open\n");
    leaves.push_back({one, [root = &app, shell] { return Command(PrintCommand{completion_script(shell, tree_of(*root)).value_or("")}); }});
  }
}

}  // namespace barnabas::cli
