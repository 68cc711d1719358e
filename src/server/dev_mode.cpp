#include "server/dev_mode.h"

#include <fmt/format.h>

#include <array>
#include <cstdlib>
#include <map>

#include "base/log.h"
#include "base/posix_disk.h"
#include "cli/version.h"
#include "client/cluster.h"
#include "client/refusal.h"
#include "model/record_batch_builder.h"
#include "net/posix_dial.h"
#include "protocol/generated/create_topics.h"
#include "protocol/generated/produce.h"

namespace barnabas::server {
namespace {

constexpr const char* kOrders = "orders";
constexpr const char* kTest = "test";
constexpr std::int32_t kOrdersPartitions = 3;
constexpr std::int16_t kCreateVersion = 7, kProduceVersion = 12;  // the newest that names topics by their name
constexpr auto kFillTimeout = std::chrono::seconds(10);

struct Sample {
  PartitionIndex partition;  // where Kafka's producers put this key, of three
  std::string_view key, value;
};
constexpr std::array kSamples{
    Sample{0, "oslo", R"({"order":1001,"item":"lamp","pieces":2})"},    Sample{2, "lagos", R"({"order":1002,"item":"chair","pieces":4})"},
    Sample{1, "cairo", R"({"order":1003,"item":"kettle","pieces":1})"}, Sample{0, "quito", R"({"order":1004,"item":"lamp","pieces":1})"},
    Sample{2, "lima", R"({"order":1005,"item":"table","pieces":1})"},   Sample{0, "oslo", R"({"order":1006,"item":"chair","pieces":2})"},
    Sample{2, "delhi", R"({"order":1007,"item":"kettle","pieces":3})"}, Sample{1, "cairo", R"({"order":1008,"item":"lamp","pieces":5})"},
    Sample{0, "osaka", R"({"order":1009,"item":"table","pieces":1})"},  Sample{2, "perth", R"({"order":1010,"item":"chair","pieces":6})"},
    Sample{1, "cairo", R"({"order":1011,"item":"table","pieces":2})"},  Sample{2, "lagos", R"({"order":1012,"item":"lamp","pieces":1})"},
};

// Where this machine reaches a listener.
net::Endpoint reachable(net::Endpoint listening) {
  if (listening.host.empty() || listening.host == "0.0.0.0" || listening.host == "::") listening.host = "localhost";
  return listening;
}

Result<> create_topics(client::Cluster& cluster) {
  protocol::CreateTopicsRequest request;
  request.timeout_ms = cluster.timeout_ms();
  for (const auto& [name, partitions] : {std::pair{kOrders, kOrdersPartitions}, std::pair{kTest, 1}}) {
    auto& topic = request.topics.emplace_back();
    topic.name = name;
    topic.num_partitions = partitions;
    topic.replication_factor = 1;
  }
  TRY_ASSIGN(client::Connection * broker, cluster.any());
  TRY_ASSIGN(const auto answer, broker->call<protocol::CreateTopicsResponse>(request, kCreateVersion, cluster.deadline()));
  for (const auto& topic : answer->topics) TRY(client::accepted(topic.error_code, "topic " + topic.name, topic.error_message));
  return {};
}

Result<> write_samples(client::Cluster& cluster, std::int64_t now_ms) {
  std::map<PartitionIndex, RecordBatchBuilder> builders;
  for (const Sample& sample : kSamples) {
    builders.try_emplace(sample.partition)
        .first->second.add({.timestamp_ms = now_ms, .key = as_bytes(sample.key), .value = as_bytes(sample.value)});
  }
  std::map<PartitionIndex, Bytes> batches;
  for (auto& [partition, builder] : builders) batches.emplace(partition, std::move(builder).build());
  protocol::ProduceRequest request;
  request.acks = -1;
  request.timeout_ms = cluster.timeout_ms();
  auto& topic = request.topic_data.emplace_back();
  topic.name = kOrders;
  for (const auto& [partition, batch] : batches) {
    auto& data = topic.partition_data.emplace_back();
    data.index = partition;
    data.records = protocol::RecordsField(ByteView(batch));
  }
  TRY_ASSIGN(client::Connection * broker, cluster.any());
  TRY_ASSIGN(const auto answer, broker->call<protocol::ProduceResponse>(request, kProduceVersion, cluster.deadline()));
  for (const auto& answered : answer->responses) {
    for (const auto& partition : answered.partition_responses)
      TRY(client::accepted(partition.error_code, "records of " + answered.name, partition.error_message));
  }
  return {};
}

}  // namespace

Result<DevMode> DevMode::begin(const Environment& environment) {
  const auto temporary = environment.find("TMPDIR");
  std::string path = temporary == environment.end() || temporary->second.empty() ? "/tmp" : temporary->second;
  path += "/barnabas-dev-XXXXXX";
  if (::mkdtemp(path.data()) == nullptr) return fail_errno(errno, "make a temporary directory " + path);
  return DevMode(std::move(path));
}

DevMode::~DevMode() {
  if (directory_.empty()) return;
  PosixDisk disk;
  if (const auto done = disk.remove_all(directory_); !done) log::error("temporary data stays", {{"error", done.error().message}});
}

std::vector<std::string> DevMode::defaults() const {
  return {
      "log.dirs=" + directory_,
      "barnabas.durability=page-cache",      // it will not outlive the process: nothing to sync for
      "group.initial.rebalance.delay.ms=0",  // as in Kafka's own example files: the first consumer starts at once
  };
}

Result<> DevMode::check(const Settings& settings) {
  for (const std::string_view name : {"log.dirs", "log.dir"}) {
    if (!settings.is_set(name) || settings.origin(name) == kDevOrigin) continue;
    return fail(Errc::kInvalidArgument,
                fmt::format("--dev removes its data at the end, and {} ({}) says where data is to stay: leave one out", name,
                            settings.origin(name)));
  }
  return {};
}

Result<> DevMode::fill(const net::Endpoint& listening, const Clock& clock) {
  net::PosixDialer dialer(clock);
  client::ClusterOptions options;
  options.bootstrap = {reachable(listening)};
  options.timeout = kFillTimeout;
  options.connection.client_id = "barnabas-dev";
  options.connection.software_version = cli::kVersion;
  client::Cluster cluster(dialer, clock, std::move(options));
  TRY(create_topics(cluster));
  return write_samples(cluster, clock.wall_ms());
}

std::string DevMode::welcome(const net::Endpoint& listening, bool filled) const {
  const net::Endpoint at = reachable(listening);
  const std::string where = at == net::Endpoint{"localhost", 9092} ? std::string() : " -b " + net::to_string(at);
  std::string text = fmt::format("\nA broker to try things with, at {}. Its data, in {}, is removed when it ends; Ctrl-C ends it.\n",
                                 net::to_string(at), directory_);
  if (!filled) return text + "\n";
  return text + fmt::format(
                    "Topics: {} with {} records, and {}, empty. From another terminal, or with any Kafka client:\n\n"
                    "  barnabas consume {} -O :end -f '%p %o %k %v\\n'{}\n\n",
                    kOrders, kSamples.size(), kTest, kOrders, where);
}

}  // namespace barnabas::server
