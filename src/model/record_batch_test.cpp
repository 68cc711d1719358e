#include "model/record_batch.h"

#include <gtest/gtest.h>

#include <string>

#include "model/record_batch_builder.h"

namespace barnabas {
namespace {

Bytes three_records() {
  RecordBatchBuilder builder(
      {.base_offset = Offset(100), .leader_epoch = LeaderEpoch(7), .producer_id = 5, .producer_epoch = 2, .base_sequence = INT32_MAX - 1});
  builder.add({.timestamp_ms = 1000, .key = as_bytes("a"), .value = as_bytes("1")});
  builder.add({.timestamp_ms = 3000, .key = std::nullopt, .value = as_bytes("")});
  builder.add({.timestamp_ms = 2000, .key = as_bytes("c"), .value = std::nullopt});
  return std::move(builder).build();
}

MutableRecordBatch open(Bytes& bytes) {
  auto batch = MutableRecordBatch::open(bytes);
  EXPECT_TRUE(batch.has_value());
  return *batch;
}

}  // namespace

TEST(RecordBatchTest, TheHeaderSaysWhatWasBuilt) {
  Bytes bytes = three_records();
  const auto batch = open(bytes);
  EXPECT_TRUE(batch.crc_matches());
  EXPECT_EQ(batch.size_bytes(), bytes.size());
  EXPECT_EQ(batch.base_offset(), Offset(100));
  EXPECT_EQ(batch.last_offset(), Offset(102));
  EXPECT_EQ(batch.next_offset(), Offset(103));
  EXPECT_EQ(batch.leader_epoch(), LeaderEpoch(7));
  EXPECT_EQ(batch.count(), 3);
  EXPECT_EQ(batch.base_timestamp(), 1000);
  EXPECT_EQ(batch.max_timestamp(), 3000);
  EXPECT_EQ(batch.producer_id(), 5);
  EXPECT_EQ(batch.producer_epoch(), 2);
  EXPECT_EQ(batch.base_sequence(), INT32_MAX - 1);
  EXPECT_EQ(batch.last_sequence(), 0);  // wraps: 2147483646, 2147483647, 0
  EXPECT_EQ(batch.compression(), Compression::kNone);
  EXPECT_FALSE(batch.is_transactional());
  EXPECT_FALSE(batch.is_control());
  EXPECT_EQ(batch.delete_horizon_ms(), std::nullopt);
}

TEST(RecordBatchTest, OffsetAndEpochAreOutsideTheChecksum) {
  Bytes bytes = three_records();
  auto batch = open(bytes);
  const std::uint32_t crc = batch.stored_crc();
  batch.set_base_offset(Offset(1'000'000'000'000));
  batch.set_leader_epoch(LeaderEpoch(9));
  EXPECT_EQ(batch.last_offset(), Offset(1'000'000'000'002));
  EXPECT_EQ(batch.leader_epoch(), LeaderEpoch(9));
  EXPECT_EQ(batch.stored_crc(), crc);
  EXPECT_TRUE(batch.crc_matches());
}

TEST(RecordBatchTest, AnAppendTimeIsSealedAgain) {  // P20
  Bytes bytes = three_records();
  auto batch = open(bytes);
  batch.set_max_timestamp(TimestampType::kLogAppendTime, 5000);
  EXPECT_EQ(batch.timestamp_type(), TimestampType::kLogAppendTime);
  EXPECT_EQ(batch.max_timestamp(), 5000);
  EXPECT_TRUE(batch.crc_matches());
  batch.set_max_timestamp(TimestampType::kCreateTime, 3000);
  EXPECT_EQ(bytes, three_records());
}

TEST(RecordBatchTest, EveryFlippedBitIsSeenByTheChecksum) {  // P11
  const Bytes good = three_records();
  for (std::size_t at = batch_layout::kCrc; at < good.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      Bytes bad = good;
      bad[at] ^= static_cast<std::byte>(1 << bit);
      ASSERT_FALSE(open(bad).crc_matches()) << at;
    }
  }
}

TEST(RecordBatchTest, EveryCutIsRefused) {
  const Bytes good = three_records();
  for (std::size_t size = 0; size < good.size(); ++size) {
    const auto cut = RecordBatchView::open(ByteView(good).first(size));
    ASSERT_FALSE(cut) << size;
    ASSERT_EQ(cut.error().code, Errc::kOutOfRange) << size;
  }
}

TEST(RecordBatchTest, BytesBehindTheBatchAreNotPartOfIt) {
  Bytes bytes = three_records();
  const std::size_t size = bytes.size();
  bytes.resize(size + 100);
  EXPECT_EQ(open(bytes).size_bytes(), size);
}

TEST(RecordBatchTest, HostileOffsetsDoNotOverflow) {
  Bytes bytes = three_records();
  store_be<std::int64_t>(bytes.data(), INT64_MAX);
  EXPECT_EQ(open(bytes).next_offset(), Offset(INT64_MIN + 2));
}

TEST(PeekTest, ItTellsTheSizeFromTwelveBytesAndTheMagicFromSeventeen) {
  const Bytes bytes = three_records();
  EXPECT_EQ(peek_batch(ByteView(bytes).first(11)).error().code, Errc::kOutOfRange);
  const auto size_only = peek_batch(ByteView(bytes).first(12));
  ASSERT_TRUE(size_only);
  EXPECT_EQ(size_only->size_bytes, bytes.size());
  EXPECT_EQ(size_only->base_offset, Offset(100));
  EXPECT_EQ(size_only->magic, std::nullopt);
  EXPECT_EQ(peek_batch(ByteView(bytes).first(17))->magic, kMagicV2);
}

TEST(PeekTest, ImpossibleLengthsAndMagicsAreCorrupt) {  // D8
  const auto peek = [](std::int32_t length, std::int8_t magic, std::uint64_t limit = UINT64_MAX) -> std::optional<Errc> {
    Bytes bytes(17);
    store_be(bytes.data() + batch_layout::kLength, length);
    store_be(bytes.data() + batch_layout::kMagic, magic);
    const auto result = peek_batch(bytes, limit);
    return result ? std::nullopt : std::optional(result.error().code);
  };
  for (const std::int32_t length : {INT32_MIN, -1, 0, 13}) EXPECT_EQ(peek(length, 2), Errc::kCorrupt) << length;
  EXPECT_EQ(peek(48, 2), Errc::kCorrupt);
  EXPECT_EQ(peek(49, 2), std::nullopt);
  EXPECT_EQ(peek(INT32_MAX, 2), std::nullopt);
  EXPECT_EQ(peek(1000, 2, 1011), Errc::kCorrupt);
  EXPECT_EQ(peek(1000, 2, 1012), std::nullopt);
  EXPECT_EQ(peek(1000, 3), Errc::kCorrupt);
  EXPECT_EQ(peek(1000, -1), Errc::kCorrupt);
}

TEST(PeekTest, OldFormatsAreRecognisedButNotOpened) {
  for (const auto& [magic, smallest] : {std::pair<std::int8_t, std::int32_t>{0, 14}, {1, 22}}) {
    Bytes bytes(100);
    store_be<std::int64_t>(bytes.data(), 42);
    store_be(bytes.data() + batch_layout::kLength, smallest);
    store_be(bytes.data() + batch_layout::kMagic, magic);
    const auto peek = peek_batch(bytes);
    ASSERT_TRUE(peek);
    EXPECT_EQ(peek->magic, magic);
    EXPECT_EQ(peek->size_bytes, static_cast<std::uint64_t>(smallest) + 12);
    EXPECT_EQ(RecordBatchView::open(bytes).error().code, Errc::kUnsupported);
    store_be(bytes.data() + batch_layout::kLength, smallest - 1);
    EXPECT_EQ(peek_batch(bytes).error().code, Errc::kCorrupt);
  }
}

TEST(BuilderTest, KafkasBytesForOneRecord) {
  RecordBatchBuilder builder;
  const RecordHeader headers[] = {{"h", as_bytes("x")}, {"n", std::nullopt}};
  builder.add({.timestamp_ms = 1, .key = as_bytes("k"), .value = std::nullopt, .headers = headers});
  const Bytes bytes = std::move(builder).build();
  const auto batch = RecordBatchView::open(bytes);
  ASSERT_TRUE(batch);
  const std::uint8_t expected[] = {
      0x1c,              // 14 bytes follow
      0x00, 0x00, 0x00,  // attributes, timestamp delta, offset delta
      0x02, 'k',  0x01,  // key of 1, null value
      0x04,              // two headers
      0x02, 'h',  0x02, 'x', 0x02, 'n', 0x01,
  };
  EXPECT_EQ(as_text(batch->records()), as_text(std::as_bytes(std::span(expected))));
}

TEST(BuilderTest, ATransactionMarkerSaysHowItEnded) {
  const Bytes bytes = build_end_transaction_marker(EndTransaction::kCommit, 12, 4000, 3, 1000);
  const auto batch = RecordBatchView::open(bytes);
  ASSERT_TRUE(batch && batch->crc_matches());
  EXPECT_TRUE(batch->is_control());
  EXPECT_TRUE(batch->is_transactional());
  EXPECT_EQ(batch->producer_id(), 4000);
  EXPECT_EQ(batch->producer_epoch(), 3);
  EXPECT_EQ(batch->base_sequence(), kNoSequence);
  EXPECT_EQ(batch->last_sequence(), kNoSequence);
  // length, attributes, two deltas, key size, then the key; value size, then the value; no headers
  const ByteView record = batch->records();
  ASSERT_EQ(record.size(), 17U);
  const auto marker = parse_end_transaction_marker(record.subspan(5, 4), record.subspan(10, 6));
  ASSERT_TRUE(marker);
  EXPECT_EQ(marker->outcome, EndTransaction::kCommit);
  EXPECT_EQ(marker->coordinator_epoch, 12);
  EXPECT_FALSE(parse_end_transaction_marker(record.subspan(5, 3), record.subspan(10, 6)));
}

TEST(BuilderTest, HolesInOffsetsAsCompactionLeavesThem) {
  RecordBatchBuilder builder({.base_offset = Offset(10)});
  builder.add({.timestamp_ms = 1, .key = as_bytes("a")});
  builder.skip_to(5);
  builder.add({.timestamp_ms = 1, .key = as_bytes("b")});
  builder.skip_to(9);
  const Bytes bytes = std::move(builder).build();
  const auto batch = RecordBatchView::open(bytes);
  EXPECT_EQ(batch->count(), 2);
  EXPECT_EQ(batch->last_offset(), Offset(18));
}

TEST(SequenceTest, AfterTheLargestComesZero) {
  EXPECT_EQ(add_sequence(5, 3), 8);
  EXPECT_EQ(add_sequence(INT32_MAX, 1), 0);
  EXPECT_EQ(add_sequence(INT32_MAX - 2, 5), 2);
}

TEST(CompressionNameTest, NamesAreThoseOfCompressionType) {
  for (int id = 0; id < kCompressionKinds; ++id) {
    const auto compression = compression_from_id(id);
    ASSERT_TRUE(compression);
    EXPECT_EQ(parse_compression(to_string(*compression)), compression);
  }
  EXPECT_EQ(compression_from_id(5), std::nullopt);
  EXPECT_EQ(parse_compression("uncompressed"), std::nullopt);  // the setting's other word for none: config's affair
}

}  // namespace barnabas
