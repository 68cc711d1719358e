#include "protocol/codec.h"

#include <gtest/gtest.h>

#include "protocol/api.h"
#include "protocol/generated/produce.h"

namespace barnabas::protocol {
namespace {

Bytes hex(std::string_view text) {
  Bytes bytes;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
    bytes.push_back(static_cast<std::byte>(std::stoi(std::string(text.substr(i, 2)), nullptr, 16)));
  }
  return bytes;
}

TEST(CodecTest, AProduceRequestSurvivesTheWayThere) {
  Bytes records = hex("0102030405");
  ProduceRequest request;
  request.acks = -1;
  request.timeout_ms = 30000;
  auto& topic = request.topic_data.emplace_back();
  topic.name = "orders";
  topic.partition_data.push_back({.index = 3, .records = RecordsField(MutableBytes(records)), .unknown_tags = {}});

  for (std::int16_t version = 3; version <= 12; ++version) {
    Encoder encoder;
    request.encode(encoder, version);
    auto bytes = encoder.finish_bytes();
    ASSERT_TRUE(bytes) << bytes.error().message;
    Decoder decoder{MutableBytes(*bytes)};
    const auto decoded = decode<ProduceRequest>(decoder, version);
    ASSERT_TRUE(decoded) << decoded.error().message;
    EXPECT_EQ(*decoded, request) << version;
  }
}

}  // namespace
}  // namespace barnabas::protocol
