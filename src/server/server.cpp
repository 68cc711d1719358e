#include "server/server.h"

#include <algorithm>
#include <future>
#include <thread>
#include <utility>

#include "base/log.h"
#include "base/posix_clock.h"
#include "base/posix_disk.h"
#include "base/posix_disk_queue.h"
#include "base/posix_process.h"
#include "base/posix_thread_executor.h"
#include "broker/broker.h"
#include "broker/group_partitions.h"
#include "cli/version.h"
#include "console/console.h"
#include "console/http_server.h"
#include "metadata/loader.h"
#include "metadata/local_log.h"
#include "net/asio_network.h"
#include "net/socket_server.h"
#include "server/live_limits.h"
#include "server/node_paths.h"
#include "storage/log_manager.h"

namespace barnabas::server {
namespace {

constexpr auto kSweepEvery = std::chrono::seconds(5);
constexpr auto kStartTimeout = std::chrono::minutes(10);  // replaying metadata and logs; nothing is lost by waiting

net::ServerLimits limits_of(const Settings& settings) {
  net::ServerLimits limits;
  limits.connection.frame_max_bytes = static_cast<std::uint32_t>(settings.get(setting::kSocketRequestMaxBytes));
  limits.connection.outbox_max_bytes = static_cast<std::uint64_t>(settings.get(setting::kBarnabasConnectionOutboxMaxBytes));
  limits.connection.idle_max = std::chrono::milliseconds(settings.get(setting::kConnectionsMaxIdleMs));
  limits.admission = admission_of(settings);
  limits.queued_max_bytes = static_cast<std::uint64_t>(settings.get(setting::kQueuedMaxRequestBytes));
  limits.socket.backlog = settings.get(setting::kSocketListenBacklogSize);
  limits.socket.send_buffer_bytes = settings.get(setting::kSocketSendBufferBytes);
  limits.socket.receive_buffer_bytes = settings.get(setting::kSocketReceiveBufferBytes);
  return limits;
}

storage::CleanerOptions cleaner_of(const Settings& settings) {
  storage::CleanerOptions cleaner;
  cleaner.enabled = settings.get(setting::kLogCleanerEnable);
  cleaner.threads = settings.get(setting::kLogCleanerThreads);
  cleaner.dedupe_buffer_bytes = static_cast<std::size_t>(std::max<std::int64_t>(0, settings.get(setting::kLogCleanerDedupeBufferSize)));
  cleaner.load_factor = settings.get(setting::kLogCleanerIoBufferLoadFactor);
  cleaner.bytes_per_second_max = settings.get(setting::kLogCleanerIoMaxBytesPerSecond);
  cleaner.backoff_ms = settings.get(setting::kLogCleanerBackoffMs);
  return cleaner;
}

}  // namespace

struct Server::Parts {
  Parts(const Settings& all, Fatal on_fatal) : settings(all), fatal(std::move(on_fatal)) {}
  ~Parts();

  Result<> open_storage();
  Result<> load_logs();
  Result<> start_metadata();
  Result<> listen();
  Result<> register_broker();
  void listen_http();
  void run_loops();
  void sweep();
  void stop();

  // In the order of construction; destroyed in the reverse one.
  const Settings& settings;
  const Fatal fatal;
  PosixClock clock;
  const MonoTime begun = clock.mono();
  KernelRandom random;
  PosixDisk disk;
  std::vector<std::unique_ptr<PosixDiskQueue>> queues;
  std::unique_ptr<PosixThreadExecutor> control;
  std::unique_ptr<storage::LogManager> logs;
  std::unique_ptr<metadata::MetadataLoader> loader;
  std::unique_ptr<metadata::MetadataLog> metadata_log;
  std::unique_ptr<controller::Controller> controller;
  std::unique_ptr<replication::PartitionManager> partitions;
  std::unique_ptr<broker::ImageTopics> topics;
  std::unique_ptr<LiveLimits> live_limits;
  std::unique_ptr<coordinator::GroupCoordinator> groups;
  std::unique_ptr<broker::GroupPartitions> group_partitions;
  std::unique_ptr<broker::Broker> broker;
  std::vector<std::unique_ptr<net::AsioLoop>> loops;
  std::unique_ptr<net::AsioNetwork> network;
  std::unique_ptr<net::SocketServer> sockets;
  std::unique_ptr<console::Console> console;
  std::unique_ptr<console::HttpServer> http;
  std::vector<std::jthread> io_threads;

  std::vector<Listening> listening;
  std::optional<net::Endpoint> http_at;
  storage::LoadReport recovery;
  std::string cluster_id;
  bool stopped = false;     // on the control executor
  bool taken_down = false;  // by who called stop()
  std::promise<void> active;
};

Result<> Server::Parts::open_storage() {
  control = std::make_unique<PosixThreadExecutor>("control");
  storage::LogManagerOptions options;
  for (const std::string& directory : settings.log_dirs()) {
    options.directories.emplace_back(directory);
    queues.push_back(std::make_unique<PosixDiskQueue>("disk-" + std::to_string(queues.size())));
  }
  options.cluster_id = settings.find(setting::kBarnabasClusterId).value_or("");
  options.node_id = settings.node_id();
  options.producer_expiration_check_interval_ms = settings.get(setting::kProducerIdExpirationCheckIntervalMs);
  options.retention_check_interval_ms = settings.get(setting::kLogRetentionCheckIntervalMs);
  options.cleaner = cleaner_of(settings);
  storage::LogManagerDeps deps{.disk = disk, .clock = clock, .executor = *control, .random = random, .queues = {}};
  for (const auto& queue : queues) deps.queues.push_back(queue.get());
  TRY_ASSIGN(logs, storage::LogManager::open(std::move(deps), std::move(options)));
  cluster_id = logs->cluster_id();
  return {};
}

Result<> Server::Parts::load_logs() {
  // What a topic's own configuration says is known with the metadata, which comes next, and is set then.
  TRY_ASSIGN(const auto defaults, replication::TopicSettings::make(settings, {}));
  std::promise<storage::LoadReport> loaded;
  auto report = loaded.get_future();
  logs->load([config = defaults->log](const std::string&) { return config; },
             [&loaded](storage::LoadReport done) { loaded.set_value(std::move(done)); });
  recovery = report.get();
  const storage::LoadReport& done = recovery;
  if (done.logs > done.clean || !done.failed.empty()) {
    log::info("logs recovered",
              {{"logs", done.logs}, {"clean", done.clean}, {"scanned_bytes", done.scanned_bytes}, {"cut_bytes", done.cut_bytes}});
  }
  for (const auto& damage : done.damage) {
    log::error("damaged records", {{"file", damage.file}, {"from", damage.from.value()}, {"to", damage.to.value()}, {"why", damage.why}});
  }
  for (const auto& failed : done.failed) log::error("partition offline", {{"folder", failed.folder}, {"error", failed.error.message}});
  return {};
}

Result<> Server::Parts::start_metadata() {
  loader = std::make_unique<metadata::MetadataLoader>(cluster_id, fatal);
  metadata_log = metadata::make_local_log(metadata_options(settings, cluster_id), disk, *queues.front(), *control, random);
  controller = std::make_unique<controller::Controller>(*metadata_log, loader->holder(), *control, random, controller::Policy::of(settings),
                                                        [this] { active.set_value(); });
  partitions = std::make_unique<replication::PartitionManager>(*logs, settings, settings.node_id());
  topics = std::make_unique<broker::ImageTopics>(loader->holder());
  groups = std::make_unique<coordinator::GroupCoordinator>(broker::group_settings(settings), clock, random, *control, *topics);
  group_partitions = std::make_unique<broker::GroupPartitions>(*groups, *partitions, clock, settings.node_id());
  live_limits = std::make_unique<LiveLimits>(settings);
  loader->add_publisher(*live_limits);
  loader->add_publisher(*partitions);
  loader->add_publisher(*group_partitions);
  loader->set_leadership_listener(*controller);
  std::future<void> elected = active.get_future();
  control->post([this] { metadata_log->start(*loader); });
  logs->set_retention_bound([this](const storage::Log& log) {
    const auto partition = partitions->find({log.topic_id(), log.partition()});
    return partition == nullptr ? Offset(0) : partition->high_watermark();
  });
  logs->start_background();
  if (elected.wait_for(kStartTimeout) != std::future_status::ready) return fail(Errc::kTimeout, "the metadata log did not become ready");
  return {};
}

// The ports are known, and taken, before anybody is served: connections wait in the kernel until the loops run.
Result<> Server::Parts::listen() {
  broker =
      std::make_unique<broker::Broker>(broker::BrokerDeps{.settings = settings,
                                                          .clock = clock,
                                                          .random = random,
                                                          .images = loader->holder(),
                                                          .controller = *controller,
                                                          .partitions = *partitions,
                                                          .groups = *groups,
                                                          .logs = *logs,
                                                          .loops = static_cast<std::size_t>(settings.get(setting::kBarnabasIoThreads))});
  std::vector<net::AsioLoop*> all;
  for (int i = 0; i < settings.get(setting::kBarnabasIoThreads); ++i) {
    loops.push_back(std::make_unique<net::AsioLoop>(clock, loops.size()));
    all.push_back(loops.back().get());
  }
  network = std::make_unique<net::AsioNetwork>(std::move(all));
  sockets = std::make_unique<net::SocketServer>(*network, *broker, clock, limits_of(settings));
  live_limits->follow(*sockets, *loader->holder().current());
  for (const Listener& listener : settings.listeners()) {
    TRY_ASSIGN(const net::Endpoint at, sockets->listen({listener.name, {listener.host, listener.port}}));
    listening.push_back({listener.name, at});
  }
  return {};
}

Result<> Server::Parts::register_broker() {
  controller::RegisterBroker wish;
  wish.id = settings.node_id();
  wish.incarnation = Uuid::random(random);
  wish.rack = settings.find(setting::kBrokerRack);
  for (const Listening& listener : listening) {
    const Listener* advertised = settings.advertised(listener.name);
    wish.endpoints.push_back(advertised != nullptr ? metadata::Endpoint{listener.name, advertised->host, advertised->port, 0}
                                                   : metadata::Endpoint{listener.name, listener.at.host, listener.at.port, 0});
  }
  std::promise<controller::Outcome<controller::RegisteredBroker>> registered;
  auto outcome = registered.get_future();
  controller->submit(std::move(wish),
                     [&registered](controller::Outcome<controller::RegisteredBroker> done) { registered.set_value(std::move(done)); });
  const auto told = outcome.get();
  if (!told) return fail(Errc::kFenced, "broker not registered: " + told.error().message);
  return {};
}

// Nice to have, unlike a listener for clients: a port that is taken does not stop the start.
void Server::Parts::listen_http() {
  const MonoDuration took = clock.mono() - begun;
  console::StartFacts start{.started_ms = clock.wall_ms() - std::chrono::duration_cast<std::chrono::milliseconds>(took).count(),
                            .took_seconds = std::chrono::duration<double>(took).count(),
                            .version = std::string(cli::kVersion),
                            .recovery = std::move(recovery)};
  console = std::make_unique<console::Console>(
      console::ConsoleDeps{
          .clock = clock, .broker = *broker, .sockets = *sockets, .logs = *logs, .process = [] { return process_facts(); }},
      std::move(start));
  http = std::make_unique<console::HttpServer>(*network, *control, clock,
                                               [this](const console::HttpRequest& request) { return console->answer(request); });
  const auto& wanted = settings.http_listener();
  if (!wanted) return;
  const auto at = http->listen({wanted->host, wanted->port});
  if (at) {
    http_at = *at;
  } else {
    log::warn("http not served", {{"listener", net::to_string({wanted->host, wanted->port})},
                                  {"error", at.error().message},
                                  {"hint", "barnabas.http.listener names another address, or none"}});
  }
}

void Server::Parts::run_loops() {
  for (const auto& loop : loops) {
    io_threads.emplace_back([&loop = *loop] { loop.run(); });
  }
  sweep();
}

void Server::Parts::sweep() {
  control->post_at(clock.mono() + kSweepEvery, [this] {
    if (stopped) return;
    sockets->sweep();
    http->sweep();
    sweep();
  });
}

void Server::Parts::stop() {
  if (loader == nullptr || std::exchange(taken_down, true)) return;
  if (console != nullptr) console->stopping();
  if (sockets != nullptr) sockets->stop_listening();
  if (groups != nullptr) groups->stop();
  if (partitions != nullptr) partitions->stop();
  if (sockets != nullptr) sockets->close_all();
  if (http != nullptr) {
    http->stop_listening();
    http->close_all();
  }
  for (const auto& loop : loops) loop->stop();
  io_threads.clear();
  std::promise<void> closed;
  control->post([this, &closed] {
    stopped = true;
    metadata_log->close([&closed] { closed.set_value(); });
  });
  closed.get_future().wait();
  if (const auto done = logs->close(); !done) log::error("data directory not cleanly closed", {{"error", done.error().message}});
  // Everything that still runs (a fetch that reads from a disk, a late answer) ends while all it may call is still there.
  control->stop();
  for (const auto& queue : queues) queue->stop();
}

Server::Parts::~Parts() { stop(); }

Result<std::unique_ptr<Server>> Server::start(const Settings& settings, Fatal fatal) {
  auto parts = std::make_unique<Parts>(settings, std::move(fatal));
  std::unique_ptr<Server> server(new Server(std::move(parts)));
  TRY(server->parts_->open_storage());
  TRY(server->parts_->load_logs());
  TRY(server->parts_->start_metadata());
  TRY(server->parts_->listen());
  TRY(server->parts_->register_broker());
  server->parts_->listen_http();
  server->parts_->run_loops();
  return server;
}

Server::Server(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Server::~Server() = default;

const std::vector<Server::Listening>& Server::listeners() const { return parts_->listening; }

const std::optional<net::Endpoint>& Server::http() const { return parts_->http_at; }

const std::string& Server::cluster_id() const { return parts_->cluster_id; }

void Server::stop() { parts_->stop(); }

}  // namespace barnabas::server
