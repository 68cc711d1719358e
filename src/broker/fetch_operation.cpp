#include "broker/fetch_operation.h"

#include <algorithm>
#include <array>

#include "base/check.h"

namespace barnabas::broker {
namespace {

using protocol::FetchResponse;

constexpr std::int16_t kFirstFormat2 = 4;
constexpr std::int16_t kFirstByTopicId = 13;
constexpr std::int16_t kFirstWithMaxBytes = 3;
constexpr std::int16_t kFirstWithEndpoints = 16;
constexpr std::size_t kCopyBelowBytes = 16 * 1024;     // one read and one send beat a send and a sendfile
constexpr std::uint64_t kProbeStepBytes = 128 * 1024;  // the kernel reads ahead in windows of this size

// The slice's bytes in memory, if they are there without waiting.
std::optional<MemorySlice> copy_of(const FileSlice& slice) {
  auto bytes = std::make_shared_for_overwrite<std::byte[]>(slice.length);
  const auto read = slice.file->read_cached_at(slice.position, MutableBytes(bytes.get(), slice.length));
  if (!read || *read < slice.length) return std::nullopt;
  const ByteView view(bytes.get(), slice.length);
  return MemorySlice{std::move(bytes), view};
}

// Is the range in the page cache, as far as looking at one byte in each read-ahead window tells?
bool in_memory(const FileSlice& slice) {
  std::array<std::byte, 1> byte;
  const std::uint64_t last = slice.position + slice.length - 1;
  for (std::uint64_t at = slice.position; at < last; at += kProbeStepBytes) {
    const auto read = slice.file->read_cached_at(at, byte);
    if (!read || *read == 0) return false;
  }
  const auto read = slice.file->read_cached_at(last, byte);
  return read && *read > 0;
}

void read_into_memory(const FileSlice& slice) {
  std::array<std::byte, 64 * 1024> buffer;
  for (std::uint64_t done = 0; done < slice.length; done += buffer.size()) {
    const std::size_t step = std::min<std::uint64_t>(buffer.size(), slice.length - done);
    if (!slice.file->read_at(slice.position + done, MutableBytes(buffer).first(step))) return;  // the send will fail and tell
  }
}

}  // namespace

FetchOperation::FetchOperation(Broker& broker, const RequestContext& context, const protocol::FetchRequest& request, FetchContext fetch,
                               Replier<FetchResponse> reply)
    : broker_(broker),
      counts_(broker.counts(context.loop)),
      executor_(*context.loop.executor),
      session_(context.session),
      version_(context.version),
      client_id_(context.image->quotas()->empty() ? std::string_view() : context.client_id),
      max_bytes_(most_bytes(broker, context, request)),
      min_bytes_(std::min<std::int64_t>(std::max(request.min_bytes, 0), max_bytes_)),
      deadline_(broker.clock().mono() + std::chrono::milliseconds(std::max(request.max_wait_ms, 0))),
      isolation_(request.isolation_level == 1 ? replication::Isolation::kReadCommitted : replication::Isolation::kReadUncommitted),
      claims_replica_(request.replica_id >= 0 || request.replica_state.replica_id >= 0),
      fetch_(std::move(fetch)),
      image_(context.image),
      reply_(std::move(reply)) {}

// A client with a quota is not given more than its windows hold: its rest will not be longer than they are.
std::uint32_t FetchOperation::most_bytes(Broker& broker, const RequestContext& context, const protocol::FetchRequest& request) {
  const std::int32_t asked =
      std::min(context.version >= kFirstWithMaxBytes ? request.max_bytes : INT32_MAX, broker.settings().get(setting::kFetchMaxBytes));
  const auto most = static_cast<std::uint32_t>(std::max(0, asked));
  const auto allowance =
      broker.quotas().allowance(context.image->quotas(), QuotaKind::kConsumerBytes, Broker::user(context.session), context.client_id);
  return allowance && *allowance < most ? static_cast<std::uint32_t>(*allowance) : most;
}

void FetchOperation::start() {
  reads_.resize(fetch_.targets.size());
  for (std::size_t i = 0; i < reads_.size(); ++i) look_up(i);
  if (!read_all(storage::ReadMode::kCachedOnly)) return read_on_disk();
  if (satisfied()) return answer();
  park();
}

// Finds the partition, or why there is none. A name and an id stand for the same topic from here on.
void FetchOperation::look_up(std::size_t i) {
  FetchTarget& target = fetch_.targets[i];
  ErrorCode& error = reads_[i].outcome.error;
  if (version_ < kFirstFormat2) {
    error = ErrorCode::kUnsupportedForMessageFormat;
    return;
  }
  if (claims_replica_) {  // D22: there are no other brokers, so this is none
    error = ErrorCode::kTopicAuthorizationFailed;
    return;
  }
  const bool by_id = version_ >= kFirstByTopicId;
  const metadata::Topic* topic = Broker::find_topic(*image_, target.topic, target.topic_id, by_id);
  if (topic == nullptr || topic->find_partition(target.partition) == nullptr) {
    error = by_id && topic == nullptr ? ErrorCode::kUnknownTopicId : ErrorCode::kUnknownTopicOrPartition;  // V21
    return;
  }
  reads_[i].partition = broker_.partitions().find(topic->id, target.partition);
  if (reads_[i].partition == nullptr) error = ErrorCode::kNotLeaderOrFollower;
}

bool FetchOperation::read_all(storage::ReadMode mode) {
  bytes_ = 0;
  error_ = false;
  bool complete = true;
  for (std::size_t i = 0; i < reads_.size(); ++i) {
    Read& read = reads_[i];
    const FetchTarget& target = fetch_.targets[i];
    if (read.partition != nullptr) {
      read.seen_end = read.partition->readable_end(isolation_);
      const std::uint64_t left = bytes_ < max_bytes_ ? max_bytes_ - bytes_ : 0;
      read.outcome = read.partition->read({.offset = target.offset,
                                           .max_bytes = static_cast<std::uint32_t>(
                                               std::min<std::uint64_t>(left, static_cast<std::uint64_t>(std::max(target.max_bytes, 0)))),
                                           .min_one = bytes_ == 0 && version_ >= kFirstWithMaxBytes,  // V10
                                           .isolation = isolation_,
                                           .current_leader_epoch = target.current_leader_epoch,
                                           .last_fetched_epoch = target.last_fetched_epoch,
                                           .mode = mode});
      bytes_ += size(read.outcome.records);
      complete = complete && !read.outcome.cold;
    }
    error_ = error_ || read.outcome.error != ErrorCode::kNone || read.outcome.diverging;
  }
  return complete && (mode == storage::ReadMode::kMayWait || warm());
}

// Makes sure that nothing of what was read must wait for the disk when it is sent. Below a certain size it is cheaper to
// copy: one call then takes it together with what surrounds it.
bool FetchOperation::warm() {
  for (Read& read : reads_) {
    const auto* file = std::get_if<FileSlice>(&read.outcome.records);
    if (file == nullptr || file->length == 0) continue;
    if (file->length > kCopyBelowBytes) {
      if (!in_memory(*file)) return false;
    } else if (auto copy = copy_of(*file)) {
      read.outcome.records = *std::move(copy);
    } else {
      return false;
    }
  }
  return true;
}

bool FetchOperation::satisfied() const {
  return error_ || reads_.empty() || static_cast<std::int64_t>(bytes_) >= min_bytes_ || broker_.clock().mono() >= deadline_;
}

void FetchOperation::park() {
  missing_.store(min_bytes_ - static_cast<std::int64_t>(bytes_), std::memory_order_relaxed);
  parked_.store(true, std::memory_order_release);
  timer_ = executor_.post_at(deadline_, [self = shared_from_this()] { self->wake(); });
  waits_.reserve(reads_.size());
  for (const Read& read : reads_) waits_.emplace_back(read.partition, read.partition->add_waiter(shared_from_this()));
  // What was appended between reading and waiting woke nobody.
  const bool moved =
      std::ranges::any_of(reads_, [&](const Read& read) { return read.partition->readable_end(isolation_) != read.seen_end; });
  if (moved) wake();
}

void FetchOperation::unpark() {
  executor_.cancel(timer_);
  for (auto& [partition, token] : waits_) partition->remove_waiter(token);
  waits_.clear();
}

void FetchOperation::readable(std::int64_t bytes) {
  const bool enough = bytes < 0 || missing_.fetch_sub(bytes, std::memory_order_acq_rel) <= bytes;
  if (executor_.is_current() && enough) return wake();
  executor_.post([self = shared_from_this(), enough] {
    if (enough) return self->wake();
    // A waiter is called once: wait again for the rest.
    if (!self->parked_.load(std::memory_order_acquire)) return;
    self->unpark();
    self->parked_.store(false, std::memory_order_relaxed);
    if (!self->read_all(storage::ReadMode::kCachedOnly)) return self->read_on_disk();
    if (self->satisfied()) return self->answer();
    self->park();
  });
}

void FetchOperation::wake() {
  if (!parked_.exchange(false, std::memory_order_acq_rel)) return;
  unpark();
  if (!read_all(storage::ReadMode::kCachedOnly)) return read_on_disk();
  answer();
}

// Everything is read again where waiting is allowed, and brought into memory for the sending.
void FetchOperation::read_on_disk() {
  const auto first = std::ranges::find_if(reads_, [](const Read& read) { return read.partition != nullptr; });
  CHECK(first != reads_.end());  // without a partition nothing could be cold
  first->partition->disk_queue().run([self = shared_from_this()] {
    self->read_all(storage::ReadMode::kMayWait);
    for (const Read& read : self->reads_) {
      if (const auto* file = std::get_if<FileSlice>(&read.outcome.records)) read_into_memory(*file);
    }
    self->executor_.post([self] { self->answer(); });
  });
}

void FetchOperation::answer() {
  const MonoDuration rest =
      broker_.quotas().record(image_->quotas(), QuotaKind::kConsumerBytes, Broker::user(session_), client_id_, static_cast<double>(bytes_));
  broker_.quotas().note(QuotaKind::kConsumerBytes, rest);
  reply_.rest(rest);
  reply_(build());
}

FetchResponse FetchOperation::build() {
  FetchResponse response;
  FetchSession* session = fetch_.session.get();
  std::unique_lock<std::mutex> lock;
  if (session != nullptr) {
    lock = std::unique_lock(session->mutex);
    response.session_id = session->id();
  }
  for (std::size_t i = 0; i < reads_.size(); ++i) {
    FetchTarget& target = fetch_.targets[i];
    replication::FetchOutcome& outcome = reads_[i].outcome;
    const std::uint64_t length = size(outcome.records);
    const bool failed = outcome.error != ErrorCode::kNone || outcome.diverging.has_value();
    if (reads_[i].partition != nullptr) {
      replication::Traffic& traffic = reads_[i].partition->traffic();
      if (outcome.error != ErrorCode::kNone) traffic.failed_fetches.add();
      if (length > 0) {
        traffic.bytes_out.add(length);
        counts_.bytes_out.add(length);
      }
    }
    const bool news =
        failed || length > 0 || outcome.high_watermark != target.sent_high_watermark || outcome.log_start != target.sent_log_start;
    if (session != nullptr) session->sent(target, outcome.high_watermark, outcome.log_start, failed, length > 0);
    if (fetch_.incremental && !news) continue;

    auto& topics = response.responses;
    if (topics.empty() || topics.back().topic != target.topic || topics.back().topic_id != target.topic_id) {
      auto& topic = topics.emplace_back();
      topic.topic = target.topic;
      topic.topic_id = target.topic_id;
    }
    auto& told = topics.back().partitions.emplace_back();
    told.partition_index = target.partition;
    told.error_code = static_cast<std::int16_t>(outcome.error);
    told.high_watermark = outcome.high_watermark.value();
    told.last_stable_offset = outcome.last_stable.value();
    told.log_start_offset = outcome.log_start.value();
    if (isolation_ == replication::Isolation::kReadUncommitted) {
      told.aborted_transactions.reset();  // V8: null, not empty
    } else {
      told.aborted_transactions.emplace();
    }
    if (outcome.diverging) {
      told.diverging_epoch.epoch = outcome.diverging->epoch.value();
      told.diverging_epoch.end_offset = outcome.diverging->end.value();
    }
    add_leader(outcome.error, target, told, response);
    std::vector<Slice> slices;
    if (length > 0) slices.push_back(std::move(outcome.records));
    told.records = protocol::RecordsField(std::move(slices));
  }
  return response;
}

// Where to turn to instead (KIP-951).
void FetchOperation::add_leader(ErrorCode error, const FetchTarget& target, FetchResponse::PartitionData& told,
                                FetchResponse& response) const {
  if (error != ErrorCode::kNotLeaderOrFollower && error != ErrorCode::kFencedLeaderEpoch) return;
  const metadata::Topic* topic = Broker::find_topic(*image_, target.topic, target.topic_id, version_ >= kFirstByTopicId);
  const metadata::Partition* partition = topic == nullptr ? nullptr : topic->find_partition(target.partition);
  if (partition == nullptr || version_ < kFirstWithEndpoints) return;
  told.current_leader.leader_id = partition->leader;
  told.current_leader.leader_epoch = partition->leader_epoch.value();
  const metadata::Broker* leader = image_->find_broker(partition->leader);
  const bool known = std::ranges::any_of(response.node_endpoints, [&](const auto& node) { return node.node_id == partition->leader; });
  if (leader == nullptr || known) return;
  const metadata::Endpoint endpoint = broker_.advertised(session_, *leader);
  auto& node = response.node_endpoints.emplace_back();
  node.node_id = leader->id;
  node.host = endpoint.host;
  node.port = endpoint.port;
  node.rack = leader->rack;
}

}  // namespace barnabas::broker
