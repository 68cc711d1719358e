#include "broker/fetch_session.h"

#include <utility>

namespace barnabas::broker {
namespace {

constexpr std::int32_t kFinalEpoch = -1;
constexpr std::int32_t kInitialEpoch = 0;
constexpr auto kEvictAfter = std::chrono::minutes(2);  // Kafka's: a session in use is not pushed out by a new one
constexpr std::int16_t kFirstByTopicId = 13;

std::int32_t after(std::int32_t epoch) { return epoch == INT32_MAX ? 1 : epoch + 1; }

}  // namespace

std::vector<FetchTarget> targets_of(const protocol::FetchRequest& request) {
  std::vector<FetchTarget> targets;
  for (const auto& topic : request.topics) {
    for (const auto& partition : topic.partitions) {
      FetchTarget& target = targets.emplace_back();
      target.topic = topic.topic;
      target.topic_id = topic.topic_id;
      target.partition = partition.partition;
      target.current_leader_epoch = LeaderEpoch(partition.current_leader_epoch);
      target.offset = Offset(partition.fetch_offset);
      target.last_fetched_epoch = LeaderEpoch(partition.last_fetched_epoch);
      target.max_bytes = partition.partition_max_bytes;
    }
  }
  return targets;
}

std::size_t FetchSession::TargetHash::operator()(const TargetKey& key) const noexcept {
  return std::hash<std::string>{}(key.topic) ^ std::hash<TopicPartition>{}({key.topic_id, key.partition});
}

void FetchSession::put(FetchTarget target) {
  const TargetKey key{target.topic, target.topic_id, target.partition};
  const auto found = index_.find(key);
  if (found == index_.end()) {
    index_.emplace(key, targets.insert(targets.end(), std::move(target)));
    return;
  }
  target.sent_high_watermark = found->second->sent_high_watermark;
  target.sent_log_start = found->second->sent_log_start;
  *found->second = std::move(target);
}

void FetchSession::forget(const TargetKey& key) {
  const auto found = index_.find(key);
  if (found == index_.end()) return;
  targets.erase(found->second);
  index_.erase(found);
}

void FetchSession::sent(const FetchTarget& target, Offset high_watermark, Offset log_start, bool failed, bool data) {
  const auto found = index_.find({target.topic, target.topic_id, target.partition});
  if (found == index_.end()) return;  // forgotten meanwhile
  // After an error everything is news again.
  found->second->sent_high_watermark = failed ? Offset(-1) : high_watermark;
  found->second->sent_log_start = failed ? Offset(-1) : log_start;
  if (data) targets.splice(targets.end(), targets, found->second);
}

void FetchSession::update(const protocol::FetchRequest& request) {
  for (FetchTarget& target : targets_of(request)) put(std::move(target));
  for (const auto& topic : request.forgotten_topics_data) {
    for (const PartitionIndex partition : topic.partitions) forget({topic.topic, topic.topic_id, partition});
  }
}

FetchContext FetchSessions::begin(const protocol::FetchRequest& request, std::int16_t version) {
  FetchContext context;
  const bool by_topic_id = version >= kFirstByTopicId;
  const std::int32_t epoch = request.session_epoch;
  const std::lock_guard lock(mutex_);
  if (epoch == kFinalEpoch || epoch == kInitialEpoch) {
    if (request.session_id != 0) close_locked(request.session_id);
    context.targets = targets_of(request);
    if (epoch == kInitialEpoch && !context.targets.empty()) context.session = create_locked(by_topic_id);
    if (context.session != nullptr) context.session->update(request);
    return context;
  }
  const auto found = sessions_.find(request.session_id);
  if (found == sessions_.end()) {
    context.error = ErrorCode::kFetchSessionIdNotFound;
    return context;
  }
  FetchSession& session = *found->second.session;
  const std::lock_guard session_lock(session.mutex);
  if (session.by_topic_id() != by_topic_id) {
    context.error = ErrorCode::kFetchSessionTopicIdError;
  } else if (epoch != session.next_epoch) {
    context.error = ErrorCode::kInvalidFetchSessionEpoch;
  }
  if (context.error != ErrorCode::kNone) return context;
  session.update(request);
  context.targets.assign(session.targets.begin(), session.targets.end());
  if (context.targets.empty()) {  // nothing left to follow: the session ends, as in Kafka
    close_locked(request.session_id);
    return context;
  }
  session.next_epoch = after(epoch);
  found->second.last_used = clock_.mono();
  by_use_.splice(by_use_.end(), by_use_, found->second.place);
  context.session = found->second.session;
  context.incremental = true;
  return context;
}

std::shared_ptr<FetchSession> FetchSessions::create_locked(bool by_topic_id) {
  if (sessions_.size() >= slots_) {
    if (by_use_.empty()) return nullptr;
    if (clock_.mono() - sessions_.at(by_use_.front()).last_used < kEvictAfter) return nullptr;  // a sessionless answer then
    close_locked(by_use_.front());
  }
  std::int32_t id = 0;
  do { id = static_cast<std::int32_t>(random_.next() & 0x7fffffff); } while (id == 0 || sessions_.contains(id));
  auto session = std::make_shared<FetchSession>(id, by_topic_id);
  sessions_.emplace(id, Entry{session, clock_.mono(), by_use_.insert(by_use_.end(), id)});
  return session;
}

void FetchSessions::close_locked(std::int32_t id) {
  const auto found = sessions_.find(id);
  if (found == sessions_.end()) return;
  by_use_.erase(found->second.place);
  sessions_.erase(found);
}

std::size_t FetchSessions::size() const {
  const std::lock_guard lock(mutex_);
  return sessions_.size();
}

}  // namespace barnabas::broker
