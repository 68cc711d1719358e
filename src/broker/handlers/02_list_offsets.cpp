// ListOffsets: where a partition begins, ends, or was at a time.
//
// Behaviour (V13): -1 the high watermark (or the last stable offset, for read_committed), -2 the log start, -3 the first
// offset with the largest timestamp, -4 the local log start and -5 the end of the remote one (KIP-405; nothing is
// remote here, so -4 is the log start and -5 is unknown), else the first record at or after the timestamp; none: -1.
// Looking through the log may wait for the disk and is done on its queue. A partition listed twice is 42 (V15), a
// special timestamp newer than the request's version 35 (V16), a stale epoch 74/75 (E1). The end, and what may lie
// behind it, is 78 (before version 5: 5) while a new leader does not know what the one before had committed (V14).
// Versions: 0 answers a list of segment starts, which clients stopped using long ago: it gets one offset. 1 answers one
// offset and its timestamp, 4 epochs, 7 -3, 8 -4, 9 -5, 11 -6.
#include <algorithm>
#include <map>
#include <set>

#include "broker/broker.h"
#include "broker/handlers/handlers.h"

namespace barnabas::broker {
namespace {

using protocol::ListOffsetsRequest;
using protocol::ListOffsetsResponse;
using Answer = ListOffsetsResponse::ListOffsetsPartitionResponse;

constexpr std::int16_t kFirstWithEpoch = 4;
constexpr std::int16_t kFirstWithOffsetNotAvailable = 5;
constexpr std::int64_t kLatest = -1;
constexpr std::int64_t kEarliest = -2;
constexpr std::int64_t kMaxTimestamp = -3;
constexpr std::int64_t kEarliestLocal = -4;
constexpr std::int64_t kLatestTiered = -5;
constexpr std::int64_t kEarliestPendingUpload = -6;

// The first version that knows a special timestamp.
std::int16_t first_version_of(std::int64_t timestamp) {
  switch (timestamp) {
    case kMaxTimestamp: return 7;
    case kEarliestLocal: return 8;
    case kLatestTiered: return 9;
    case kEarliestPendingUpload: return 11;
    default: return 0;
  }
}

void tell(Answer& answer, std::int16_t version, Offset offset, std::int64_t timestamp_ms, LeaderEpoch epoch) {
  if (version == 0) {
    answer.old_style_offsets = {offset.value()};
    return;
  }
  answer.offset = offset.value();
  answer.timestamp = timestamp_ms;
  if (version >= kFirstWithEpoch) answer.leader_epoch = epoch.value();
}

ErrorCode check_end_known(const replication::Partition& partition, std::int16_t version) {
  const ErrorCode error = partition.check_end_known();
  return error != ErrorCode::kNone && version < kFirstWithOffsetNotAvailable ? ErrorCode::kLeaderNotAvailable : error;
}

// One lookup that must read the log.
struct Search {
  std::size_t topic, partition;  // in the response
  std::int64_t timestamp = 0;
  std::shared_ptr<replication::Partition> log;
};

void search(const Search& what, std::int16_t version, replication::Isolation isolation, Answer& answer) {
  const auto found =
      what.timestamp == kMaxTimestamp ? what.log->log().max_timestamp() : what.log->log().offset_for_timestamp(what.timestamp);
  if (!found) {
    answer.error_code =
        static_cast<std::int16_t>(found.error().code == Errc::kCorrupt ? ErrorCode::kCorruptMessage : ErrorCode::kKafkaStorageError);
    return;
  }
  // What is not readable yet is not there yet.
  if (!*found || (*found)->offset >= what.log->readable_end(isolation)) {
    answer.error_code = static_cast<std::int16_t>(check_end_known(*what.log, version));
    return;
  }
  tell(answer, version, (*found)->offset, (*found)->timestamp_ms, (*found)->leader_epoch);
}

class ListOffsets {
 public:
  ListOffsets(Broker& broker, const RequestContext& context, const ListOffsetsRequest& request)
      : broker_(broker), context_(context), request_(request) {
    isolation_ = request.isolation_level == 1 ? replication::Isolation::kReadCommitted : replication::Isolation::kReadUncommitted;
  }

  void run(Replier<ListOffsetsResponse> reply) {
    const auto repeated = repeated_partitions();
    for (const auto& topic : request_.topics) {
      auto& answers = response_.topics.emplace_back();
      answers.name = topic.name;
      for (const auto& partition : topic.partitions) {
        Answer& answer = answers.partitions.emplace_back();
        answer.partition_index = partition.partition_index;
        const ErrorCode error = repeated.contains({topic.name, partition.partition_index})
                                    ? ErrorCode::kInvalidRequest
                                    : answer_partition(topic.name, partition, answer);
        answer.error_code = static_cast<std::int16_t>(error);
      }
    }
    if (searches_.empty()) return reply(response_);
    DiskQueue& queue = searches_.front().log->disk_queue();
    queue.run([searches = std::move(searches_), response = std::move(response_), reply = std::move(reply), version = context_.version,
               isolation = isolation_]() mutable {
      for (const Search& one : searches) search(one, version, isolation, response.topics[one.topic].partitions[one.partition]);
      reply(response);
    });
  }

 private:
  std::set<std::pair<std::string_view, PartitionIndex>> repeated_partitions() const {
    std::set<std::pair<std::string_view, PartitionIndex>> seen, repeated;
    for (const auto& topic : request_.topics) {
      for (const auto& partition : topic.partitions) {
        const std::pair<std::string_view, PartitionIndex> key(topic.name, partition.partition_index);
        if (!seen.insert(key).second) repeated.insert(key);
      }
    }
    return repeated;
  }

  ErrorCode answer_partition(const std::string& name, const ListOffsetsRequest::ListOffsetsPartition& asked, Answer& answer) {
    const metadata::Topic* topic = context_.image->find_topic(name);
    if (topic == nullptr || topic->find_partition(asked.partition_index) == nullptr) return ErrorCode::kUnknownTopicOrPartition;
    const auto partition = broker_.partitions().find(topic->id, asked.partition_index);
    if (partition == nullptr) return ErrorCode::kNotLeaderOrFollower;
    if (asked.timestamp < kEarliestPendingUpload || context_.version < first_version_of(asked.timestamp))
      return ErrorCode::kUnsupportedVersion;
    if (const ErrorCode error = partition->check_leader(LeaderEpoch(asked.current_leader_epoch)); error != ErrorCode::kNone) return error;

    const storage::Log& log = partition->log();
    switch (asked.timestamp) {
      case kLatest:
        if (const ErrorCode error = check_end_known(*partition, context_.version); error != ErrorCode::kNone) return error;
        tell(answer, context_.version, partition->readable_end(isolation_), -1, partition->leader_epoch());
        break;
      case kEarliest:
      case kEarliestLocal: tell(answer, context_.version, log.log_start(), -1, log.epoch_of(log.log_start())); break;
      case kLatestTiered:
      case kEarliestPendingUpload: break;  // nothing is remote: unknown
      default:
        searches_.push_back({response_.topics.size() - 1, response_.topics.back().partitions.size() - 1, asked.timestamp, partition});
    }
    return ErrorCode::kNone;
  }

  Broker& broker_;
  const RequestContext& context_;
  const ListOffsetsRequest& request_;
  replication::Isolation isolation_;
  ListOffsetsResponse response_;
  std::vector<Search> searches_;
};

}  // namespace

void handle_list_offsets(Broker& broker, const RequestContext& context, ListOffsetsRequest&& request, Replier<ListOffsetsResponse> reply) {
  ListOffsets(broker, context, request).run(std::move(reply));
}

}  // namespace barnabas::broker
