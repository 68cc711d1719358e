// DescribeLogDirs: what lies in each log directory, and how much room there is.
//
// Behaviour: null topics mean all; partitions that are not here are left out. A directory that failed is told with
// KAFKA_STORAGE_ERROR (56). The file systems are asked on a disk's queue: they may make one wait.
// Versions: 2 is flexible, 3 adds an error of the whole request, 4 sizes of the disk, 5 cordoned directories (none here).
#include <algorithm>
#include <map>
#include <set>

#include "broker/broker.h"
#include "broker/handlers/handlers.h"

namespace barnabas::broker {
namespace {

using protocol::DescribeLogDirsRequest;
using protocol::DescribeLogDirsResponse;
using Directory = DescribeLogDirsResponse::DescribeLogDirsResult;

// What the request wants to know of; nullopt: everything.
using Wanted = std::optional<std::map<std::string, std::set<PartitionIndex>>>;

Wanted wanted_of(const DescribeLogDirsRequest& request) {
  if (!request.topics) return std::nullopt;
  Wanted wanted(std::in_place);
  for (const auto& topic : *request.topics) { (*wanted)[topic.topic].insert(topic.partitions.begin(), topic.partitions.end()); }
  return wanted;
}

bool is_wanted(const Wanted& wanted, const storage::Log& log) {
  if (!wanted) return true;
  const auto topic = wanted->find(log.topic());
  return topic != wanted->end() && topic->second.contains(log.partition());
}

void add_logs(const Wanted& wanted, const std::vector<std::shared_ptr<storage::Log>>& logs, const storage::LogDirectory& directory,
              Directory& told) {
  std::map<std::string, std::vector<const storage::Log*>> by_topic;
  for (const auto& log : logs) {
    if (&log->directory() != &directory || !is_wanted(wanted, *log)) continue;
    by_topic[log->topic()].push_back(log.get());
  }
  for (auto& [name, partitions] : by_topic) {
    std::ranges::sort(partitions, {}, &storage::Log::partition);
    auto& topic = told.topics.emplace_back();
    topic.name = name;
    for (const storage::Log* log : partitions) {
      auto& partition = topic.partitions.emplace_back();
      partition.partition_index = log->partition();
      partition.partition_size = static_cast<std::int64_t>(log->size_bytes());
    }
  }
}

std::int64_t told_size(const Result<std::uint64_t>& bytes) {
  return bytes ? static_cast<std::int64_t>(std::min<std::uint64_t>(*bytes, INT64_MAX)) : -1;
}

// Waits.
DescribeLogDirsResponse describe(storage::LogManager& manager, const Wanted& wanted) {
  DescribeLogDirsResponse response;
  const auto logs = manager.all();
  for (std::size_t i = 0; i < manager.directory_count(); ++i) {
    storage::LogDirectory& directory = manager.directory(i);
    Directory& told = response.results.emplace_back();
    told.log_dir = directory.path().string();
    if (directory.failed()) {
      told.error_code = static_cast<std::int16_t>(ErrorCode::kKafkaStorageError);
      continue;
    }
    add_logs(wanted, logs, directory, told);
    told.total_bytes = told_size(directory.disk().total_bytes(directory.path()));
    told.usable_bytes = told_size(directory.disk().free_bytes(directory.path()));
  }
  return response;
}

}  // namespace

void handle_describe_log_dirs(Broker& broker, const RequestContext&, DescribeLogDirsRequest&& request,
                              Replier<DescribeLogDirsResponse> reply) {
  storage::LogManager& logs = broker.logs();
  logs.directory(0).queue().run(
      [&logs, wanted = wanted_of(request), reply = std::move(reply)]() mutable { reply(describe(logs, wanted)); });
}

}  // namespace barnabas::broker
