#include "cli/command_line.h"

#include <sstream>

#include "cli/grammar.h"
#include "cli/time_text.h"
#include "cli/version.h"

namespace barnabas::cli {
namespace {

constexpr const char* kServeExamples =
    "\nExamples:\n"
    "  barnabas serve                                        localhost:9092, data in the user's data directory\n"
    "  barnabas serve --dev                                  the same with data that goes at the end, and sample topics\n"
    "  barnabas serve server.properties                      Kafka's own properties file\n"
    "  barnabas serve --set log.dirs=/data --set listeners=PLAINTEXT://127.0.0.1:0\n"
    "  BARNABAS_LOG_DIRS=/data barnabas serve                the same from the environment (KAFKA_LOG_DIRS works too)\n";

constexpr const char* kImportExamples =
    "\nExamples:\n"
    "  barnabas storage import /var/lib/kafka/orders-0       every partition of orders, from a Kafka that is stopped\n"
    "  barnabas storage import --set log.dirs=/data /mnt/old/orders-0 -o json\n";

constexpr const char* kClosing =
    "\nWhere the cluster is: --brokers, --profile, BARNABAS_BROKERS, BARNABAS_PROFILE, the profile that\n"
    "~/.config/barnabas/profiles.properties chooses, localhost:9092: the first of them that is given.\n"
    "Exit codes: 0 done, 1 the broker refused, 2 wrong usage, 3 could not connect.\n"
    "Every command has examples: barnabas topic create --help\n";

void add_serve(CLI::App& app, Leaves& leaves) {
  auto serve = std::make_shared<ServeCommand>();
  CLI::App* serve_app = app.add_subcommand("serve", "Run a broker. Nothing needs to be configured.");
  serve_app->add_option("properties", serve->properties_file, "A properties file with Kafka's setting names")->type_name("FILE");
  add_settings(*serve_app, serve->overrides);
  serve_app->add_flag("--dev", serve->dev, "A broker to try things with: its data is removed at the end, and it has a topic with records");
  serve_app->footer(kServeExamples);
  leaves.push_back({serve_app, [serve] { return Command(*serve); }});
}

void add_storage(CLI::App& app, Leaves& leaves) {
  CLI::App* storage = app.add_subcommand("storage", "Look after data directories, while no broker runs on them.");
  storage->require_subcommand(1);
  auto import = std::make_shared<StorageImportCommand>();
  CLI::App* import_app =
      storage->add_subcommand("import", "Copy topics written by Apache Kafka into a data directory, ids and epochs kept.");
  import_app->add_option("folders", import->folders, "One partition folder, TOPIC-PARTITION, of each topic to import")
      ->required()
      ->type_name("FOLDER");
  import_app->add_option("--config", import->properties_file, "The broker's properties file")->type_name("FILE");
  add_settings(*import_app, import->overrides);
  add_output(*import_app, import->output);
  import_app->footer(kImportExamples);
  leaves.push_back({import_app, [import] { return Command(*import); }});
  add_storage_commands(*storage, leaves);
}

void add_version(CLI::App& app, Leaves& leaves) {
  auto version = std::make_shared<VersionCommand>();
  CLI::App* version_app = app.add_subcommand("version", "Print the version.");
  add_output(*version_app, version->output);
  version_app->footer("\nExamples:\n  barnabas version -o json\n");
  leaves.push_back({version_app, [version] { return Command(*version); }});
}

}  // namespace

void add_settings(CLI::App& app, std::vector<std::string>& overrides) {
  app.add_option("--set", overrides, "A setting, as key=value; wins over the file and the environment. May be repeated.")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
}

void add_output(CLI::App& app, OutputOptions& output) {
  app.add_option_function<std::string>(
         "-o,--output",
         [&output](const std::string& format) {
           output.format = format == "json" ? Format::kJson : format == "yaml" ? Format::kYaml : Format::kTable;
         },
         "How to print: table (text means the same), json or yaml")
      ->check(CLI::IsMember({"table", "text", "json", "yaml"}))
      ->type_name("FORMAT");
  app.add_flag("--no-headings", output.no_headings, "Tables without their first line");
}

CLI::Option* add_duration(CLI::App& app, const std::string& names, MonoDuration& duration, const std::string& help) {
  return app
      .add_option_function<std::string>(
          names,
          [&duration, names](const std::string& text) {
            const auto parsed = parse_duration(text);
            if (!parsed) throw CLI::ValidationError(names, text + " is no duration; write 500ms, 30s or 1h30m");
            duration = *parsed;
          },
          help)
      ->type_name("DURATION");
}

void add_connection(CLI::App& app, ConnectionOptions& connection) {
  app.add_option("-b,--brokers,--bootstrap-server", connection.brokers, "Where the cluster is: HOST:PORT, several with commas")
      ->type_name("ADDRESSES");
  app.add_option("--profile", connection.profile, "A cluster by its name in ~/.config/barnabas/profiles.properties")->type_name("NAME");
  add_duration(app, "--timeout", connection.timeout, "How long all of it may take; 30s unless given");
}

void add_yes(CLI::App& app, bool& yes) { app.add_flag("-y,--yes", yes, "Do it without asking"); }

std::string version_text() { return std::string("barnabas ") + kVersion; }

std::variant<Command, Exit> parse(int argc, const char* const* argv) {
  if (const auto shim = argc > 0 ? shim_name(argv[0]) : std::nullopt) return Command(ShimCommand{*shim, {argv + 1, argv + argc}});
  if (argc > 2 && std::string_view(argv[1]) == "shim") {
    if (const auto shim = shim_name(argv[2])) return Command(ShimCommand{*shim, {argv + 3, argv + argc}});
  }
  CLI::App app("Barnabas: a distributed message log that speaks Apache Kafka's protocol.", "barnabas");
  app.require_subcommand(1);
  app.set_version_flag("--version", version_text());

  app.footer(kClosing);
  Leaves leaves;
  add_serve(app, leaves);
  add_topic_commands(app, leaves);
  add_data_commands(app, leaves);
  add_group_commands(app, leaves);
  add_cluster_commands(app, leaves);
  add_config_commands(app, leaves);
  add_storage(app, leaves);
  add_bench_commands(app, leaves);
  add_shims(app, leaves);
  add_completion_commands(app, leaves);
  add_version(app, leaves);

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    std::ostringstream out, err;
    const int code = app.exit(error, out, err);
    return Exit{code == 0 ? 0 : 2, out.str(), err.str()};
  }
  for (const Leaf& leaf : leaves) {
    if (leaf.app->parsed()) return leaf.make();
  }
  return Exit{2, {}, app.help()};
}

}  // namespace barnabas::cli
