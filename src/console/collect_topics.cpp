// Topics and partitions (console.h). What has series of its own is the first so many partitions in the order of their names;
// topics behind them are counted together as "other topics", so that sums over a counter are right.
#include <algorithm>
#include <tuple>

#include "console/console.h"

namespace barnabas::console {
namespace {

using replication::Partition;

constexpr std::string_view kOther = "other topics";  // no topic can have a blank in its name

struct Row {
  std::shared_ptr<Partition> partition;
  const metadata::Partition* known;  // in the image
  std::string index;
};

struct TopicTotals {
  std::string_view topic;
  std::size_t partitions = 0;
  std::uint64_t records_in = 0, bytes_in = 0, bytes_out = 0;
  std::uint64_t produces = 0, failed_produces = 0, fetches = 0, failed_fetches = 0;

  void add(replication::Traffic& traffic) {
    ++partitions;
    records_in += traffic.records_in.value();
    bytes_in += traffic.bytes_in.value();
    bytes_out += traffic.bytes_out.value();
    produces += traffic.produces.value();
    failed_produces += traffic.failed_produces.value();
    fetches += traffic.fetches.value();
    failed_fetches += traffic.failed_fetches.value();
  }
};

// By topic and index.
std::vector<Row> rows_of(const replication::PartitionManager& partitions, const metadata::Image& image) {
  std::vector<Row> rows;
  for (auto& partition : partitions.all()) {
    const metadata::Partition* known = image.find_partition(partition->id());
    if (known != nullptr) rows.push_back({std::move(partition), known, {}});
  }
  std::ranges::sort(rows, {}, [](const Row& row) {
    return std::tuple<std::string_view, PartitionIndex>(row.partition->topic(), row.partition->id().partition);
  });
  return rows;
}

std::vector<TopicTotals> totals_of(const std::vector<Row>& rows, std::size_t shown) {
  std::vector<TopicTotals> topics;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const std::string_view topic = rows[i].partition->topic();
    const bool known = !topics.empty() && topics.back().topic == topic;
    const std::string_view under = i < shown || known ? topic : kOther;
    if (topics.empty() || topics.back().topic != under) topics.push_back({.topic = under});
    topics.back().add(rows[i].partition->traffic());
  }
  return topics;
}

void topic_counters(const std::vector<TopicTotals>& topics, Sink& sink) {
  const auto each = [&](const Family& family, std::uint64_t TopicTotals::* which) {
    sink.begin(family);
    for (const TopicTotals& topic : topics) sink.sample({{"topic", topic.topic}}, static_cast<double>(topic.*which));
  };
  each(family("kafka_server_brokertopicmetrics_totalproducerequests_total"), &TopicTotals::produces);
  each(family("kafka_server_brokertopicmetrics_failedproducerequests_total"), &TopicTotals::failed_produces);
  each(family("kafka_server_brokertopicmetrics_totalfetchrequests_total"), &TopicTotals::fetches);
  each(family("kafka_server_brokertopicmetrics_failedfetchrequests_total"), &TopicTotals::failed_fetches);
  sink.begin(family("kafka_topic_partitions"));
  for (const TopicTotals& topic : topics) {
    if (topic.topic != kOther) sink.sample({{"topic", topic.topic}}, static_cast<double>(topic.partitions));
  }
}

// With topics, and without one: over everything since the start.
void topic_traffic(const std::vector<TopicTotals>& topics, const Family& family, std::uint64_t TopicTotals::* which,
                   const broker::Broker& broker, metrics::Tally broker::LoopMetrics::* total, Sink& sink) {
  sink.begin(family);
  std::uint64_t all = 0;
  for (std::size_t loop = 0; loop < broker.loop_count(); ++loop) all += (broker.counts(loop).*total).value();
  sink.sample({}, static_cast<double>(all));
  for (const TopicTotals& topic : topics) sink.sample({{"topic", topic.topic}}, static_cast<double>(topic.*which));
}

void partition_gauges(std::span<const Row> rows, Sink& sink) {
  const auto each = [&](const Family& family, auto&& value_of) {
    sink.begin(family);
    for (const Row& row : rows) {
      sink.sample({{"topic", row.partition->topic()}, {"partition", row.index}}, static_cast<double>(value_of(row)));
    }
  };
  each(family("kafka_topic_partition_current_offset"), [](const Row& row) { return row.partition->high_watermark().value(); });
  each(family("kafka_topic_partition_oldest_offset"), [](const Row& row) { return row.partition->log().log_start().value(); });
  each(family("kafka_topic_partition_leader"), [](const Row& row) { return row.known->leader; });
  each(family("kafka_topic_partition_leader_is_preferred"),
       [](const Row& row) { return !row.known->replicas.empty() && row.known->replicas.front() == row.known->leader; });
  each(family("kafka_topic_partition_replicas"), [](const Row& row) { return row.known->replicas.size(); });
  each(family("kafka_topic_partition_in_sync_replica"), [](const Row& row) { return row.known->isr.size(); });
  each(family("kafka_topic_partition_under_replicated_partition"),
       [](const Row& row) { return row.known->isr.size() < row.known->replicas.size(); });
  each(family("kafka_cluster_partition_replicascount"), [](const Row& row) { return row.known->replicas.size(); });
  const auto spare = [](const Row& row) {
    return static_cast<std::int64_t>(row.known->isr.size()) - row.partition->settings()->config.min_insync_replicas;
  };
  each(family("kafka_cluster_partition_underminisr"), [&](const Row& row) { return spare(row) < 0; });
  each(family("kafka_cluster_partition_atminisr"), [&](const Row& row) { return spare(row) == 0; });
  each(family("kafka_log_log_size"), [](const Row& row) { return row.partition->log().size_bytes(); });
  each(family("kafka_log_log_logstartoffset"), [](const Row& row) { return row.partition->log().log_start().value(); });
  each(family("kafka_log_log_logendoffset"), [](const Row& row) { return row.partition->log().log_end().value(); });
}

// Over the whole cluster: who leads, and whether the leader's log works as far as we know.
std::int64_t offline_partitions(const metadata::Image& image, const std::vector<Row>& rows) {
  std::int64_t offline = 0;
  image.for_each_topic([&](const metadata::TopicPtr& topic) {
    for (const metadata::PartitionPtr& partition : topic->partitions) offline += partition->leader == metadata::kNoLeader ? 1 : 0;
  });
  for (const Row& row : rows) offline += row.partition->log().failure() ? 1 : 0;
  return offline;
}

}  // namespace

void Console::collect_topics(Sink& sink) const {
  const broker::Broker& broker = deps_.broker;
  const metadata::ImagePtr image = broker.images().current();
  std::vector<Row> rows = rows_of(broker.partitions(), *image);
  const std::size_t shown = std::min(rows.size(), series_max());
  for (std::size_t i = 0; i < shown; ++i) rows[i].index = std::to_string(rows[i].partition->id().partition);

  const std::vector<TopicTotals> topics = totals_of(rows, shown);
  using broker::LoopMetrics;
  topic_traffic(topics, family("kafka_server_brokertopicmetrics_messagesin_total"), &TopicTotals::records_in, broker,
                &LoopMetrics::records_in, sink);
  topic_traffic(topics, family("kafka_server_brokertopicmetrics_bytesin_total"), &TopicTotals::bytes_in, broker, &LoopMetrics::bytes_in,
                sink);
  topic_traffic(topics, family("kafka_server_brokertopicmetrics_bytesout_total"), &TopicTotals::bytes_out, broker, &LoopMetrics::bytes_out,
                sink);
  topic_counters(topics, sink);
  partition_gauges(std::span(rows).first(shown), sink);

  const auto led = std::ranges::count(rows, broker.id(), [](const Row& row) { return row.known->leader; });
  const auto under = std::ranges::count_if(
      rows, [&](const Row& row) { return row.known->leader == broker.id() && row.known->isr.size() < row.known->replicas.size(); });
  sink.one(family("kafka_server_replicamanager_partitioncount"), static_cast<double>(rows.size()));
  sink.one(family("kafka_server_replicamanager_leadercount"), static_cast<double>(led));
  sink.one(family("kafka_server_replicamanager_underreplicatedpartitions"), static_cast<double>(under));
  sink.one(family("kafka_controller_kafkacontroller_offlinepartitionscount"), static_cast<double>(offline_partitions(*image, rows)));
  sink.begin(family("barnabas_metrics_left_out"));
  sink.sample({{"of", "partitions"}}, static_cast<double>(rows.size() - shown));
}

}  // namespace barnabas::console
