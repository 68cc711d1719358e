#pragma once
// The offsets one group has committed, by topic name and partition (the key of Kafka's record), each with the id of the
// topic it was committed for: a topic that was made again under the same name inherits none.
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "model/types.h"

namespace barnabas::coordinator {

class Group;

struct CommittedOffset {
  std::int64_t offset = -1;  // of the next record to read; a client may commit any number
  std::int32_t leader_epoch = -1;
  std::string metadata;
  std::int64_t commit_timestamp_ms = -1;
  std::int64_t expire_timestamp_ms = -1;  // -1: commit or group time plus the broker's retention
  TopicId topic_id;                       // zero: unknown (an old record)
  friend bool operator==(const CommittedOffset&, const CommittedOffset&) = default;
};

class GroupOffsets {
 public:
  using Partitions = std::map<PartitionIndex, CommittedOffset>;
  using Topics = std::map<std::string, Partitions, std::less<>>;

  const CommittedOffset* find(std::string_view topic, PartitionIndex partition) const;
  // Returns what was there before. nullopt as value: remove.
  std::optional<CommittedOffset> put(const std::string& topic, PartitionIndex partition, std::optional<CommittedOffset> value);

  bool empty() const { return topics_.empty(); }
  const Topics& topics() const { return topics_; }
  friend bool operator==(const GroupOffsets&, const GroupOffsets&) = default;

 private:
  Topics topics_;
};

// Which offsets have outlived the retention, by the group's state (G17, KIP-211):
//   a group with a protocol, Empty      since it became Empty
//   a consumer group, Stable            topics nobody subscribes to any more, since their commit
//   without a protocol ("simple")       since the commit
//   otherwise                           none
// An explicit expiry (OffsetCommit v2-4) replaces the time, not the condition.
std::vector<std::pair<std::string, PartitionIndex>> expired_offsets(const Group& group, const GroupOffsets& offsets, std::int64_t now_ms,
                                                                    std::int64_t retention_ms);

}  // namespace barnabas::coordinator
