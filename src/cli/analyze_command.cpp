// barnabas topic analyze: how fast a topic was written, from the timestamps of its records, and what that asks for.
#include <algorithm>

#include "cli/admin_command.h"
#include "cli/rates.h"
#include "client/admin.h"
#include "client/refusal.h"
#include "protocol/generated/describe_log_dirs.h"

namespace barnabas::cli {
namespace {

using client::Cluster;
using client::NamedPartition;
using Topic = protocol::MetadataResponse::MetadataResponseTopic;

constexpr int kSlices = 12;  // of the window: the busiest of them is the peak

Result<std::vector<std::int64_t>> offsets_at(Cluster& cluster, const protocol::MetadataResponse& topics, const Topic& topic,
                                             std::int64_t timestamp) {
  client::OffsetsWanted wanted;
  for (const auto& partition : topic.partitions) wanted[{*topic.name, partition.partition_index}] = timestamp;
  TRY_ASSIGN(const auto found, client::list_offsets(cluster, topics, wanted));
  std::vector<std::int64_t> offsets;
  for (const auto& [partition, one] : found) {
    TRY(client::accepted(wire(one.error), partition.topic + "-" + std::to_string(partition.partition)));
    offsets.push_back(one.offset);
  }
  return offsets;
}

// Bytes of all logs of the topic, one replica each; 0: this broker does not tell.
Result<std::int64_t> bytes_of(Cluster& cluster, const Topic& topic) {
  std::map<PartitionIndex, std::int64_t> sizes;
  TRY_ASSIGN(const auto* members, cluster.members());
  for (const auto& node : members->brokers) {
    TRY_ASSIGN(client::Connection * broker, cluster.broker(node.node_id));
    protocol::DescribeLogDirsRequest request;
    auto& asked = request.topics.emplace().emplace_back();
    asked.topic = *topic.name;
    for (const auto& partition : topic.partitions) asked.partitions.push_back(partition.partition_index);
    const auto answer = broker->call<protocol::DescribeLogDirsResponse>(request, INT16_MAX, cluster.deadline());
    if (!answer && answer.error().code == Errc::kUnsupported) return std::int64_t{0};
    if (!answer) return std::unexpected(answer.error());
    for (const auto& directory : (*answer)->results) {
      for (const auto& found : directory.topics) {
        for (const auto& partition : found.partitions) {
          sizes[partition.partition_index] = std::max(sizes[partition.partition_index], partition.partition_size);
        }
      }
    }
  }
  std::int64_t total = 0;
  for (const auto& [partition, size] : sizes) total += size;
  return total;
}

std::int64_t sum(const std::vector<std::int64_t>& all) {
  std::int64_t total = 0;
  for (const std::int64_t each : all) total += each;
  return total;
}

Result<MeasuredTopic> measure(Cluster& cluster, const protocol::MetadataResponse& topics, const Topic& topic, std::int64_t now_ms,
                              std::int64_t window_ms) {
  TRY_ASSIGN(const auto starts, offsets_at(cluster, topics, topic, client::kEarliest));
  TRY_ASSIGN(const auto ends, offsets_at(cluster, topics, topic, client::kLatest));
  MeasuredTopic measured;
  measured.window_s = static_cast<double>(window_ms) / 1000;
  std::vector<std::int64_t> before;
  for (int slice = 0; slice <= kSlices; ++slice) {
    const std::int64_t time = std::max<std::int64_t>(0, now_ms - window_ms + window_ms * slice / kSlices);
    std::vector<std::int64_t> at = ends;
    if (slice < kSlices) { TRY_ASSIGN(at, offsets_at(cluster, topics, topic, time)); }
    for (std::size_t i = 0; i < at.size(); ++i) at[i] = at[i] < 0 ? ends[i] : at[i];
    if (slice == 0) measured.ends = at;
    if (slice > 0) {
      measured.peak_records_per_s =
          std::max(measured.peak_records_per_s, static_cast<double>(sum(at) - sum(before)) * kSlices / measured.window_s);
    }
    before = std::move(at);
  }
  for (std::size_t i = 0; i < ends.size(); ++i) measured.ends[i] = std::max<std::int64_t>(0, ends[i] - measured.ends[i]);
  TRY_ASSIGN(const std::int64_t bytes, bytes_of(cluster, topic));
  const std::int64_t records = sum(ends) - sum(starts);
  if (bytes > 0 && records > 0) measured.bytes_per_record = static_cast<double>(bytes) / static_cast<double>(records);
  return measured;
}

double rounded(double value) { return static_cast<double>(static_cast<std::int64_t>(value * 100 + 0.5)) / 100; }

}  // namespace

int run(const Asked& asked, const TopicAnalyze& analyze) {
  auto cluster = connect(asked.context, asked.connection);
  if (!cluster) return wrong_usage(asked.context, cluster.error().message);
  auto topics = cluster->topics(std::vector<std::string>{analyze.name});
  if (!topics) return failed(asked.context, topics.error());
  if (topics->message.topics.size() != 1) return failed(asked.context, {Errc::kCorrupt, "the broker answered for something else"});
  Topic& topic = topics->message.topics.front();
  if (const auto there = client::accepted(topic.error_code, "topic " + analyze.name); !there) return failed(asked.context, there.error());
  topic.name = analyze.name;
  const std::int64_t window_ms = std::chrono::duration_cast<std::chrono::milliseconds>(analyze.window).count();
  if (window_ms < kSlices) return wrong_usage(asked.context, "--window is too short");
  const auto measured = measure(*cluster, **topics, topic, asked.context.clock.wall_ms(), window_ms);
  if (!measured) return failed(asked.context, measured.error());
  const Advice advice =
      advise(*measured, {.partition_bytes_per_s = analyze.partition_mb * 1e6, .consumer_records_per_s = analyze.consumer_records});
  Table partitions({"partition", "records", "records_per_s"});
  for (std::size_t i = 0; i < measured->ends.size(); ++i) {
    partitions.add({static_cast<std::int32_t>(i), measured->ends[i], rounded(static_cast<double>(measured->ends[i]) / measured->window_s)});
  }
  Value::Object about{{"topic", analyze.name},
                      {"window_s", rounded(measured->window_s)},
                      {"records", sum(measured->ends)},
                      {"mean_records_per_s", rounded(static_cast<double>(sum(measured->ends)) / measured->window_s)},
                      {"peak_records_per_s", rounded(measured->peak_records_per_s)},
                      {"bytes_per_record", measured->bytes_per_record > 0 ? Value(rounded(measured->bytes_per_record)) : Value()},
                      {"partition_count", static_cast<std::int32_t>(measured->ends.size())},
                      {"advised_partition_count", advice.partitions}};
  std::string text = fields_text(about) + "\n" + partitions.text(!asked.output.no_headings) + "\n";
  Value::List reasons;
  for (const std::string& reason : advice.reasons) {
    text += reason + "\n";
    reasons.emplace_back(reason);
  }
  about.emplace_back("reasons", std::move(reasons));
  about.emplace_back("partitions", partitions.value());
  print(asked.context, asked.output, text, about);
  return kDone;
}

}  // namespace barnabas::cli
