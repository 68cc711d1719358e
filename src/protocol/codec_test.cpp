#include "protocol/codec.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <limits>
#include <new>

#include "base/disk.h"
#include "protocol/api.h"
#include "protocol/generated/create_topics.h"
#include "protocol/generated/fetch.h"
#include "protocol/generated/join_group.h"
#include "protocol/generated/metadata.h"
#include "protocol/generated/produce.h"

namespace {
std::size_t allocated_bytes = 0;  // by this thread's operator new, since somebody set it to 0
}

// Counts what is asked for, so that a test can say: refused before memory was taken.
void* operator new(std::size_t size) {
  allocated_bytes += size;
  if (void* memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace barnabas::protocol {
namespace {

Bytes hex(std::string_view text) {
  Bytes bytes;
  std::string digits;
  for (const char c : text) {
    if (c == ' ') continue;
    digits += c;
    if (digits.size() < 2) continue;
    bytes.push_back(static_cast<std::byte>(std::strtoul(digits.c_str(), nullptr, 16)));
    digits.clear();
  }
  return bytes;
}

template <class Message>
Bytes encoded(const Message& message, std::int16_t version) {
  Encoder encoder;
  message.encode(encoder, version);
  auto bytes = encoder.finish_bytes();
  EXPECT_TRUE(bytes) << bytes.error().message;
  return bytes ? *bytes : Bytes();
}

template <class Message>
Result<Message> decoded(ByteView bytes, std::int16_t version) {
  Decoder decoder(bytes);
  return decode<Message>(decoder, version);
}

// What refusing these bytes costs in memory, the text of the error included.
template <class Message>
std::size_t cost_of_refusing(ByteView bytes, std::int16_t version) {
  allocated_bytes = 0;
  const auto result = decoded<Message>(bytes, version);
  EXPECT_FALSE(result);
  return allocated_bytes;
}

constexpr std::size_t kErrorTextMaxBytes = 512;

ProduceRequest produce() {
  static const Bytes records = hex("0102030405");
  ProduceRequest request;
  request.acks = -1;
  request.timeout_ms = 30000;
  auto& topic = request.topic_data.emplace_back();
  topic.name = "orders";
  topic.partition_data.emplace_back().index = 3;
  topic.partition_data.back().records = RecordsField(records);
  return request;
}

TEST(CodecTest, AProduceRequestSurvivesTheWayThere) {
  for (std::int16_t version = 3; version <= 12; ++version) {
    const Bytes frame = encoded(produce(), version);  // the records stay a view of it
    const auto request = decoded<ProduceRequest>(frame, version);
    ASSERT_TRUE(request) << request.error().message;
    EXPECT_EQ(*request, produce()) << version;
  }
}

TEST(CodecTest, EveryCutOfAFrameIsRefused) {  // A2, D2
  for (const std::int16_t version : std::initializer_list<std::int16_t>{3, 9, 12}) {
    const Bytes frame = encoded(produce(), version);
    for (std::size_t size = 0; size < frame.size(); ++size) {
      EXPECT_FALSE(decoded<ProduceRequest>(ByteView(frame).first(size), version)) << version << " cut at " << size;
    }
  }
}

TEST(CodecTest, BytesBehindTheMessageAreRefusedUnlessTheCallerDoesNotCare) {
  Bytes frame = encoded(produce(), 9);
  frame.push_back(std::byte{0});
  EXPECT_FALSE(decoded<ProduceRequest>(frame, 9));

  Decoder decoder{ByteView(frame)};
  ProduceRequest request;
  request.decode(decoder, 9);
  EXPECT_TRUE(decoder.finish_prefix());
}

TEST(CodecTest, AVersionOutsideOfTheSchemaIsRefused) {
  EXPECT_FALSE(decoded<ProduceRequest>(encoded(produce(), 3), 14));
  EXPECT_FALSE(decoded<ProduceRequest>(encoded(produce(), 3), -1));
  Encoder encoder;
  produce().encode(encoder, 14);
  EXPECT_FALSE(encoder.finish());
}

TEST(CodecTest, AClaimedLengthBeyondTheFrameTakesNoMemory) {  // A4, D6
  // Metadata v1: an array of 2^31-1 topics in a frame of a few bytes; v9: the same as a varint, then 2^32-2 of them.
  EXPECT_LE(cost_of_refusing<MetadataRequest>(hex("7fffffff 0001 61"), 1), kErrorTextMaxBytes);
  EXPECT_LE(cost_of_refusing<MetadataRequest>(hex("8080808008 0261 00"), 9), kErrorTextMaxBytes);
  EXPECT_LE(cost_of_refusing<MetadataRequest>(hex("ffffffff0f 0261 00"), 9), kErrorTextMaxBytes);
  // A thousand topics in three bytes: not many, but not there either.
  EXPECT_LE(cost_of_refusing<MetadataRequest>(hex("00000400 0001 61"), 1), kErrorTextMaxBytes);
  // A string of 32767 bytes, a client's record bytes of 2 GiB, and an inner array in an outer one that is honest.
  EXPECT_LE(cost_of_refusing<MetadataRequest>(hex("00000001 7fff 61"), 1), kErrorTextMaxBytes + 64 * 1024);
  EXPECT_LE(cost_of_refusing<ProduceRequest>(hex("ffff 0001 00000001 00000001 0001 61 00000001 00000000 7fffffff"), 3), 2048);
  EXPECT_LE(cost_of_refusing<ProduceRequest>(hex("ffff 0001 00000001 00000001 0001 61 7fffffff 00000000"), 3), 2048);
}

TEST(CodecTest, TaggedFieldsWithAbsurdCountsAndSizesTakeNoMemory) {  // D6
  EXPECT_LE(cost_of_refusing<MetadataRequest>(hex("01 01 00 00 ffffffff0f"), 9), kErrorTextMaxBytes);
  EXPECT_LE(cost_of_refusing<MetadataRequest>(hex("01 01 00 00 01 05 ffffffff0f 00"), 9), kErrorTextMaxBytes);
}

TEST(CodecTest, AMessageMayNotTakeFarMoreMemoryThanItsFrame) {  // D6
  // JoinGroup v9 with a million empty protocols of three bytes each would be a struct of 56 bytes each.
  JoinGroupRequest request;
  request.protocols.resize(1'000'000);
  const Bytes frame = encoded(request, 9);
  EXPECT_LE(cost_of_refusing<JoinGroupRequest>(frame, 9), kErrorTextMaxBytes);
  request.protocols.resize(1000);
  EXPECT_TRUE(decoded<JoinGroupRequest>(encoded(request, 9), 9));
}

TEST(CodecTest, HostileNestingStopsAtTheFirstLie) {  // D6
  // A thousand honest topics, each of which lies about its partitions: the first is the last that is looked at.
  Bytes frame = hex("ffff 0001 00000001 000003e8");
  const Bytes topic = hex("0001 61 7ffffff0");
  for (int i = 0; i < 1000; ++i) frame.insert(frame.end(), topic.begin(), topic.end());
  allocated_bytes = 0;
  const auto refused = decoded<ProduceRequest>(frame, 3);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("at byte 19"), std::string::npos) << refused.error().message;
  EXPECT_LE(allocated_bytes, 128U * 1024);  // the vector of topics is reserved, up to 64 KiB
}

TEST(CodecTest, VarintsEndAfterFiveBytesAndThirtyTwoBits) {  // D5
  const auto read = [](std::string_view text) -> Result<std::uint32_t> {
    const Bytes bytes = hex(text);
    Decoder decoder{ByteView(bytes)};
    const std::uint32_t value = decoder.uvarint();
    TRY(decoder.finish());
    return value;
  };
  EXPECT_EQ(*read("00"), 0U);
  EXPECT_EQ(*read("7f"), 127U);
  EXPECT_EQ(*read("8001"), 128U);
  EXPECT_EQ(*read("ffffffff0f"), 0xffffffffU);
  EXPECT_EQ(*read("808000"), 0U) << "padding is taken, as Kafka takes it";
  EXPECT_FALSE(read("ffffffff1f"));
  EXPECT_FALSE(read("ffffffffffffffffffff"));
  EXPECT_FALSE(read("80"));
  EXPECT_FALSE(read(""));
}

TEST(CodecTest, LengthsBelowMinusOneAreRefused) {  // D5
  EXPECT_FALSE(decoded<MetadataRequest>(hex("fffffffe"), 1));
  EXPECT_FALSE(decoded<MetadataRequest>(hex("80000000"), 1));
  EXPECT_FALSE(decoded<MetadataRequest>(hex("00000001 fffe"), 1));
}

TEST(CodecTest, NullIsTakenOnlyWhereTheVersionAllowsIt) {
  const auto all = decoded<MetadataRequest>(hex("ffffffff"), 1);
  ASSERT_TRUE(all);
  EXPECT_FALSE(all->topics.has_value());
  EXPECT_FALSE(decoded<MetadataRequest>(hex("ffffffff"), 0));
  EXPECT_FALSE(decoded<MetadataRequest>(hex("00000001 ffff"), 1));

  MetadataRequest request;
  request.topics.reset();
  Encoder encoder;
  request.encode(encoder, 0);
  const auto refused = encoder.finish();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message, "topics is null");
}

TEST(CodecTest, AStringIsAtMost32767BytesInEveryVersion) {
  Bytes frame = hex("02 808002");  // one topic, whose name is said to have 32767 bytes
  frame.resize(frame.size() + 32767, std::byte{'a'});
  const Bytes rest = hex("00 00 00 00 00");
  frame.insert(frame.end(), rest.begin(), rest.end());
  EXPECT_TRUE(decoded<MetadataRequest>(frame, 9));
  frame[1] = std::byte{0x81};
  frame.insert(frame.begin() + 4, std::byte{'a'});
  EXPECT_FALSE(decoded<MetadataRequest>(frame, 9));

  MetadataRequest request;
  request.topics->emplace_back().name = std::string(32768, 'a');
  Encoder encoder;
  request.encode(encoder, 9);
  EXPECT_FALSE(encoder.finish());
}

TEST(CodecTest, UnknownTaggedFieldsAreKept) {
  const Bytes frame = hex("01 01 00 00 02 05 01aa 4d 02bbcc");
  const auto request = decoded<MetadataRequest>(frame, 9);
  ASSERT_TRUE(request) << request.error().message;
  ASSERT_EQ(request->unknown_tags.size(), 2U);
  EXPECT_EQ(request->unknown_tags.all()[1].tag, 0x4dU);
  EXPECT_EQ(encoded(*request, 9), frame);

  MetadataRequest copy = *request;
  EXPECT_EQ(copy, *request);
  copy.unknown_tags = {};
  EXPECT_NE(copy, *request);
}

TEST(CodecTest, TaggedFieldsMustAscendAndFillTheirSize) {
  EXPECT_TRUE(decoded<MetadataRequest>(hex("01 01 00 00 02 05 00 06 00"), 9));
  EXPECT_FALSE(decoded<MetadataRequest>(hex("01 01 00 00 02 05 00 05 00"), 9));
  EXPECT_FALSE(decoded<MetadataRequest>(hex("01 01 00 00 02 06 00 05 00"), 9));
  // Fetch v12 knows tag 0, the cluster id, a string: here its size says one byte more, then one byte less.
  const std::string_view head = "ffffffff 00000000 00000000 00000000 00 00000000 00000000 01 01 01 ";
  EXPECT_TRUE(decoded<FetchRequest>(hex(std::string(head) + "01 00 02 0261"), 12));
  EXPECT_FALSE(decoded<FetchRequest>(hex(std::string(head) + "01 00 03 0261 00"), 12));
  EXPECT_FALSE(decoded<FetchRequest>(hex(std::string(head) + "01 00 01 0261"), 12));
  // The size takes in the next field, which would be read a second time if the size were not held to.
  EXPECT_TRUE(decoded<FetchRequest>(hex(std::string(head) + "02 00 02 0261 05 01 aa"), 12));
  EXPECT_FALSE(decoded<FetchRequest>(hex(std::string(head) + "02 00 05 0261 05 01 aa"), 12));
}

TEST(CodecTest, AKnownTagInAVersionBeforeItIsAnUnknownOne) {
  // Tag 1 of a Fetch, the replica state, came with version 15.
  const std::string_view head = "ffffffff 00000000 00000000 00000000 00 00000000 00000000 01 01 01 ";
  const Bytes frame = hex(std::string(head) + "01 01 0d 00000007 0000000000000008 00");
  const auto request = decoded<FetchRequest>(frame, 12);
  ASSERT_TRUE(request) << request.error().message;
  EXPECT_EQ(request->replica_state.replica_id, -1);
  EXPECT_EQ(request->unknown_tags.size(), 1U);
  EXPECT_EQ(encoded(*request, 12), frame);
}

TEST(CodecTest, ALongTaggedFieldGetsALongSize) {
  FetchRequest request;
  request.cluster_id = std::string(20'000, 'c');
  const auto again = decoded<FetchRequest>(encoded(request, 12), 12);
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(again->cluster_id, request.cluster_id);
}

TEST(CodecTest, WhatAVersionCannotCarryFailsUnlessItMayBeIgnored) {
  ProduceRequest transactional = produce();
  transactional.transactional_id = "tx";
  Encoder old;
  transactional.encode(old, 2);
  const auto refused = old.finish();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message, "transactional_id is set, but version 2 has no such field");

  ProduceResponse throttled;
  throttled.throttle_time_ms = 7;
  Encoder ignoring;
  throttled.encode(ignoring, 0);
  EXPECT_TRUE(ignoring.finish());
}

TEST(CodecTest, RecordsArePatchedInPlace) {
  Bytes frame = encoded(produce(), 9);
  Decoder decoder{MutableBytes(frame)};
  const auto request = decode<ProduceRequest>(decoder, 9);
  ASSERT_TRUE(request);
  const RecordsField& records = request->topic_data[0].partition_data[0].records;
  records.mutable_view()[0] = std::byte{0xee};

  const auto again = decoded<ProduceRequest>(frame, 9);
  EXPECT_EQ(again->topic_data[0].partition_data[0].records.view()[0], std::byte{0xee});
}

TEST(CodecTest, NullRecordsStayNull) {
  ProduceRequest request = produce();
  request.topic_data[0].partition_data[0].records = {};
  const auto again = decoded<ProduceRequest>(encoded(request, 9), 9);
  ASSERT_TRUE(again);
  EXPECT_TRUE(again->topic_data[0].partition_data[0].records.is_null());
}

FetchResponse::PartitionData fetched(std::vector<Slice> slices) {
  FetchResponse::PartitionData partition;
  partition.aborted_transactions.reset();
  partition.records = RecordsField(std::move(slices));
  return partition;
}

TEST(CodecTest, AFetchResponseRefersToFilesAndBigPiecesAndCopiesSmallOnes) {
  auto big = std::make_shared<Bytes>(100'000, std::byte{'b'});
  auto small = std::make_shared<Bytes>(100, std::byte{'s'});
  FetchResponse response;
  auto& topic = response.responses.emplace_back();
  topic.topic = "orders";
  topic.partitions.push_back(fetched({FileSlice{nullptr, 4096, 1'000'000}}));
  topic.partitions.push_back(fetched({MemorySlice{big, *big}, MemorySlice{small, *small}}));

  const auto frame = encode_response(5, response, 12);
  ASSERT_TRUE(frame) << frame.error().message;
  ASSERT_EQ(frame->slices.size(), 5U);
  EXPECT_EQ(std::get<FileSlice>(frame->slices[1]).position, 4096U);
  EXPECT_EQ(std::get<MemorySlice>(frame->slices[3]).bytes.data(), big->data());
  EXPECT_EQ(std::get<MemorySlice>(frame->slices[3]).owner, big);

  std::uint64_t sum = 0;
  for (const Slice& slice : frame->slices) sum += size(slice);
  EXPECT_EQ(frame->size, sum);
  const ByteView head = std::get<MemorySlice>(frame->slices[0]).bytes;
  EXPECT_EQ(load_be<std::int32_t>(head.data()), static_cast<std::int32_t>(sum - 4));
  EXPECT_EQ(load_be<std::int32_t>(head.data() + 4), 5);
}

TEST(CodecTest, ABigMetadataResponseIsWrittenInOnePass) {
  MetadataResponse response;
  auto& topic = response.topics.emplace_back();
  topic.name = "wide";
  for (int i = 0; i < 50'000; ++i) {
    auto& partition = topic.partitions.emplace_back();
    partition.partition_index = i;
    partition.replica_nodes = {1, 2, 3};
    partition.isr_nodes = {1, 2, 3};
  }
  allocated_bytes = 0;
  const auto frame = encode_response(1, response, 12);
  ASSERT_TRUE(frame);
  EXPECT_EQ(frame->slices.size(), 1U);
  EXPECT_GT(frame->size, 2'000'000U);
  EXPECT_LE(allocated_bytes, 1024U) << "nothing but the one buffer, which grows by itself";
}

}  // namespace
}  // namespace barnabas::protocol
