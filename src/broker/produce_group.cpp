#include "broker/produce_group.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <tuple>

namespace barnabas::broker {
namespace {

using protocol::ProduceRequest;
using protocol::ProduceResponse;

constexpr std::int16_t kFirstFormat2 = 3;
constexpr std::int16_t kFirstByTopicId = 13;
constexpr std::int16_t kFirstWithLeader = 10;

void refuse(ProduceResponse::PartitionProduceResponse& answer, ErrorCode code, std::string text = {}) {
  answer.error_code = static_cast<std::int16_t>(code);
  answer.base_offset = -1;
  answer.log_append_time_ms = -1;
  answer.log_start_offset = -1;
  answer.error_message = text.empty() ? std::string(message(code)) : std::move(text);
}

}  // namespace

// Answers of acks=-1 whose batches are not committed yet.
class ProduceGroup::Waiting : public std::enable_shared_from_this<Waiting> {
 public:
  Waiting(ProduceResponse response, Replier<ProduceResponse> reply, std::vector<Uncommitted> appends, Executor& executor)
      : response_(std::move(response)),
        reply_(std::move(reply)),
        appends_(std::move(appends)),
        left_(appends_.size()),
        executor_(executor) {}

  void start(MonoTime deadline) {
    // The timer first: an append that is committed at once must find it, to take it off again.
    timer_ = executor_.post_at(deadline, [self = shared_from_this()] { self->time_out(); });
    for (std::size_t i = 0; i < appends_.size(); ++i) {
      const Uncommitted& append = appends_[i];
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

  Answer& answer(std::size_t i) { return response_.responses[appends_[i].topic].partition_responses[appends_[i].partition]; }

  std::mutex mutex_;
  ProduceResponse response_;
  Replier<ProduceResponse> reply_;
  const std::vector<Uncommitted> appends_;
  std::vector<bool> settled_;
  std::size_t left_;
  bool answered_ = false;
  Executor& executor_;
  TimerId timer_ = TimerId::kNone;
};

void ProduceGroup::add(const RequestContext& context, ProduceRequest&& sent, Replier<ProduceResponse> reply) {
  Request& request = requests_.emplace_back(context, sent.acks, sent.timeout_ms, std::move(reply));
  const bool by_id = context.version >= kFirstByTopicId;
  request.response.responses.reserve(sent.topic_data.size());
  for (auto& topic : sent.topic_data) {
    const metadata::Topic* known = Broker::find_topic(*context.image, topic.name, topic.topic_id, by_id);
    auto& answers = request.response.responses.emplace_back();
    answers.partition_responses.reserve(topic.partition_data.size());
    for (auto& partition : topic.partition_data) {
      Answer& answer = answers.partition_responses.emplace_back();
      answer.index = partition.index;
      judge(request, known, partition, answer);
    }
    answers.name = std::move(topic.name);
    answers.topic_id = topic.topic_id;
  }
}

void ProduceGroup::judge(Request& request, const metadata::Topic* topic, ProduceRequest::PartitionProduceData& data, Answer& answer) {
  const std::int16_t version = request.context.version;
  if (version < kFirstFormat2) return refuse(answer, ErrorCode::kUnsupportedForMessageFormat);
  const metadata::Partition* known = topic == nullptr ? nullptr : topic->find_partition(data.index);
  if (known == nullptr) {  // P8
    const bool unknown_id = version >= kFirstByTopicId && topic == nullptr;
    return refuse(answer, unknown_id ? ErrorCode::kUnknownTopicId : ErrorCode::kUnknownTopicOrPartition);
  }
  if (is_internal_topic(topic->name)) return refuse(answer, ErrorCode::kInvalidTopicException);  // P21
  const MutableBytes records = data.records.is_null() ? MutableBytes() : data.records.mutable_view();
  if (auto rejected = check_produce_records(records, version)) {  // P9, P10
    return refuse(answer, rejected->code, std::move(rejected->message));
  }
  if (request.acks < -1 || request.acks > 1) return refuse(answer, ErrorCode::kInvalidRequiredAcks);  // P1
  auto partition = broker_.partitions().find(topic->id, data.index);
  if (partition == nullptr) return refuse_leader(request, answer, *known, ErrorCode::kNotLeaderOrFollower);
  if (const ErrorCode error = partition->check_leader(kNoLeaderEpoch); error != ErrorCode::kNone) {
    return refuse_leader(request, answer, *known, error);
  }
  const auto settings = partition->settings();
  if (request.acks == -1) {  // P4
    const auto least = std::min<std::size_t>(static_cast<std::size_t>(settings->config.min_insync_replicas), known->replicas.size());
    if (known->isr.size() < least) return refuse(answer, ErrorCode::kNotEnoughReplicas);
  }
  auto accepted =
      validate_append(records, settings->append, AppendOrigin::kClient, broker_.clock().wall_ms(), broker_.scratch(request.context.loop));
  if (!accepted) {
    partition->traffic().failed_produces.add();
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
  const auto& responses = request.response.responses;
  staged_.push_back({requests_.size() - 1, responses.size() - 1, responses.back().partition_responses.size() - 1, std::move(partition),
                     known, *std::move(accepted)});
}

void ProduceGroup::finish() {
  if (requests_.empty() || finishing_) return;
  finishing_ = true;
  // By partition, and in the order they came in. Not by address: a simulation must come out the same each time.
  std::ranges::sort(staged_, {},
                    [](const Staged& staged) { return std::tuple(staged.log->id(), staged.request, staged.topic, staged.partition); });
  for (auto rest = std::span(staged_); !rest.empty();) {
    const auto other = std::ranges::find_if(rest, [&](const Staged& staged) { return staged.log != rest.front().log; });
    const auto count = static_cast<std::size_t>(other - rest.begin());
    append_to_one(rest.first(count));
    rest = rest.subspan(count);
  }
  for (Request& request : requests_) answer(request);
  staged_.clear();
  requests_.clear();
  finishing_ = false;
}

void ProduceGroup::append_to_one(std::span<Staged> staged) {
  batches_.clear();
  for (const Staged& one : staged) batches_.push_back(&one.batch);
  outcomes_.assign(staged.size(), {});
  staged.front().log->append_all(batches_, /*check_producer=*/true, outcomes_);
  for (std::size_t i = 0; i < staged.size(); ++i) settle(staged[i], outcomes_[i]);
}

void ProduceGroup::settle(const Staged& staged, replication::AppendOutcome& outcome) {
  Request& request = requests_[staged.request];
  Answer& answer = request.response.responses[staged.topic].partition_responses[staged.partition];
  if (outcome.error == ErrorCode::kNotLeaderOrFollower) return refuse_leader(request, answer, *staged.known, outcome.error);
  if (outcome.error != ErrorCode::kNone) return refuse(answer, outcome.error, std::move(outcome.message));
  LoopMetrics& counts = broker_.counts(request.context.loop);
  counts.records_in.add(static_cast<std::uint64_t>(outcome.next_offset.value() - outcome.base_offset.value()));
  counts.bytes_in.add(staged.batch.bytes.size());
  answer.base_offset = outcome.base_offset.value();
  answer.log_append_time_ms = outcome.log_append_time_ms;
  answer.log_start_offset = outcome.log_start.value();
  if (request.acks == -1 && outcome.next_offset > staged.log->high_watermark()) {
    request.uncommitted.push_back({staged.topic, staged.partition, staged.log, outcome.next_offset});
  }
}

void ProduceGroup::answer(Request& request) const {
  if (request.acks == 0) {  // P2
    const auto has_failed = [](const auto& topic) {
      return std::ranges::any_of(topic.partition_responses, [](const Answer& answer) { return answer.error_code != 0; });
    };
    if (!std::ranges::any_of(request.response.responses, has_failed)) return request.reply.no_reply();
    return request.reply.close("acks=0 and a partition failed");
  }
  if (request.uncommitted.empty()) return request.reply(request.response);
  const auto deadline = broker_.clock().mono() + std::chrono::milliseconds(std::max(request.timeout_ms, 0));
  std::make_shared<Waiting>(std::move(request.response), std::move(request.reply), std::move(request.uncommitted),
                            *request.context.loop.executor)
      ->start(deadline);
}

// P7: says who leads, so that the client need not ask.
void ProduceGroup::refuse_leader(Request& request, Answer& answer, const metadata::Partition& known, ErrorCode code) const {
  refuse(answer, code);
  if (request.context.version < kFirstWithLeader || code != ErrorCode::kNotLeaderOrFollower) return;
  answer.current_leader.leader_id = known.leader;
  answer.current_leader.leader_epoch = known.leader_epoch.value();
  const metadata::Broker* leader = request.context.image->find_broker(known.leader);
  auto& told = request.response.node_endpoints;
  if (leader == nullptr || std::ranges::any_of(told, [&](const auto& node) { return node.node_id == known.leader; })) return;
  const metadata::Endpoint endpoint = broker_.advertised(request.context.session, *leader);
  auto& node = told.emplace_back();
  node.node_id = leader->id;
  node.host = endpoint.host;
  node.port = endpoint.port;
  node.rack = leader->rack;
}

}  // namespace barnabas::broker
