#include "coordinator/group_records.h"

#include <utility>

#include "base/check.h"
#include "protocol/generated/group_metadata_record.h"
#include "protocol/generated/legacy_offset_commit_record.h"
#include "protocol/generated/offset_commit_record.h"
#include "protocol/stored.h"

namespace barnabas::coordinator {
namespace {

// What Kafka 4 writes. Group values of version 4 exist, but no released broker writes them.
constexpr std::int16_t kOffsetVersion = 4;
constexpr std::int16_t kOffsetWithExpiryVersion = 1;
constexpr std::int16_t kGroupVersion = 3;

// Every string came in a request's string field or is bounded by us, so it fits its field here.
Bytes must(Result<Bytes> encoded) {
  CHECK(encoded.has_value());
  return std::move(*encoded);
}

Bytes copy(ByteView bytes) { return {bytes.begin(), bytes.end()}; }

}  // namespace

StoredRecord offset_record(const OffsetKey& key, const CommittedOffset& value) {
  protocol::OffsetCommitValue out;
  out.offset = value.offset;
  out.leader_epoch = value.leader_epoch;
  out.metadata = value.metadata;
  out.commit_timestamp = value.commit_timestamp_ms;
  out.expire_timestamp = value.expire_timestamp_ms;
  out.topic_id = value.topic_id;
  const std::int16_t version = value.expire_timestamp_ms >= 0 ? kOffsetWithExpiryVersion : kOffsetVersion;
  StoredRecord record = offset_tombstone(key);
  record.value = must(protocol::encode_versioned(out, version));
  return record;
}

StoredRecord offset_tombstone(const OffsetKey& key) {
  protocol::OffsetCommitKey out;
  out.group = key.group;
  out.topic = key.topic;
  out.partition = key.partition;
  return {must(protocol::encode_record_key(out)), std::nullopt};
}

StoredRecord group_record(const std::string& group_id, const GroupMetadata& value) {
  protocol::GroupMetadataValue out;
  out.protocol_type = value.protocol_type;
  out.generation = value.generation;
  out.protocol = value.protocol;
  out.leader = value.leader;
  out.current_state_timestamp = value.state_timestamp_ms;
  for (const StoredMember& member : value.members) {
    auto& to = out.members.emplace_back();
    to.member_id = member.id;
    to.group_instance_id = member.instance_id;
    to.client_id = member.client_id;
    to.client_host = member.client_host;
    to.rebalance_timeout = member.rebalance_timeout_ms;
    to.session_timeout = member.session_timeout_ms;
    to.subscription = member.subscription;
    to.assignment = member.assignment;
  }
  StoredRecord record = group_tombstone(group_id);
  record.value = must(protocol::encode_versioned(out, kGroupVersion));
  return record;
}

StoredRecord group_tombstone(const std::string& group_id) {
  protocol::GroupMetadataKey out;
  out.group = group_id;
  return {must(protocol::encode_record_key(out)), std::nullopt};
}

Result<RecordKind> record_kind(ByteView key) {
  TRY_ASSIGN(const std::int16_t type, protocol::stored_type(key));
  switch (type) {
    case protocol::LegacyOffsetCommitKey::kRecordType:
    case protocol::OffsetCommitKey::kRecordType: return RecordKind::kOffset;
    case protocol::GroupMetadataKey::kRecordType: return RecordKind::kGroup;
    default: return RecordKind::kOther;
  }
}

Result<OffsetKey> read_offset_key(ByteView key) {
  TRY_ASSIGN(const std::int16_t type, protocol::stored_type(key));
  if (type == protocol::LegacyOffsetCommitKey::kRecordType) {
    TRY_ASSIGN(auto old, protocol::decode_record_key<protocol::LegacyOffsetCommitKey>(key));
    return OffsetKey{std::move(old.group), std::move(old.topic), old.partition};
  }
  TRY_ASSIGN(auto read, protocol::decode_record_key<protocol::OffsetCommitKey>(key));
  return OffsetKey{std::move(read.group), std::move(read.topic), read.partition};
}

// The values of both kinds of keys have the same layout in their version 0.
Result<CommittedOffset> read_offset_value(ByteView value) {
  TRY_ASSIGN(auto read, protocol::decode_versioned<protocol::OffsetCommitValue>(value));
  CommittedOffset out;
  out.offset = read.offset;
  out.leader_epoch = read.leader_epoch;
  out.metadata = std::move(read.metadata);
  out.commit_timestamp_ms = read.commit_timestamp;
  out.expire_timestamp_ms = read.expire_timestamp;
  out.topic_id = read.topic_id;
  return out;
}

Result<std::string> read_group_key(ByteView key) {
  TRY_ASSIGN(auto read, protocol::decode_record_key<protocol::GroupMetadataKey>(key));
  return std::move(read.group);
}

Result<GroupMetadata> read_group_value(ByteView value) {
  TRY_ASSIGN(auto read, protocol::decode_versioned<protocol::GroupMetadataValue>(value));
  GroupMetadata out;
  out.protocol_type = std::move(read.protocol_type);
  out.generation = read.generation;
  out.protocol = std::move(read.protocol);
  out.leader = std::move(read.leader);
  out.state_timestamp_ms = read.current_state_timestamp;
  for (auto& from : read.members) {
    out.members.push_back({std::move(from.member_id), std::move(from.group_instance_id), std::move(from.client_id),
                           std::move(from.client_host), from.rebalance_timeout, from.session_timeout, copy(from.subscription),
                           copy(from.assignment)});
  }
  return out;
}

}  // namespace barnabas::coordinator
