// barnabas storage dump and check, bench, shim, completion.
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

void add_bench(CLI::App& bench, Leaves& leaves, BenchCommand::Kind kind, const std::string& name, const std::string& help,
               std::int64_t count) {
  CLI::App* app = bench.add_subcommand(name, help);
  auto command = std::make_shared<BenchCommand>();
  command->kind = kind;
  command->count = count;
  app->add_option("topic", command->topic, "Topic to use; it must exist")->required()->type_name("TOPIC");
  app->add_option("-n,--num", command->count, "How many records; " + std::to_string(count) + " unless given")
      ->type_name("N")
      ->check(CLI::PositiveNumber);
  if (kind != BenchCommand::Kind::kConsume) {
    app->add_option("-s,--size", command->size_bytes, "Bytes of a value; 100 unless given")
        ->type_name("N")
        ->check(CLI::Range(0, 100'000'000));
    app->add_option("-z,--compression", command->compression, "none, gzip, snappy, lz4 or zstd")
        ->check(CLI::IsMember({"none", "gzip", "snappy", "lz4", "zstd"}))
        ->type_name("CODEC");
    app->add_option("--acks", command->acks, "all, 1 or 0")->check(CLI::IsMember({"all", "-1", "1", "0"}))->type_name("ACKS");
  }
  app->add_option("-X,--property", command->properties, "A setting of librdkafka; may be repeated")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
  add_connection(*app, command->connection);
  add_output(*app, command->output);
  app->footer("\nExamples:\n  barnabas bench " + name + " load -n " + std::to_string(count * 10) + " -o json\n");
  leaves.push_back({app, [command] { return Command(*command); }});
}

}  // namespace

void add_bench_commands(CLI::App& app, Leaves& leaves) {
  CLI::App* bench = app.add_subcommand("bench", "Measure how fast a cluster is, from here.");
  bench->require_subcommand(1);
  add_bench(*bench, leaves, BenchCommand::Kind::kProduce, "produce", "Write records as fast as they are taken.", 100'000);
  add_bench(*bench, leaves, BenchCommand::Kind::kConsume, "consume", "Read what a topic has, from its start.", 100'000);
  add_bench(*bench, leaves, BenchCommand::Kind::kEndToEnd, "e2e", "Write a record, wait until it is read, and again.", 1'000);
}

// Taken apart before this grammar sees it (command_line.cpp): what stands behind the name is not ours. Here for the help.
void add_shims(CLI::App& app, Leaves& leaves) {
  CLI::App* shim = app.add_subcommand("shim", "Be one of Apache Kafka's scripts, with its flags and its output.");
  auto name = std::make_shared<std::string>();
  shim->add_option("script", *name,
                   "kafka-topics.sh, kafka-console-producer.sh, kafka-console-consumer.sh, kafka-consumer-groups.sh, kafka-configs.sh or "
                   "kafka-get-offsets.sh")
      ->required()
      ->type_name("SCRIPT");
  shim->footer(
      "\nExamples:\n"
      "  barnabas shim kafka-topics.sh --bootstrap-server localhost:9092 --list\n"
      "  ln -s $(command -v barnabas) /usr/local/bin/kafka-topics.sh     the same under its own name\n"
      "An option that is not understood is refused. --help says which are.\n");
  leaves.push_back({shim, [name] { return Command(ShimCommand{*name, {}}); }});
}

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
