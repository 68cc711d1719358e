// DeleteRecords: move the start of partitions forward, giving up what is below.
//
// Behaviour (V17): every partition is judged by itself: unknown 3, an internal topic 17, a topic that is only compacted
// 44, an offset below -1 or above the high watermark 1; -1 is the high watermark. An offset below the start changes
// nothing. The answer tells the start, when no crash can take it back (W5), at the latest after timeout_ms: then 7 for
// who still waits. A partition named twice is answered once, for the offset named last, as by Kafka.
// Versions: 2 is the flexible one.
#include <algorithm>
#include <map>
#include <mutex>

#include "broker/broker.h"
#include "broker/handlers/handlers.h"

namespace barnabas::broker {
namespace {

using Request = protocol::DeleteRecordsRequest;
using Response = protocol::DeleteRecordsResponse;
using Answer = Response::DeleteRecordsPartitionResult;
using Wish = std::map<std::string, std::map<PartitionIndex, Offset>>;

Wish to_wish(const Request& request) {
  Wish wish;
  for (const auto& topic : request.topics) {
    for (const auto& partition : topic.partitions) wish[topic.name][partition.partition_index] = Offset(partition.offset);
  }
  return wish;
}

// The answer, while some of its partitions still wait for the disk.
class Waiting : public std::enable_shared_from_this<Waiting> {
 public:
  Waiting(Response response, Replier<Response> reply, std::size_t count, Executor& executor)
      : response_(std::move(response)), reply_(std::move(reply)), left_(count), executor_(executor) {}

  void start(MonoTime deadline) {
    timer_ = executor_.post_at(deadline, [self = shared_from_this()] { self->answer_now(); });
  }

  void deleted(std::size_t topic, std::size_t partition, replication::DeleteOutcome outcome) {
    {
      const std::lock_guard lock(mutex_);
      if (answered_) return;
      Answer& answer = response_.topics[topic].partitions[partition];
      answer.error_code = wire(outcome.error);
      answer.low_watermark = outcome.low_watermark.value();
      if (--left_ > 0) return;
      answered_ = true;
    }
    executor_.cancel(timer_);
    reply_(response_);
  }

 private:
  // Time is up: who has not come back yet still says so (7).
  void answer_now() {
    {
      const std::lock_guard lock(mutex_);
      if (answered_) return;
      answered_ = true;
    }
    reply_(response_);
  }

  std::mutex mutex_;
  Response response_;
  Replier<Response> reply_;
  std::size_t left_;
  bool answered_ = false;
  Executor& executor_;
  TimerId timer_ = TimerId::kNone;
};

struct Deletion {
  std::size_t topic, partition;  // in the response
  std::shared_ptr<replication::Partition> log;
  Offset up_to;
};

ErrorCode find(Broker& broker, const metadata::Image& image, const std::string& name, PartitionIndex index, Deletion& found) {
  const metadata::Topic* topic = image.find_topic(name);
  if (topic == nullptr || topic->find_partition(index) == nullptr) return ErrorCode::kUnknownTopicOrPartition;
  if (is_internal_topic(name)) return ErrorCode::kInvalidTopicException;
  found.log = broker.partitions().find(topic->id, index);
  return found.log == nullptr ? ErrorCode::kNotLeaderOrFollower : ErrorCode::kNone;
}

}  // namespace

void handle_delete_records(Broker& broker, const RequestContext& context, Request&& request, Replier<Response> reply) {
  Response response;
  std::vector<Deletion> deletions;
  for (const auto& [name, partitions] : to_wish(request)) {
    auto& answers = response.topics.emplace_back();
    answers.name = name;
    for (const auto& [index, up_to] : partitions) {
      Answer& answer = answers.partitions.emplace_back();
      answer.partition_index = index;
      answer.low_watermark = -1;
      Deletion deletion{response.topics.size() - 1, answers.partitions.size() - 1, nullptr, up_to};
      const ErrorCode error = find(broker, *context.image, name, index, deletion);
      answer.error_code = wire(error == ErrorCode::kNone ? ErrorCode::kRequestTimedOut : error);
      if (error == ErrorCode::kNone) deletions.push_back(std::move(deletion));
    }
  }
  if (deletions.empty()) return reply(response);
  auto waiting = std::make_shared<Waiting>(std::move(response), std::move(reply), deletions.size(), *context.loop.executor);
  waiting->start(broker.clock().mono() + std::chrono::milliseconds(std::max(request.timeout_ms, 0)));
  for (const Deletion& one : deletions) {
    one.log->delete_records(one.up_to, [waiting, topic = one.topic, partition = one.partition](replication::DeleteOutcome outcome) {
      waiting->deleted(topic, partition, outcome);
    });
  }
}

}  // namespace barnabas::broker
