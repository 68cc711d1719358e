#include "server/import_command.h"

#include <cstdio>
#include <future>
#include <map>
#include <set>

#include "base/log.h"
#include "base/posix_clock.h"
#include "base/posix_disk.h"
#include "base/posix_disk_queue.h"
#include "base/posix_thread_executor.h"
#include "cli/value.h"
#include "controller/controller.h"
#include "metadata/loader.h"
#include "metadata/local_log.h"
#include "replication/topic_settings.h"
#include "server/load_settings.h"
#include "server/node_paths.h"
#include "storage/import.h"
#include "storage/log_manager.h"

namespace barnabas::server {
namespace {

constexpr std::size_t kPartitionsMax = 10'000;  // a folder's number is only text: checked before memory is taken for it

struct Source {
  Path directory;
  std::string topic;
  friend auto operator<=>(const Source&, const Source&) = default;
};

struct Imported {
  std::string topic;
  std::vector<storage::ImportedPartition> partitions;
};

// The data directory of a broker that is not running: its logs and its metadata.
class Node {
 public:
  explicit Node(const Settings& settings) : settings_(settings) {}

  Result<> open() {
    storage::LogManagerOptions options;
    options.directories.emplace_back(settings_.log_dirs().front());
    options.cluster_id = settings_.find(setting::kBarnabasClusterId).value_or("");
    options.node_id = settings_.node_id();
    TRY_ASSIGN(logs_,
               storage::LogManager::open({.disk = disk_, .clock = clock_, .executor = control_, .random = random_, .queues = {&queue_}},
                                         std::move(options)));
    loader_ = std::make_unique<metadata::MetadataLoader>(logs_->cluster_id(), [](const std::string& reason) {
      log::error("cannot go on", {{"reason", reason}});
      std::_Exit(1);
    });
    log_ = metadata::make_local_log(metadata_options(settings_, logs_->cluster_id()), disk_, queue_, control_, random_);
    controller_ = std::make_unique<controller::Controller>(*log_, loader_->holder(), control_, random_, controller::Policy::of(settings_),
                                                           [this] { active_.set_value(); });
    loader_->set_leadership_listener(*controller_);
    control_.post([this] { log_->start(*loader_); });
    active_.get_future().wait();
    return {};
  }

  Result<Imported> take(const Source& source) {
    if (loader_->holder().current()->find_topic(source.topic) != nullptr) {
      return fail(Errc::kAlreadyExists, "topic " + source.topic + " exists here already");
    }
    TRY_ASSIGN(const auto topic_settings, replication::TopicSettings::make(settings_, {}));
    Imported imported{source.topic, {}};
    TRY(storage::import_topic(logs_->directory(0), source.directory, source.topic, topic_settings->log, imported.partitions));
    TRY(add_to_metadata(imported));
    return imported;
  }

  void close() {
    std::promise<void> closed;
    control_.post([this, &closed] { log_->close([&closed] { closed.set_value(); }); });
    closed.get_future().wait();
  }

 private:
  Result<> add_to_metadata(const Imported& imported) {
    controller::ImportTopic wish;
    wish.name = imported.topic;
    wish.broker = settings_.node_id();
    for (const storage::ImportedPartition& partition : imported.partitions) {
      wish.id = partition.topic_id;
      const auto index = static_cast<std::size_t>(std::stoi(partition.folder.substr(partition.folder.rfind('-') + 1)));
      if (index >= kPartitionsMax) return fail(Errc::kInvalidArgument, partition.folder + ": more partitions than a topic may have here");
      wish.latest_epochs.resize(std::max(wish.latest_epochs.size(), index + 1), kNoLeaderEpoch);
      wish.latest_epochs[index] = partition.latest_epoch;
    }
    std::promise<controller::Outcome<controller::ImportTopic::Response>> decided;
    auto outcome = decided.get_future();
    controller_->submit(std::move(wish), [&decided](auto done) { decided.set_value(std::move(done)); });
    const auto done = outcome.get();
    if (!done) return fail(Errc::kInvalidArgument, "topic " + imported.topic + ": " + done.error().message);
    return {};
  }

  const Settings& settings_;
  PosixClock clock_;
  KernelRandom random_;
  PosixDisk disk_;
  PosixDiskQueue queue_{"disk-0"};
  PosixThreadExecutor control_{"control"};
  std::unique_ptr<storage::LogManager> logs_;
  std::unique_ptr<metadata::MetadataLoader> loader_;
  std::unique_ptr<metadata::MetadataLog> log_;
  std::unique_ptr<controller::Controller> controller_;
  std::promise<void> active_;
};

Result<std::set<Source>> sources_of(const std::vector<std::string>& folders) {
  std::set<Source> sources;
  for (const std::string& folder : folders) {
    const Path path = Path(folder).lexically_normal();
    const Path trimmed = path.has_filename() ? path : path.parent_path();
    const std::string name = trimmed.filename().native();
    const std::size_t dash = name.rfind('-');
    const bool numbered = dash != std::string::npos && dash > 0 && dash + 1 < name.size() &&
                          name.find_first_not_of("0123456789", dash + 1) == std::string::npos;
    if (!numbered)
      return fail(Errc::kInvalidArgument, folder + " is not a partition folder: its name should be TOPIC-PARTITION, like orders-0");
    sources.insert({trimmed.has_parent_path() ? trimmed.parent_path() : Path("."), name.substr(0, dash)});
  }
  return sources;
}

cli::Value describe(const Imported& imported) {
  cli::Value::List all;
  for (const storage::ImportedPartition& partition : imported.partitions) {
    all.emplace_back(cli::Value::Object{{"partition", partition.folder},
                                        {"topic_id", partition.topic_id.text()},
                                        {"start_offset", partition.log_start.value()},
                                        {"end_offset", partition.log_end.value()},
                                        {"batches", static_cast<std::int64_t>(partition.batches)},
                                        {"bytes", static_cast<std::int64_t>(partition.bytes)}});
  }
  return cli::Value::Object{{"topic", imported.topic}, {"partitions", std::move(all)}};
}

void print(const Imported& imported, cli::Format format) {
  if (format != cli::Format::kTable) {
    const cli::Value value = describe(imported);
    const std::string text = format == cli::Format::kJson ? value.json() + "\n" : "---\n" + value.yaml();
    std::fputs(text.c_str(), stdout);
    return;
  }
  for (const storage::ImportedPartition& partition : imported.partitions) {
    std::printf("%s  offsets %ld to %ld  %lu batches  %lu bytes  topic id %s\n", partition.folder.c_str(), partition.log_start.value(),
                partition.log_end.value(), partition.batches, partition.bytes, partition.topic_id.text().c_str());
  }
}

Result<> run(const cli::StorageImportCommand& command, const Settings& settings) {
  TRY_ASSIGN(const auto sources, sources_of(command.folders));
  Node node(settings);
  TRY(node.open());
  Result<> outcome;
  for (const Source& source : sources) {
    const auto imported = node.take(source);
    if (!imported) {
      outcome = std::unexpected(imported.error());
      break;
    }
    print(*imported, command.output.format);
  }
  node.close();
  return outcome;
}

}  // namespace

int import(const cli::StorageImportCommand& command) {
  log::set_level(log::Level::kWarn);  // what was done is printed; the start of a node is no news here
  const Result<Settings> settings = load_settings(command.properties_file, command.overrides);
  if (!settings) {
    std::fprintf(stderr, "barnabas: %s\n", settings.error().message.c_str());
    return 2;
  }
  if (const auto done = run(command, *settings); !done) {
    std::fprintf(stderr, "barnabas: import stopped: %s\n", done.error().message.c_str());
    return done.error().code == Errc::kInvalidArgument ? 2 : 1;
  }
  return 0;
}

}  // namespace barnabas::server
