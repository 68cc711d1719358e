#pragma once
// The records of __consumer_offsets, in Kafka's own layout, so that Kafka's tools read our log and we read Kafka's.
//
//   key 1 (0: before Kafka 0.9)  group, topic, partition   value: a committed offset, version 4 (1 with an own expiry)
//   key 2                        group                      value: generation, protocol, leader, members, version 3
//
// A null value is a tombstone. Bytes read back are hostile.
#include <optional>
#include <string>

#include "base/result.h"
#include "coordinator/group_messages.h"
#include "coordinator/group_offsets.h"
#include "coordinator/state_machine.h"

namespace barnabas::coordinator {

struct OffsetKey {
  std::string group;
  std::string topic;
  PartitionIndex partition = 0;
  friend bool operator==(const OffsetKey&, const OffsetKey&) = default;
};

StoredRecord offset_record(const OffsetKey& key, const CommittedOffset& value);
StoredRecord offset_tombstone(const OffsetKey& key);
StoredRecord group_record(const std::string& group_id, const GroupMetadata& value);
StoredRecord group_tombstone(const std::string& group_id);

enum class RecordKind { kOffset, kGroup, kOther };
Result<RecordKind> record_kind(ByteView key);
Result<OffsetKey> read_offset_key(ByteView key);
Result<CommittedOffset> read_offset_value(ByteView value);
Result<std::string> read_group_key(ByteView key);
Result<GroupMetadata> read_group_value(ByteView value);

}  // namespace barnabas::coordinator
