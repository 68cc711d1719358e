#pragma once
// The records of the metadata log: schemas/metadata_records.schema, with two numbers in front of each.
//
//   int16 kind (the index in Record), int16 version, then the message
//
// A reader that meets a kind or a version above its own stops (kUnsupported): it must not guess what the cluster agreed.
// New kinds are added at the end of Record and nothing is ever taken out or moved.
#include <variant>

#include "base/bytes.h"
#include "base/result.h"
#include "protocol/generated/metadata_records.h"

namespace barnabas::metadata {

using protocol::ClientQuotaRecord;
using protocol::ConfigRecord;
using protocol::FeatureLevelRecord;
using protocol::PartitionChangeRecord;
using protocol::PartitionRecord;
using protocol::ProducerIdsRecord;
using protocol::RegisterBrokerRecord;
using protocol::RemoveTopicRecord;
using protocol::TopicRecord;

using Record = std::variant<TopicRecord, PartitionRecord, PartitionChangeRecord, RemoveTopicRecord, ConfigRecord, ProducerIdsRecord,
                            RegisterBrokerRecord, FeatureLevelRecord, ClientQuotaRecord>;

// PartitionChangeRecord::leader when the leader stays.
inline constexpr std::int32_t kLeaderUnchanged = -2;

// The level of this program's records and of its own wire extensions, finalized through the log (0: an empty cluster).
inline constexpr std::string_view kMetadataVersionFeature = "barnabas.metadata.version";
inline constexpr std::int16_t kMetadataVersion = 1;

// kTooLarge or kInvalidArgument for what the wire cannot carry, such as a string over 32767 bytes.
Result<Bytes> encode_record(const Record& record);
Result<Record> decode_record(ByteView bytes);

}  // namespace barnabas::metadata
