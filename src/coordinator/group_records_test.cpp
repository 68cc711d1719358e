#include "coordinator/group_records.h"

#include <gtest/gtest.h>

namespace barnabas::coordinator {
namespace {

std::string hex(ByteView bytes) {
  std::string out;
  for (const std::byte b : bytes) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    out += kDigits[std::to_integer<unsigned>(b) >> 4];
    out += kDigits[std::to_integer<unsigned>(b) & 15];
  }
  return out;
}

Bytes text(std::string_view s) { return {as_bytes(s).begin(), as_bytes(s).end()}; }

CommittedOffset some_offset() {
  CommittedOffset offset;
  offset.offset = 100;
  offset.leader_epoch = 7;
  offset.metadata = "meta";
  offset.commit_timestamp_ms = 1000;
  return offset;
}

GroupMetadata some_group() {
  GroupMetadata group;
  group.protocol_type = "consumer";
  group.generation = 1;
  group.protocol = "range";
  group.leader = "m1";
  group.state_timestamp_ms = 5000;
  group.members.push_back({"m1", "i1", "cid", "/127.0.0.1", 60'000, 45'000, text("\x01\x02"), text("\x09")});
  return group;
}

// The expected bytes were written by Kafka 4.3.1 from the same values.
TEST(GroupRecordsTest, RecordsAreByteForByteKafkas) {
  const OffsetKey key{"g", "t", 3};
  CommittedOffset offset = some_offset();
  EXPECT_EQ(hex(offset_record(key, offset).key), "000100016700017400000003");
  EXPECT_EQ(hex(*offset_record(key, offset).value), "0004000000000000006400000007056d65746100000000000003e800");

  offset.topic_id.bytes[7] = std::byte{1};
  offset.topic_id.bytes[15] = std::byte{2};
  EXPECT_EQ(hex(*offset_record(key, offset).value),
            "0004000000000000006400000007056d65746100000000000003e801001000000000000000010000000000000002");

  offset.expire_timestamp_ms = 5000;
  EXPECT_EQ(hex(*offset_record(key, offset).value), "0001000000000000006400046d65746100000000000003e80000000000001388");

  EXPECT_EQ(hex(group_record("g", some_group()).key), "0002000167");
  EXPECT_EQ(
      hex(*group_record("g", some_group()).value),
      "00030008636f6e73756d657200000001000572616e676500026d3100000000000013880000000100026d31000269310003636964000a2f3132372e302e302e31"
      "0000ea600000afc80000000201020000000109");

  GroupMetadata empty;
  empty.state_timestamp_ms = 5000;
  EXPECT_EQ(hex(*group_record("g", empty).value), "0003000000000000ffffffff000000000000138800000000");
  EXPECT_FALSE(group_tombstone("g").value);
  EXPECT_FALSE(offset_tombstone(key).value);
}

TEST(GroupRecordsTest, WhatIsWrittenIsReadBack) {
  const OffsetKey key{"g", "t", 3};
  const StoredRecord offset = offset_record(key, some_offset());
  EXPECT_EQ(record_kind(offset.key), RecordKind::kOffset);
  EXPECT_EQ(read_offset_key(offset.key), key);
  EXPECT_EQ(read_offset_value(*offset.value), some_offset());
  const StoredRecord group = group_record("g", some_group());
  EXPECT_EQ(record_kind(group.key), RecordKind::kGroup);
  EXPECT_EQ(read_group_key(group.key), "g");
  EXPECT_EQ(read_group_value(*group.value), some_group());
}

TEST(GroupRecordsTest, KeysOfBrokersBefore09AreReadAndForeignKindsAreTold) {
  Bytes old = offset_record({"g", "t", 3}, some_offset()).key;
  old[1] = std::byte{0};
  EXPECT_EQ(record_kind(old), RecordKind::kOffset);
  EXPECT_EQ(read_offset_key(old)->topic, "t");
  old[1] = std::byte{3};  // a KIP-848 group's
  EXPECT_EQ(record_kind(old), RecordKind::kOther);
}

TEST(GroupRecordsTest, EveryCutIsRefused) {
  const StoredRecord offset = offset_record({"g", "t", 3}, some_offset());
  const StoredRecord group = group_record("g", some_group());
  for (std::size_t n = 0; n < offset.value->size(); ++n) EXPECT_FALSE(read_offset_value(ByteView(*offset.value).first(n))) << n;
  for (std::size_t n = 0; n < group.value->size(); ++n) EXPECT_FALSE(read_group_value(ByteView(*group.value).first(n))) << n;
  for (std::size_t n = 0; n < offset.key.size(); ++n) EXPECT_FALSE(read_offset_key(ByteView(offset.key).first(n))) << n;
  for (std::size_t n = 0; n < group.key.size(); ++n) EXPECT_FALSE(read_group_key(ByteView(group.key).first(n))) << n;
}

}  // namespace
}  // namespace barnabas::coordinator
