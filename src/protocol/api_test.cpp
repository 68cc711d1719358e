#include "protocol/api.h"

#include <gtest/gtest.h>

#include "protocol/generated/api_versions.h"
#include "protocol/generated/consumer_protocol.h"
#include "protocol/generated/legacy_offset_commit_record.h"
#include "protocol/generated/metadata.h"
#include "protocol/generated/offset_commit_record.h"
#include "protocol/stored.h"

namespace barnabas::protocol {
namespace {

Bytes joined(const OutFrame& frame) {
  Bytes bytes;
  for (const Slice& slice : frame.slices) {
    const ByteView part = std::get<MemorySlice>(slice).bytes;
    bytes.insert(bytes.end(), part.begin(), part.end());
  }
  return bytes;
}

TEST(ApiTest, TheTableHoldsWhatMayBeAdvertised) {
  ASSERT_NE(find_api(18), nullptr);
  EXPECT_EQ(find_api(18)->name, "ApiVersions");
  EXPECT_EQ(find_api(18)->max_version, 4);
  EXPECT_EQ(find_api(0)->min_version, 0) << "KAFKA-18659: librdkafka wants Produce 0";
  EXPECT_EQ(find_api(22)->max_version, 5);
  EXPECT_EQ(find_api(22)->described_max_version, 6) << "not settled yet";
  EXPECT_FALSE(find_api(22)->supports(6));
  EXPECT_EQ(name(ApiKey::kOffsetForLeaderEpoch), "OffsetForLeaderEpoch");
  for (const std::int16_t unknown : std::initializer_list<std::int16_t>{-1, 4, 5, 6, 7, 52, 53, 54, 59, 82, 93, 999}) {  // D9
    EXPECT_EQ(find_api(unknown), nullptr) << unknown;
  }
}

TEST(ApiTest, AFlexibleRequestHasTagsInItsHeaderAndAnApiVersionsResponseNever) {
  const ApiInfo& versions = *find_api(18);
  EXPECT_EQ(request_header_version(versions, 2), 1);
  EXPECT_EQ(request_header_version(versions, 3), 2);
  EXPECT_EQ(response_header_version(versions, 3), 0);
  const ApiInfo& metadata = *find_api(3);
  EXPECT_EQ(response_header_version(metadata, 8), 0);
  EXPECT_EQ(response_header_version(metadata, 9), 1);
}

TEST(ApiTest, ARequestFrameBeginsWithSizeAndHeader) {
  MetadataRequest request;
  request.topics.reset();
  for (const std::int16_t version : std::initializer_list<std::int16_t>{1, 9}) {
    RequestHeader sent;
    sent.correlation_id = 77;
    sent.client_id = "me";
    const auto frame = encode_request(sent, request, version);
    ASSERT_TRUE(frame);
    const Bytes bytes = joined(*frame);
    EXPECT_EQ(load_be<std::int32_t>(bytes.data()), static_cast<std::int32_t>(bytes.size() - 4));

    Decoder decoder(ByteView(bytes).subspan(4));
    const RequestHeader header = RequestHeader::decode(decoder);
    EXPECT_EQ(header.api_key, 3);
    EXPECT_EQ(header.api_version, version);
    EXPECT_EQ(header.correlation_id, 77);
    EXPECT_EQ(header.client_id, "me");
    const auto again = decode<MetadataRequest>(decoder, version);
    ASSERT_TRUE(again) << again.error().message;
    EXPECT_EQ(*again, request);
  }
}

TEST(ApiTest, AClientIdMayBeNullAndEveryCutOfAHeaderIsRefused) {
  Encoder encoder;
  RequestHeader{.api_key = 3, .api_version = 9, .correlation_id = 1, .client_id = std::nullopt}.encode(encoder);
  const Bytes bytes = *encoder.finish_bytes();
  Decoder whole{ByteView(bytes)};
  EXPECT_FALSE(RequestHeader::decode(whole).client_id.has_value());
  EXPECT_TRUE(whole.finish());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    Decoder cut(ByteView(bytes).first(size));
    RequestHeader::decode(cut);
    EXPECT_FALSE(cut.finish()) << size;
  }
}

TEST(ApiTest, AnUnknownKeyStopsBehindTheCorrelationId) {  // D9
  Encoder encoder;
  encoder.fixed(std::int16_t{999});
  encoder.fixed(std::int16_t{-1});
  encoder.fixed(std::int32_t{42});
  encoder.fixed(std::int16_t{-7});
  const Bytes bytes = *encoder.finish_bytes();
  Decoder decoder{ByteView(bytes)};
  const RequestHeader header = RequestHeader::decode(decoder);
  EXPECT_TRUE(decoder.ok());
  EXPECT_EQ(header.correlation_id, 42);
}

TEST(ApiTest, AnApiVersionsResponseForAnUnknownVersionIsReadableByEverybody) {  // A1
  ApiVersionsResponse response;
  response.error_code = 35;
  response.api_keys.push_back({.api_key = 18, .min_version = 0, .max_version = 4, .unknown_tags = {}});
  const auto frame = encode_response(9, response, 0);
  ASSERT_TRUE(frame);
  EXPECT_EQ(joined(*frame).size(), 4 + 4 + 2 + 4 + 6U);
}

TEST(StoredTest, AnOffsetCommitIsKeyedByTypeAndItsValueByVersion) {
  OffsetCommitKey key{.group = "g", .topic = "t", .partition = 2};
  const auto key_bytes = encode_record_key(key);
  ASSERT_TRUE(key_bytes);
  EXPECT_EQ(*stored_type(*key_bytes), OffsetCommitKey::kRecordType);
  EXPECT_EQ(*decode_record_key<OffsetCommitKey>(*key_bytes), key);

  OffsetCommitValue value;
  value.offset = 12;
  value.metadata = "m";
  for (std::int16_t version = 0; version <= 4; ++version) {
    const auto bytes = encode_versioned(value, version);
    ASSERT_TRUE(bytes);
    const auto again = decode_versioned<OffsetCommitValue>(*bytes);
    ASSERT_TRUE(again) << again.error().message;
    EXPECT_EQ(again->offset, 12);
    for (std::size_t size = 0; size < bytes->size(); ++size) {
      EXPECT_FALSE(decode_versioned<OffsetCommitValue>(ByteView(*bytes).first(size))) << version << " cut at " << size;
    }
  }
  EXPECT_FALSE(decode_record_key<LegacyOffsetCommitKey>(*key_bytes));
}

TEST(StoredTest, ANewerVersionIsRefusedSaveWhereItOnlyAdds) {
  OffsetCommitValue value;
  Bytes bytes = *encode_versioned(value, 4);
  store_be<std::int16_t>(bytes.data(), 5);
  const auto refused = decode_versioned<OffsetCommitValue>(bytes);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::kUnsupported);

  ConsumerProtocolSubscription subscription;
  subscription.topics = {"orders"};
  Bytes future = *encode_versioned(subscription, 3);
  store_be<std::int16_t>(future.data(), 9);
  future.push_back(std::byte{1});
  const auto read = decode_versioned<ConsumerProtocolSubscription>(future, Newer::kAsNewest);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->topics, subscription.topics);
}

}  // namespace
}  // namespace barnabas::protocol
