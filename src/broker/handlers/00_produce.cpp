// Produce: append record batches to partitions.
//
// Behaviour: every partition is judged by itself (P23), in the order of P22: is it known (3), is it one batch of format
// 2 (87, 76), do we lead it (6, 56), are enough replicas in sync (19), is the batch well-formed, is the producer's
// sequence right. acks=0 is never answered; after a failure the connection is closed instead (P2). acks=1 is answered
// when the kernel has the bytes, acks=-1 when the high watermark has passed them, at the latest after timeout_ms (P6).
// Versions: below 3 the records are of formats 0 and 1, which are not served (43). 2 answers the append time, 5 the log
// start, 8 the records a batch was refused for, 10 the leader to turn to. From 13 on topics come by id.
#include <algorithm>
#include <atomic>
#include <mutex>

#include "broker/broker.h"
#include "broker/handlers/handlers.h"

namespace barnabas::broker {
namespace {

using protocol::ProduceRequest;
using protocol::ProduceResponse;
using PartitionAnswer = ProduceResponse::PartitionProduceResponse;

constexpr std::int16_t kFirstFormat2 = 3;
constexpr std::int16_t kFirstByTopicId = 13;
constexpr std::int16_t kFirstWithLeader = 10;

void refuse(PartitionAnswer& answer, ErrorCode code, std::string text = {}) {
  answer.error_code = static_cast<std::int16_t>(code);
  answer.base_offset = -1;
  answer.log_append_time_ms = -1;
  answer.log_start_offset = -1;
  answer.error_message = text.empty() ? std::string(message(code)) : std::move(text);
}

// Answers of acks=-1 whose batches are not committed yet.
class Waiting : public std::enable_shared_from_this<Waiting> {
 public:
  struct Append {
    std::size_t topic, partition;  // in the response
    std::shared_ptr<replication::Partition> log;
    Offset next_offset;
  };

  Waiting(ProduceResponse response, Replier<ProduceResponse> reply, std::vector<Append> appends, Executor& executor)
      : response_(std::move(response)),
        reply_(std::move(reply)),
        appends_(std::move(appends)),
        left_(appends_.size()),
        executor_(executor) {}

  void start(MonoTime deadline) {
    // The timer first: an append that is committed at once must find it, to take it off again.
    timer_ = executor_.post_at(deadline, [self = shared_from_this()] { self->time_out(); });
    for (std::size_t i = 0; i < appends_.size(); ++i) {
      const Append& append = appends_[i];
      append.log->when_committed(append.next_offset, [self = shared_from_this(), i](ErrorCode error) { self->committed(i, error); });
    }
  }

 private:
  void committed(std::size_t index, ErrorCode error) {
    {
      const std::lock_guard lock(mutex_);
      if (answered_) return;
      settled_.resize(appends_.size());
      settled_[index] = true;
      if (error != ErrorCode::kNone) refuse(answer(index), error);
      if (--left_ > 0) return;
      answered_ = true;
    }
    executor_.cancel(timer_);
    reply_(response_);
  }

  void time_out() {
    {
      const std::lock_guard lock(mutex_);
      if (answered_) return;
      answered_ = true;
      settled_.resize(appends_.size());
      for (std::size_t i = 0; i < appends_.size(); ++i) {
        if (!settled_[i]) refuse(answer(i), ErrorCode::kRequestTimedOut);
      }
    }
    reply_(response_);
  }

  PartitionAnswer& answer(std::size_t i) { return response_.responses[appends_[i].topic].partition_responses[appends_[i].partition]; }

  std::mutex mutex_;
  ProduceResponse response_;
  Replier<ProduceResponse> reply_;
  const std::vector<Append> appends_;
  std::vector<bool> settled_;
  std::size_t left_;
  bool answered_ = false;
  Executor& executor_;
  TimerId timer_ = TimerId::kNone;
};

class Produce {
 public:
  Produce(Broker& broker, const RequestContext& context, ProduceRequest& request)
      : broker_(broker), context_(context), request_(request), now_ms_(broker.clock().wall_ms()) {}

  void run(Replier<ProduceResponse> reply) {
    response_.responses.reserve(request_.topic_data.size());
    for (auto& topic : request_.topic_data) append_topic(topic);
    if (request_.acks == 0) return failed_ ? reply.close("acks=0 and a partition failed") : reply.no_reply();
    std::erase_if(appends_, [](const Waiting::Append& append) { return append.next_offset <= append.log->high_watermark(); });
    if (request_.acks == 1 || appends_.empty()) return reply(response_);
    const auto deadline = broker_.clock().mono() + std::chrono::milliseconds(std::max(request_.timeout_ms, 0));
    std::make_shared<Waiting>(std::move(response_), std::move(reply), std::move(appends_), *context_.loop.executor)->start(deadline);
  }

 private:
  void append_topic(ProduceRequest::TopicProduceData& topic) {
    const bool by_id = context_.version >= kFirstByTopicId;
    const metadata::Topic* known = Broker::find_topic(*context_.image, topic.name, topic.topic_id, by_id);
    auto& answers = response_.responses.emplace_back();
    answers.partition_responses.reserve(topic.partition_data.size());
    for (auto& partition : topic.partition_data) {
      PartitionAnswer& answer = answers.partition_responses.emplace_back();
      answer.index = partition.index;
      append_partition(known, by_id, partition, answer);
      failed_ = failed_ || answer.error_code != 0;
    }
    answers.name = std::move(topic.name);
    answers.topic_id = topic.topic_id;
  }

  void append_partition(const metadata::Topic* topic, bool by_id, ProduceRequest::PartitionProduceData& data, PartitionAnswer& answer) {
    if (context_.version < kFirstFormat2) return refuse(answer, ErrorCode::kUnsupportedForMessageFormat);
    const metadata::Partition* known = topic == nullptr ? nullptr : topic->find_partition(data.index);
    if (known == nullptr) {  // P8
      return refuse(answer, by_id && topic == nullptr ? ErrorCode::kUnknownTopicId : ErrorCode::kUnknownTopicOrPartition);
    }
    if (is_internal_topic(topic->name)) return refuse(answer, ErrorCode::kInvalidTopicException);  // P21
    const MutableBytes records = data.records.is_null() ? MutableBytes() : data.records.mutable_view();
    if (auto rejected = check_produce_records(records, context_.version)) {  // P9, P10
      return refuse(answer, rejected->code, std::move(rejected->message));
    }
    if (request_.acks < -1 || request_.acks > 1) return refuse(answer, ErrorCode::kInvalidRequiredAcks);  // P1
    const auto partition = broker_.partitions().find(topic->id, data.index);
    if (partition == nullptr) return refuse_leader(answer, *known, ErrorCode::kNotLeaderOrFollower);
    if (const ErrorCode error = partition->check_leader(kNoLeaderEpoch); error != ErrorCode::kNone)
      return refuse_leader(answer, *known, error);
    const auto settings = partition->settings();
    if (request_.acks == -1) {  // P4
      const auto least = std::min<std::size_t>(static_cast<std::size_t>(settings->config.min_insync_replicas), known->replicas.size());
      if (known->isr.size() < least) return refuse(answer, ErrorCode::kNotEnoughReplicas);
    }
    auto accepted = validate_append(records, settings->append, AppendOrigin::kClient, now_ms_, broker_.scratch(context_.loop));
    if (!accepted) {
      refuse(answer, accepted.error().code, std::move(accepted.error().message));
      for (RecordError& error : accepted.error().record_errors) {
        auto& told = answer.record_errors.emplace_back();
        told.batch_index = error.batch_index;
        told.batch_index_error_message = std::move(error.message);
      }
      return;
    }
    // A transaction needs a coordinator that knows of it, and none is served yet.
    if (accepted->transactional) return refuse(answer, ErrorCode::kInvalidTxnState, "transactions are not served yet");
    append(partition, *accepted, *known, answer);
  }

  void append(const std::shared_ptr<replication::Partition>& partition, const AcceptedBatch& batch, const metadata::Partition& known,
              PartitionAnswer& answer) {
    replication::AppendOutcome outcome = partition->append(batch, /*check_producer=*/true);
    if (outcome.error == ErrorCode::kNotLeaderOrFollower) return refuse_leader(answer, known, outcome.error);
    if (outcome.error != ErrorCode::kNone) return refuse(answer, outcome.error, std::move(outcome.message));
    answer.base_offset = outcome.base_offset.value();
    answer.log_append_time_ms = outcome.log_append_time_ms;
    answer.log_start_offset = outcome.log_start.value();
    if (request_.acks == -1) {
      appends_.push_back(
          {response_.responses.size() - 1, response_.responses.back().partition_responses.size() - 1, partition, outcome.next_offset});
    }
  }

  // P7: says who leads, so that the client need not ask.
  void refuse_leader(PartitionAnswer& answer, const metadata::Partition& known, ErrorCode code) {
    refuse(answer, code);
    if (context_.version < kFirstWithLeader || code != ErrorCode::kNotLeaderOrFollower) return;
    answer.current_leader.leader_id = known.leader;
    answer.current_leader.leader_epoch = known.leader_epoch.value();
    const metadata::Broker* leader = context_.image->find_broker(known.leader);
    const bool told = std::ranges::any_of(response_.node_endpoints, [&](const auto& node) { return node.node_id == known.leader; });
    if (leader == nullptr || told) return;
    const metadata::Endpoint endpoint = broker_.advertised(context_.session, *leader);
    auto& node = response_.node_endpoints.emplace_back();
    node.node_id = leader->id;
    node.host = endpoint.host;
    node.port = endpoint.port;
    node.rack = leader->rack;
  }

  Broker& broker_;
  const RequestContext& context_;
  ProduceRequest& request_;
  const std::int64_t now_ms_;
  ProduceResponse response_;
  std::vector<Waiting::Append> appends_;
  bool failed_ = false;
};

}  // namespace

void handle_produce(Broker& broker, const RequestContext& context, ProduceRequest&& request, Replier<ProduceResponse> reply) {
  Produce(broker, context, request).run(std::move(reply));
}

}  // namespace barnabas::broker
