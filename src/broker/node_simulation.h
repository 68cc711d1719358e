#pragma once
// A whole node in one thread and in virtual time, and clients that speak the protocol to it: for tests.
//
//   SimMachine machine(seed);                what outlives a process: disk, clock, chance
//   SimNode node(machine, {"log.dirs=/d"});  a process; built as server/server.cpp builds the real one
//   SimKafkaClient client(machine, node);
//   auto response = client.call<protocol::FetchResponse>(request, 12);
//   node.power_cut(PowerCut::kRandom);       and a new SimNode on the same machine
//
// Nothing happens but in call(), start(), and when the test lets the machine run.
#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/sim_disk.h"
#include "broker/broker.h"
#include "broker/group_partitions.h"
#include "metadata/loader.h"
#include "metadata/local_log.h"
#include "net/sim_network.h"
#include "net/socket_server.h"
#include "storage/log_manager.h"

namespace barnabas::broker::simulation {

// What a process runs on and leaves behind.
struct SimMachine {
  explicit SimMachine(std::uint64_t seed) : random(seed) {}

  void run() { executor.run_until_idle(); }
  void pass(std::int64_t ms) { executor.advance(std::chrono::milliseconds(ms)); }
  // Lets time pass until the condition holds, at most a minute.
  bool run_until(const std::function<bool()>& condition) {
    const MonoTime end = clock.mono() + std::chrono::minutes(1);
    while (!condition()) {
      if (clock.mono() > end || !executor.step()) return condition();
    }
    return true;
  }

  SimClock clock;
  SimExecutor executor{clock};
  SimDisk disk;
  SimRandom random;
};

class SimNode {
 public:
  static constexpr std::uint16_t kPort = 9092;

  SimNode(SimMachine& machine, std::vector<std::string> overrides) : machine_(machine) {
    SettingSources sources;
    sources.overrides = std::move(overrides);
    auto loaded = Settings::load(sources);
    EXPECT_TRUE(loaded) << loaded.error().message;
    settings_ = std::make_unique<Settings>(*std::move(loaded));
  }
  ~SimNode() { take_down(); }
  SimNode(const SimNode&) = delete;
  SimNode& operator=(const SimNode&) = delete;

  Result<> start() {
    TRY(open_storage());
    TRY(start_metadata());
    TRY(serve());
    return register_broker();
  }

  SimDiskQueue& disk_queue() { return *queue_; }
  net::SimNetwork& network() { return network_; }
  std::shared_ptr<replication::Partition> partition(std::string_view topic, PartitionIndex index) {
    return partitions_->find(loader_->holder().current()->find_topic(topic)->id, index);
  }
  const std::string& fatal() const { return fatal_; }

  void power_cut(PowerCut kind) {
    machine_.disk.power_cut(kind, machine_.random);
    take_down();
  }
  // kill -9: the kernel keeps what it has.
  void kill() {
    machine_.disk.kill();
    take_down();
  }
  // SIGTERM.
  Result<> stop() {
    sockets_->stop_listening();
    groups_->stop();
    partitions_->stop();
    sockets_->close_all();
    machine_.run();
    bool closed = false;
    metadata_log_->close([&closed] { closed = true; });
    if (!machine_.run_until([&] { return closed; })) return fail(Errc::kTimeout, "the metadata log did not close");
    const Result<> done = logs_->close();
    take_down();
    return done;
  }

 private:
  Result<> open_storage() {
    storage::LogManagerOptions options;
    for (const std::string& directory : settings_->log_dirs()) options.directories.emplace_back(directory);
    options.node_id = settings_->node_id();
    storage::LogManagerDeps deps{
        .disk = machine_.disk, .clock = machine_.clock, .executor = machine_.executor, .random = machine_.random, .queues = {}};
    for (std::size_t i = 0; i < options.directories.size(); ++i) deps.queues.push_back(queue_.get());
    TRY_ASSIGN(logs_, storage::LogManager::open(std::move(deps), std::move(options)));
    TRY_ASSIGN(const auto defaults, replication::TopicSettings::make(*settings_, {}));
    std::optional<storage::LoadReport> report;
    logs_->load([config = defaults->log](const std::string&) { return config; },
                [&](storage::LoadReport done) { report = std::move(done); });
    if (!machine_.run_until([&] { return report.has_value(); })) return fail(Errc::kTimeout, "logs did not load");
    if (!report->failed.empty()) return std::unexpected(report->failed.front().error);
    if (!report->damage.empty()) return fail(Errc::kCorrupt, "damage in " + report->damage.front().file);
    return {};
  }

  Result<> start_metadata() {
    loader_ = std::make_unique<metadata::MetadataLoader>(logs_->cluster_id(), [this](std::string why) { fatal_ = std::move(why); });
    metadata::LocalLogOptions options;
    options.directory = Path(settings_->log_dirs().front()) / "metadata";
    options.cluster_id = logs_->cluster_id();
    options.node = settings_->node_id();
    metadata_log_ = metadata::make_local_log(std::move(options), machine_.disk, *queue_, machine_.executor, machine_.random);
    bool active = false;
    controller_ = std::make_unique<controller::Controller>(*metadata_log_, loader_->holder(), machine_.executor, machine_.random,
                                                           controller::Policy::of(*settings_), [&active] { active = true; });
    partitions_ = std::make_unique<replication::PartitionManager>(*logs_, *settings_, settings_->node_id());
    topics_ = std::make_unique<ImageTopics>(loader_->holder());
    groups_ = std::make_unique<coordinator::GroupCoordinator>(group_settings(*settings_), machine_.clock, machine_.random,
                                                              machine_.executor, *topics_);
    group_partitions_ = std::make_unique<GroupPartitions>(*groups_, *partitions_, machine_.clock, settings_->node_id());
    loader_->add_publisher(*partitions_);
    loader_->add_publisher(*group_partitions_);
    loader_->set_leadership_listener(*controller_);
    machine_.executor.post([this] { metadata_log_->start(*loader_); });
    logs_->set_retention_bound([this](const storage::Log& log) {
      const auto partition = partitions_->find({log.topic_id(), log.partition()});
      return partition == nullptr ? Offset(0) : partition->high_watermark();
    });
    logs_->start_background();
    if (machine_.run_until([&] { return active || !fatal_.empty(); }) && active) return {};
    return fail(Errc::kIo, "no controller: " + fatal_);
  }

  Result<> serve() {
    broker_ = std::make_unique<Broker>(BrokerDeps{.settings = *settings_,
                                                  .clock = machine_.clock,
                                                  .random = machine_.random,
                                                  .images = loader_->holder(),
                                                  .controller = *controller_,
                                                  .partitions = *partitions_,
                                                  .groups = *groups_,
                                                  .logs = *logs_});
    net::ServerLimits limits;
    limits.queued_max_bytes = UINT64_MAX;
    sockets_ = std::make_unique<net::SocketServer>(network_, *broker_, machine_.clock, limits);
    TRY(sockets_->listen({"PLAINTEXT", {"", kPort}}));
    return {};
  }

  Result<> register_broker() {
    controller::RegisterBroker wish;
    wish.id = settings_->node_id();
    wish.incarnation = Uuid::random(machine_.random);
    wish.endpoints.push_back({"PLAINTEXT", "10.0.0.100", kPort, 0});
    bool registered = false;
    controller_->submit(std::move(wish), [&registered](const auto& outcome) { registered = outcome.has_value(); });
    if (machine_.run_until([&] { return registered; })) return {};
    return fail(Errc::kFenced, "broker not registered");
  }

  // The process is gone: nothing it had begun goes on. What its parts say to each other while they die reaches nobody.
  void take_down() {
    if (gone_) return;
    gone_ = true;
    if (groups_ != nullptr) groups_->stop();
    if (partitions_ != nullptr) partitions_->stop();
    for (int i = 0; i < 3; ++i) machine_.executor.drop_everything();
    queue_.reset();  // a sync that hangs may hold the last reference to a log
    for (int i = 0; i < 3; ++i) machine_.executor.drop_everything();
    sockets_.reset();
    broker_.reset();
    group_partitions_.reset();
    groups_.reset();
    topics_.reset();
    partitions_.reset();
    controller_.reset();
    metadata_log_.reset();
    loader_.reset();
    machine_.executor.drop_everything();
    logs_.reset();
    machine_.executor.drop_everything();
  }

  SimMachine& machine_;
  bool gone_ = false;
  std::string fatal_;
  std::unique_ptr<Settings> settings_;
  net::SimNetwork network_{machine_.executor};
  std::unique_ptr<SimDiskQueue> queue_ = std::make_unique<SimDiskQueue>(machine_.executor, machine_.clock);
  std::unique_ptr<storage::LogManager> logs_;
  std::unique_ptr<metadata::MetadataLoader> loader_;
  std::unique_ptr<metadata::MetadataLog> metadata_log_;
  std::unique_ptr<controller::Controller> controller_;
  std::unique_ptr<replication::PartitionManager> partitions_;
  std::unique_ptr<ImageTopics> topics_;
  std::unique_ptr<coordinator::GroupCoordinator> groups_;
  std::unique_ptr<GroupPartitions> group_partitions_;
  std::unique_ptr<Broker> broker_;
  std::unique_ptr<net::SocketServer> sockets_;
};

// One connection of a client. Bytes fields of a response are good for as long as the client lives.
class SimKafkaClient {
 public:
  SimKafkaClient(SimMachine& machine, SimNode& node) : machine_(machine), connection_(node.network().connect(SimNode::kPort)) {
    connection_->pipe().window_bytes = 64 << 20;
  }

  bool closed() const { return connection_->closed(); }

  // Sends and does not wait; the number names the answer.
  template <class Request>
  std::int32_t send(const Request& request, std::int16_t version) {
    const std::int32_t id = ++last_id_;
    auto frame = protocol::encode_request({.correlation_id = id, .client_id = "simulation"}, request, version);
    EXPECT_TRUE(frame) << frame.error().message;
    for (const Slice& slice : frame->slices) connection_->send(std::get<MemorySlice>(slice).bytes);
    return id;
  }
  // nullopt: not answered yet.
  template <class Response>
  std::optional<Response> answer(std::int32_t id, std::int16_t version) {
    collect();
    const auto found = answers_.find(id);
    if (found == answers_.end()) return std::nullopt;
    protocol::Decoder decoder{ByteView(*found->second)};
    EXPECT_EQ(decoder.fixed<std::int32_t>(), id);
    protocol::UnknownTags tags;
    const auto* api = protocol::find_api(static_cast<std::int16_t>(Response::kKey));
    if (protocol::response_header_version(*api, version) > 0) decoder.unknown_tags(tags);
    auto response = protocol::decode<Response>(decoder, version);
    EXPECT_TRUE(response) << response.error().message;
    answers_.erase(found);
    return *std::move(response);
  }
  // Sends, and lets time pass until the answer is there.
  template <class Response, class Request>
  Response call(const Request& request, std::int16_t version) {
    const std::int32_t id = send(request, version);
    std::optional<Response> response;
    machine_.run_until([&] { return (response = answer<Response>(id, version)).has_value() || closed(); });
    EXPECT_TRUE(response) << "no answer to " << protocol::name(Request::kKey) << (closed() ? ", connection closed" : "");
    return std::move(response).value_or(Response());
  }

 private:
  void collect() {
    const Bytes arrived = connection_->take();
    received_.insert(received_.end(), arrived.begin(), arrived.end());
    std::size_t at = 0;
    while (received_.size() - at >= 4) {
      const auto length = static_cast<std::size_t>(load_be<std::int32_t>(received_.data() + at));
      if (received_.size() - at - 4 < length) break;
      const auto begin = received_.begin() + static_cast<std::ptrdiff_t>(at + 4);
      const Bytes& frame = frames_.emplace_back(begin, begin + static_cast<std::ptrdiff_t>(length));
      answers_[load_be<std::int32_t>(frame.data())] = &frame;
      at += 4 + length;
    }
    received_.erase(received_.begin(), received_.begin() + static_cast<std::ptrdiff_t>(at));
  }

  SimMachine& machine_;
  std::unique_ptr<net::SimClient> connection_;
  std::int32_t last_id_ = 0;
  Bytes received_;
  std::deque<Bytes> frames_;
  std::map<std::int32_t, const Bytes*> answers_;
};

}  // namespace barnabas::broker::simulation
