// AlterReplicaLogDirs (KIP-113): moves this broker's replicas between its log directories.
//
// Behaviour: a path is compared with the log directories as text and never opened (D14); any other is
// LOG_DIR_NOT_FOUND (57). A partition that is not here is 3, one that is there already is done. Moving to another
// directory is not built yet: KAFKA_STORAGE_ERROR (56).
// Versions: 2 is flexible.
#include <algorithm>
#include <map>

#include "broker/broker.h"
#include "broker/handlers/handlers.h"

namespace barnabas::broker {
namespace {

const storage::LogDirectory* find_directory(storage::LogManager& logs, const std::string& path) {
  for (std::size_t i = 0; i < logs.directory_count(); ++i) {
    if (logs.directory(i).path().string() == path) return &logs.directory(i);
  }
  return nullptr;
}

ErrorCode move(Broker& broker, const metadata::Topic* topic, PartitionIndex index, const storage::LogDirectory* to) {
  if (to == nullptr) return ErrorCode::kLogDirNotFound;
  const auto partition = topic == nullptr ? nullptr : broker.partitions().find(topic->id, index);
  if (partition == nullptr) return ErrorCode::kUnknownTopicOrPartition;
  return &partition->log().directory() == to ? ErrorCode::kNone : ErrorCode::kKafkaStorageError;
}

}  // namespace

void handle_alter_replica_log_dirs(Broker& broker, const RequestContext& context, protocol::AlterReplicaLogDirsRequest&& request,
                                   Replier<protocol::AlterReplicaLogDirsResponse> reply) {
  std::map<std::string, std::map<PartitionIndex, ErrorCode>> results;
  for (const auto& dir : request.dirs) {
    const storage::LogDirectory* to = find_directory(broker.logs(), dir.path);
    for (const auto& topic : dir.topics) {
      const metadata::Topic* known = context.image->find_topic(topic.name);
      for (const PartitionIndex index : topic.partitions) results[topic.name][index] = move(broker, known, index, to);
    }
  }
  protocol::AlterReplicaLogDirsResponse response;
  for (const auto& [name, partitions] : results) {
    auto& topic = response.results.emplace_back();
    topic.topic_name = name;
    for (const auto& [index, code] : partitions) {
      auto& partition = topic.partitions.emplace_back();
      partition.partition_index = index;
      partition.error_code = static_cast<std::int16_t>(code);
    }
  }
  reply(response);
}

}  // namespace barnabas::broker
