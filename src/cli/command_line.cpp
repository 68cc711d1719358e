#include "cli/command_line.h"

#include <CLI/CLI.hpp>
#include <sstream>

#include "cli/version.h"

namespace barnabas::cli {
namespace {

constexpr const char* kServeExamples =
    "\nExamples:\n"
    "  barnabas serve                                        localhost:9092, data in the user's data directory\n"
    "  barnabas serve server.properties                      Kafka's own properties file\n"
    "  barnabas serve --set log.dirs=/data --set listeners=PLAINTEXT://127.0.0.1:0\n"
    "  BARNABAS_LOG_DIRS=/data barnabas serve                the same from the environment (KAFKA_LOG_DIRS works too)\n";

constexpr const char* kImportExamples =
    "\nExamples:\n"
    "  barnabas storage import /var/lib/kafka/orders-0       every partition of orders, from a Kafka that is stopped\n"
    "  barnabas storage import --set log.dirs=/data /mnt/old/orders-0 -o json\n";

void add_settings(CLI::App& app, std::vector<std::string>& overrides) {
  app.add_option("--set", overrides, "A setting, as key=value; wins over the file and the environment. May be repeated.")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
}

void add_output(CLI::App& app, bool& json) {
  app.add_option_function<std::string>(
         "-o,--output", [&json](const std::string& format) { json = format == "json"; }, "text or json")
      ->check(CLI::IsMember({"text", "json"}))
      ->type_name("FORMAT");
}

}  // namespace

std::string version_text() { return std::string("barnabas ") + kVersion; }

std::variant<Command, Exit> parse(int argc, const char* const* argv) {
  CLI::App app("Barnabas: a distributed message log that speaks Apache Kafka's protocol.", "barnabas");
  app.require_subcommand(1);
  app.set_version_flag("--version", version_text());

  ServeCommand serve;
  CLI::App* serve_app = app.add_subcommand("serve", "Run a broker. Nothing needs to be configured.");
  serve_app->add_option("properties", serve.properties_file, "A properties file with Kafka's setting names")->type_name("FILE");
  add_settings(*serve_app, serve.overrides);
  serve_app->footer(kServeExamples);

  CLI::App* storage = app.add_subcommand("storage", "Look after data directories, while no broker runs on them.");
  storage->require_subcommand(1);
  StorageImportCommand import;
  CLI::App* import_app =
      storage->add_subcommand("import", "Copy topics written by Apache Kafka into a data directory, ids and epochs kept.");
  import_app->add_option("folders", import.folders, "One partition folder, TOPIC-PARTITION, of each topic to import")
      ->required()
      ->type_name("FOLDER");
  import_app->add_option("--config", import.properties_file, "The broker's properties file")->type_name("FILE");
  add_settings(*import_app, import.overrides);
  add_output(*import_app, import.json);
  import_app->footer(kImportExamples);

  VersionCommand version;
  CLI::App* version_app = app.add_subcommand("version", "Print the version.");
  add_output(*version_app, version.json);

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    std::ostringstream out, err;
    const int code = app.exit(error, out, err);
    return Exit{code == 0 ? 0 : 2, out.str(), err.str()};
  }
  if (serve_app->parsed()) return Command(std::move(serve));
  if (import_app->parsed()) return Command(std::move(import));
  return Command(version);
}

}  // namespace barnabas::cli
