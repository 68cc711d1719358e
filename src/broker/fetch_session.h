#pragma once
// Incremental fetch sessions (KIP-227): the broker remembers which partitions a client follows, the client sends only
// what changed, and the answer holds only partitions that have something to say.
//
//   request (session id, epoch)   (0 or any, 0)   a new full session, the old one of that id ends
//                                 (id, n)         incremental; n steps by one a request, from 2147483647 to 1
//                                 (any, -1)       without a session; the one of that id ends
//
// Threads: FetchSessions is for all; a session is used by one request at a time, which its mutex makes sure of.
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "model/error_code.h"
#include "model/types.h"
#include "protocol/generated/fetch.h"

namespace barnabas::broker {

// One partition that a fetch is about. By name (versions below 13) or by id; the other is looked up.
struct FetchTarget {
  std::string topic;
  TopicId topic_id;
  PartitionIndex partition = 0;
  LeaderEpoch current_leader_epoch = kNoLeaderEpoch;
  Offset offset;
  LeaderEpoch last_fetched_epoch = kNoLeaderEpoch;
  std::int32_t max_bytes = 0;

  // What the client was told last, to leave out what did not change.
  Offset sent_high_watermark{-1};
  Offset sent_log_start{-1};
};

class FetchSession {
 public:
  FetchSession(std::int32_t id, bool by_topic_id) : id_(id), by_topic_id_(by_topic_id) {}
  std::int32_t id() const { return id_; }
  bool by_topic_id() const { return by_topic_id_; }

  std::mutex mutex;  // held while a request changes or reads what follows
  std::int32_t next_epoch = 1;
  std::list<FetchTarget> targets;  // in the order they are served; who got data goes to the end

  void update(const protocol::FetchRequest& request);
  // Remembers what the client is told now; who got data goes to the end, so that all have their turn.
  void sent(const FetchTarget& target, Offset high_watermark, Offset log_start, bool failed, bool data);

 private:
  struct TargetKey {
    std::string topic;
    TopicId topic_id;
    PartitionIndex partition;
    friend bool operator==(const TargetKey&, const TargetKey&) = default;
  };
  struct TargetHash {
    std::size_t operator()(const TargetKey& key) const noexcept;
  };
  void put(FetchTarget target);
  void forget(const TargetKey& key);

  const std::int32_t id_;
  const bool by_topic_id_;
  std::unordered_map<TargetKey, std::list<FetchTarget>::iterator, TargetHash> index_;
};

// What a request turned out to be.
struct FetchContext {
  ErrorCode error = ErrorCode::kNone;     // 70, 71, 106, 42
  std::shared_ptr<FetchSession> session;  // null: sessionless
  bool incremental = false;               // answer only with what has something to say
  std::vector<FetchTarget> targets;       // in the order to be served
};

class FetchSessions {
 public:
  FetchSessions(std::size_t slots, const Clock& clock, Random& random) : slots_(slots), clock_(clock), random_(random) {}

  FetchContext begin(const protocol::FetchRequest& request, std::int16_t version);
  std::size_t size() const;

 private:
  struct Entry {
    std::shared_ptr<FetchSession> session;
    MonoTime last_used;
    std::list<std::int32_t>::iterator place;
  };
  std::shared_ptr<FetchSession> create_locked(bool by_topic_id);
  void close_locked(std::int32_t id);

  const std::size_t slots_;
  const Clock& clock_;
  Random& random_;
  mutable std::mutex mutex_;
  std::unordered_map<std::int32_t, Entry> sessions_;
  std::list<std::int32_t> by_use_;  // longest unused first
};

// The partitions a request names itself, in its order.
std::vector<FetchTarget> targets_of(const protocol::FetchRequest& request);

}  // namespace barnabas::broker
