#include "model/batch_validation.h"

#include <gtest/gtest.h>
#include <algorithm>

#include <string>

#include "model/record_batch_builder.h"
#include "model/record_reader.h"
#include "model/varint.h"

namespace barnabas {
namespace {

constexpr std::int64_t kNow = 1'700'000'000'000;
constexpr Compression kAll[] = {Compression::kNone, Compression::kGzip, Compression::kSnappy, Compression::kLz4, Compression::kZstd};
constexpr Compression kReal[] = {Compression::kGzip, Compression::kSnappy, Compression::kLz4, Compression::kZstd};

}  // namespace

class BatchValidationTest : public ::testing::Test {
 protected:
  Bytes batch(const BatchOptions& options = {}, Compression codec = Compression::kNone) {
    RecordBatchBuilder builder(options);
    builder.add({.timestamp_ms = kNow - 5, .key = as_bytes("a"), .value = as_bytes("one")});
    builder.add({.timestamp_ms = kNow + 7, .key = as_bytes("b"), .value = as_bytes("two")});
    builder.add({.timestamp_ms = kNow, .key = as_bytes("c"), .value = as_bytes("three")});
    return std::move(builder).build(codec, context_);
  }

  // A batch with one header field changed behind the producer's back, its checksum right.
  template <class T>
  Bytes batch_with(std::size_t at, T value) {
    Bytes bytes = batch();
    store_be<T>(bytes.data() + at, value);
    MutableRecordBatch::open(bytes)->seal();
    return bytes;
  }

  std::expected<AcceptedBatch, BatchRejection> validate(Bytes& bytes, AppendOrigin origin = AppendOrigin::kClient) {
    return validate_append(bytes, rules_, origin, kNow, context_);
  }

  ErrorCode verdict(Bytes bytes, AppendOrigin origin = AppendOrigin::kClient) {
    const auto result = validate(bytes, origin);
    return result ? ErrorCode::kNone : result.error().code;
  }

  static ErrorCode shape(ByteView bytes, std::int16_t version = 9) {
    const auto rejection = check_produce_records(bytes, version);
    return rejection ? rejection->code : ErrorCode::kNone;
  }

  // Everything a consumer sees of a batch.
  std::string contents(ByteView bytes) {
    const auto view = RecordBatchView::open(bytes);
    EXPECT_TRUE(view && view->crc_matches());
    RecordReader reader(*view, context_);
    std::string out;
    for (;;) {
      const auto record = reader.next();
      EXPECT_TRUE(record);
      if (!record || *record == nullptr) return out;
      out += std::to_string(reader.offset().value()) + "@" + std::to_string(reader.timestamp()) + " ";
      out += (*record)->key() ? std::string(as_text(*(*record)->key())) : "null";
      out += "=" + ((*record)->value() ? std::string(as_text(*(*record)->value())) : "null") + "; ";
    }
  }

  AppendRules rules_;
  CompressionContext context_;
};

TEST_F(BatchValidationTest, ExactlyOneBatchOfMagicTwo) {  // P9
  const Bytes one = batch();
  EXPECT_EQ(shape(one), ErrorCode::kNone);
  EXPECT_EQ(shape({}), ErrorCode::kInvalidRecord);
  Bytes two = one;
  two.insert(two.end(), one.begin(), one.end());
  EXPECT_EQ(shape(two), ErrorCode::kInvalidRecord);
  Bytes trailing = one;
  trailing.push_back(std::byte{0});
  EXPECT_EQ(shape(trailing), ErrorCode::kInvalidRecord);
  for (std::size_t size = 0; size < one.size(); ++size) EXPECT_EQ(shape(ByteView(one).first(size)), ErrorCode::kInvalidRecord) << size;
  for (const std::int8_t magic : std::initializer_list<std::int8_t>{0, 1, 3, 127, -1}) {
    Bytes other = one;
    store_be<std::int8_t>(other.data() + batch_layout::kMagic, magic);
    const bool once_was = magic == 0 || magic == 1;
    EXPECT_EQ(shape(other), once_was ? ErrorCode::kInvalidRecord : ErrorCode::kCorruptMessage) << int{magic};
  }
  for (const std::int32_t length : {INT32_MIN, -1, 0, 13, 48}) {
    Bytes other = one;
    store_be(other.data() + batch_layout::kLength, length);
    EXPECT_EQ(shape(other), ErrorCode::kCorruptMessage) << length;
  }
}

TEST_F(BatchValidationTest, ZstdNeedsProduceSeven) {  // P10
  EXPECT_EQ(shape(batch({}, Compression::kZstd), 6), ErrorCode::kUnsupportedCompressionType);
  EXPECT_EQ(shape(batch({}, Compression::kZstd), 7), ErrorCode::kNone);
  EXPECT_EQ(shape(batch({}, Compression::kLz4), 3), ErrorCode::kNone);
}

TEST_F(BatchValidationTest, AGoodBatchIsTakenAsItIs) {
  for (const Compression codec : kAll) {
    Bytes bytes = batch({.producer_id = 9, .producer_epoch = 1, .base_sequence = 40, .transactional = true}, codec);
    const Bytes before = bytes;
    const auto accepted = validate(bytes);
    ASSERT_TRUE(accepted) << accepted.error().message;
    EXPECT_EQ(bytes, before) << to_string(codec);
    EXPECT_EQ(accepted->bytes.data(), bytes.data());
    EXPECT_TRUE(accepted->rewritten.empty());
    EXPECT_EQ(accepted->count, 3);
    EXPECT_EQ(accepted->last_offset_delta, 2);
    EXPECT_EQ(accepted->max_timestamp, kNow + 7);
    EXPECT_EQ(accepted->max_timestamp_offset_delta, 1);
    EXPECT_EQ(accepted->log_append_time_ms, std::nullopt);  // P20
    EXPECT_EQ(accepted->compression, codec);
    EXPECT_EQ(accepted->producer_id, 9);
    EXPECT_EQ(accepted->producer_epoch, 1);
    EXPECT_EQ(accepted->base_sequence, 40);
    EXPECT_EQ(accepted->last_sequence, 42);
    EXPECT_TRUE(accepted->transactional);
    EXPECT_FALSE(accepted->control);
  }
}

TEST_F(BatchValidationTest, AWrongChecksumIsCorrupt) {  // P11
  Bytes bytes = batch();
  bytes.back() ^= std::byte{1};
  EXPECT_EQ(verdict(bytes), ErrorCode::kCorruptMessage);
}

TEST_F(BatchValidationTest, ABatchHasASizeLimit) {  // P12
  const auto size = static_cast<std::int32_t>(batch().size());
  rules_.max_message_bytes = size;
  EXPECT_EQ(verdict(batch()), ErrorCode::kNone);
  rules_.max_message_bytes = size - 1;
  EXPECT_EQ(verdict(batch()), ErrorCode::kMessageTooLarge);
}

TEST_F(BatchValidationTest, TheSizeLimitHoldsAfterRecompressionToo) {  // P12, P26
  RecordBatchBuilder builder;
  builder.add({.timestamp_ms = kNow, .key = as_bytes("k"), .value = as_bytes(std::string(10'000, 'x'))});
  const Bytes bytes = std::move(builder).build(Compression::kZstd, context_);
  rules_.max_message_bytes = 5000;
  EXPECT_EQ(verdict(bytes), ErrorCode::kNone);
  rules_.compression = Compression::kNone;
  EXPECT_EQ(verdict(bytes), ErrorCode::kMessageTooLarge);
  rules_.compression = Compression::kGzip;
  EXPECT_EQ(verdict(bytes), ErrorCode::kNone);
}

TEST_F(BatchValidationTest, ABatchMustFitASegment) {  // P13
  const auto size = static_cast<std::int32_t>(batch().size());
  rules_.segment_bytes = size;
  EXPECT_EQ(verdict(batch()), ErrorCode::kNone);
  rules_.segment_bytes = size - 1;
  EXPECT_EQ(verdict(batch()), ErrorCode::kRecordListTooLarge);
}

TEST_F(BatchValidationTest, ANewBatchStartsAtZero) {  // P14
  EXPECT_EQ(verdict(batch({.base_offset = Offset(1)})), ErrorCode::kInvalidRecord);
  EXPECT_EQ(verdict(batch({.base_offset = Offset(1)}), AppendOrigin::kCoordinator), ErrorCode::kNone);
}

TEST_F(BatchValidationTest, CountAndOffsetsMustAgree) {  // P15, D8
  for (const std::int32_t delta : {INT32_MIN, -1, 0, 1, 3, INT32_MAX}) {
    EXPECT_EQ(verdict(batch_with(batch_layout::kLastOffsetDelta, delta)), ErrorCode::kInvalidRecord) << delta;
  }
  for (const std::int32_t count : {INT32_MIN, -1, 0, 1, 2, 4, INT32_MAX}) {
    EXPECT_EQ(verdict(batch_with(batch_layout::kCount, count)), ErrorCode::kInvalidRecord) << count;
    // The two agree with each other, not with the records.
    Bytes bytes = batch_with(batch_layout::kCount, count);
    store_be<std::int32_t>(bytes.data() + batch_layout::kLastOffsetDelta, static_cast<std::int32_t>(static_cast<std::uint32_t>(count) - 1));
    MutableRecordBatch::open(bytes)->seal();
    EXPECT_EQ(verdict(bytes), ErrorCode::kInvalidRecord) << count;
  }
  EXPECT_EQ(verdict(RecordBatchBuilder().build()), ErrorCode::kInvalidRecord);
}

TEST_F(BatchValidationTest, ControlBatchesAreOurs) {  // P16
  const Bytes marker = build_end_transaction_marker(EndTransaction::kCommit, 0, 5, 0, kNow);
  EXPECT_EQ(verdict(marker), ErrorCode::kInvalidRecord);
  EXPECT_EQ(verdict(marker, AppendOrigin::kCoordinator), ErrorCode::kNone);
  rules_.compression = Compression::kGzip;
  Bytes bytes = marker;
  const auto accepted = validate(bytes, AppendOrigin::kCoordinator);
  ASSERT_TRUE(accepted);
  EXPECT_EQ(accepted->compression, Compression::kNone);
  EXPECT_TRUE(accepted->control);
}

TEST_F(BatchValidationTest, AProducerIdComesWithASequence) {  // P17
  EXPECT_EQ(verdict(batch({.producer_id = 0, .producer_epoch = 0, .base_sequence = -1})), ErrorCode::kInvalidRecord);
  EXPECT_EQ(verdict(batch({.producer_id = 0, .producer_epoch = 0, .base_sequence = 0})), ErrorCode::kNone);
  EXPECT_EQ(verdict(batch({.producer_id = -1, .producer_epoch = -1, .base_sequence = -1})), ErrorCode::kNone);
}

TEST_F(BatchValidationTest, ACompactedTopicNeedsKeys) {  // P18
  RecordBatchBuilder builder;
  builder.add({.timestamp_ms = kNow, .key = std::nullopt, .value = as_bytes("x")});
  builder.add({.timestamp_ms = kNow, .key = as_bytes(""), .value = as_bytes("x")});
  builder.add({.timestamp_ms = kNow, .key = std::nullopt, .value = std::nullopt});
  Bytes bytes = std::move(builder).build();
  EXPECT_EQ(verdict(bytes), ErrorCode::kNone);
  rules_.compacted = true;
  const auto result = validate(bytes);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::kInvalidRecord);
  ASSERT_EQ(result.error().record_errors.size(), 2U);
  EXPECT_EQ(result.error().record_errors[0].batch_index, 0);
  EXPECT_EQ(result.error().record_errors[1].batch_index, 2);
  EXPECT_FALSE(result.error().record_errors[0].message.empty());
}

TEST_F(BatchValidationTest, TimestampsMustBeNearEnough) {  // P19
  const auto at = [&](std::int64_t timestamp) {
    RecordBatchBuilder builder;
    builder.add({.timestamp_ms = timestamp, .key = as_bytes("k")});
    return verdict(std::move(builder).build());
  };
  rules_.timestamp_before_max_ms = 1000;
  rules_.timestamp_after_max_ms = 10;
  EXPECT_EQ(at(kNow - 1000), ErrorCode::kNone);
  EXPECT_EQ(at(kNow - 1001), ErrorCode::kInvalidTimestamp);
  EXPECT_EQ(at(kNow + 10), ErrorCode::kNone);
  EXPECT_EQ(at(kNow + 11), ErrorCode::kInvalidTimestamp);
  EXPECT_EQ(at(kNoTimestamp), ErrorCode::kNone);
  EXPECT_EQ(at(-2), ErrorCode::kInvalidTimestamp);
  EXPECT_EQ(at(INT64_MIN), ErrorCode::kInvalidTimestamp);
  EXPECT_EQ(at(INT64_MAX), ErrorCode::kInvalidTimestamp);
  rules_ = {};
  EXPECT_EQ(at(0), ErrorCode::kNone);
  EXPECT_EQ(at(kNow + 3'600'001), ErrorCode::kInvalidTimestamp);
  rules_.timestamp_type = TimestampType::kLogAppendTime;
  EXPECT_EQ(at(kNow + 3'600'001), ErrorCode::kNone);
}

TEST_F(BatchValidationTest, AClaimOfAppendTimeIsIgnoredWhereTimesAreTheProducers) {  // P19
  for (const Compression codec : kAll) {
    Bytes bytes = batch({.timestamp_type = TimestampType::kLogAppendTime}, codec);
    ASSERT_TRUE(validate(bytes));
    EXPECT_EQ(bytes, batch({}, codec));
  }
}

TEST_F(BatchValidationTest, AClaimOfAppendTimeIsRefusedWhereItIsTheBrokers) {  // P19
  rules_.timestamp_type = TimestampType::kLogAppendTime;
  Bytes bytes = batch({.timestamp_type = TimestampType::kLogAppendTime});
  const auto result = validate(bytes);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::kInvalidTimestamp);
  EXPECT_EQ(result.error().record_errors.size(), 3U);
}

TEST_F(BatchValidationTest, OneBadTimestampDecidesTheError) {  // P19
  rules_.compacted = true;
  RecordBatchBuilder builder;
  builder.add({.timestamp_ms = kNow, .key = std::nullopt});
  builder.add({.timestamp_ms = kNow + 10'000'000, .key = as_bytes("k")});
  builder.add({.timestamp_ms = kNow + 10'000'000, .key = std::nullopt});
  Bytes bytes = std::move(builder).build();
  const auto result = validate(bytes);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::kInvalidTimestamp);
  ASSERT_EQ(result.error().record_errors.size(), 3U);
}

TEST_F(BatchValidationTest, AnAppendTimeTopicStampsTheBatch) {  // P20
  rules_.timestamp_type = TimestampType::kLogAppendTime;
  for (const Compression codec : kAll) {
    Bytes bytes = batch({}, codec);
    const auto accepted = validate(bytes);
    ASSERT_TRUE(accepted);
    EXPECT_EQ(accepted->bytes.data(), bytes.data());  // only the header changes, compressed or not
    EXPECT_EQ(accepted->log_append_time_ms, kNow);
    EXPECT_EQ(accepted->max_timestamp, kNow);
    EXPECT_EQ(accepted->max_timestamp_offset_delta, 0);
    const std::string at = "@" + std::to_string(kNow);
    EXPECT_EQ(contents(bytes), "0" + at + " a=one; 1" + at + " b=two; 2" + at + " c=three; ");
  }
}

TEST_F(BatchValidationTest, AWrongMaxTimestampIsPutRight) {
  Bytes bytes = batch_with<std::int64_t>(batch_layout::kMaxTimestamp, 3);
  const auto accepted = validate(bytes);
  ASSERT_TRUE(accepted);
  EXPECT_EQ(accepted->max_timestamp, kNow + 7);
  EXPECT_EQ(bytes, batch());
}

TEST_F(BatchValidationTest, AnotherCompressionTypeRewritesTheBatch) {  // P26
  for (const Compression source : kAll) {
    for (const Compression target : kAll) {
      rules_.compression = target;
      Bytes bytes = batch({.producer_id = 7, .producer_epoch = 3, .base_sequence = 11}, source);
      const Bytes before = bytes;
      const std::string expected = contents(bytes);
      const auto accepted = validate(bytes);
      ASSERT_TRUE(accepted) << accepted.error().message;
      EXPECT_EQ(accepted->rewritten.empty(), source == target);
      EXPECT_EQ(bytes, before);
      EXPECT_EQ(accepted->compression, target);
      EXPECT_EQ(contents(accepted->bytes), expected) << to_string(source) << " to " << to_string(target);
      const auto view = RecordBatchView::open(accepted->bytes);
      EXPECT_EQ(view->size_bytes(), accepted->bytes.size());
      EXPECT_EQ(view->producer_id(), 7);
      EXPECT_EQ(view->base_sequence(), 11);
      EXPECT_EQ(view->max_timestamp(), kNow + 7);
      if (target == Compression::kNone) {
        EXPECT_TRUE(std::ranges::equal(accepted->bytes, batch({.producer_id = 7, .producer_epoch = 3, .base_sequence = 11})));
      }
    }
  }
}

TEST_F(BatchValidationTest, TheProducersCompressionIsKept) {  // P26
  for (const Compression codec : kReal) {
    Bytes bytes = batch({}, codec);
    const Bytes before = bytes;
    ASSERT_TRUE(validate(bytes));
    EXPECT_EQ(bytes, before);
  }
}

TEST_F(BatchValidationTest, DamageInsideAGoodChecksumIsInvalid) {  // D5
  for (const Compression codec : kAll) {
    const Bytes good = batch({}, codec);
    for (std::size_t at = batch_layout::kRecords; at < good.size(); ++at) {
      Bytes bad = good;
      bad[at] = std::byte{0xff};
      MutableRecordBatch::open(bad)->seal();
      const ErrorCode code = verdict(bad);
      EXPECT_TRUE(code == ErrorCode::kInvalidRecord || code == ErrorCode::kInvalidTimestamp || code == ErrorCode::kNone)
          << to_string(codec) << at;
    }
  }
}

TEST_F(BatchValidationTest, AnUnknownCodecIsInvalid) {  // D5
  for (const std::int16_t id : std::initializer_list<std::int16_t>{5, 6, 7}) {
    EXPECT_EQ(verdict(batch_with<std::int16_t>(batch_layout::kAttributes, id)), ErrorCode::kInvalidRecord);
  }
}

TEST_F(BatchValidationTest, ABombIsRefusedHoweverItIsPacked) {  // D7
  // 65 MiB of zeros in one record, fed piece by piece so that the test itself stays small.
  const std::string zeros(std::size_t{1} << 20, '\0');
  for (const Compression codec : kReal) {
    Bytes bytes = batch({}, Compression::kNone);
    bytes.resize(kBatchHeaderBytes);
    Compressor compressor = context_.compress(codec, {.gzip = 1}, bytes, SIZE_MAX);
    Bytes head;
    append_varint(head, std::int32_t{65 << 20});
    head.insert(head.end(), 3, std::byte{0});
    append_varint(head, std::int32_t{-1});
    append_varint(head, std::int32_t{(65 << 20) - 100});
    ASSERT_TRUE(compressor.write(head));
    for (int i = 0; i < 65; ++i) ASSERT_TRUE(compressor.write(as_bytes(zeros)));
    ASSERT_TRUE(compressor.finish());
    store_be(bytes.data() + batch_layout::kLength, static_cast<std::int32_t>(bytes.size() - batch_layout::kLogOverhead));
    store_be(bytes.data() + batch_layout::kAttributes, static_cast<std::int16_t>(codec));
    store_be<std::int32_t>(bytes.data() + batch_layout::kLastOffsetDelta, 0);
    store_be<std::int32_t>(bytes.data() + batch_layout::kCount, 1);
    MutableRecordBatch::open(bytes)->seal();
    rules_.max_message_bytes = 4 << 20;  // snappy shrinks only twentyfold
    for (const std::optional<Compression> target : {std::optional<Compression>(), std::optional(Compression::kNone)}) {
      rules_.compression = target;
      EXPECT_EQ(verdict(bytes), ErrorCode::kMessageTooLarge) << to_string(codec);
    }
  }
}

TEST_F(BatchValidationTest, TheFirstBrokenRuleIsReported) {  // P22
  // Each step repairs what was reported; what remains broken is reported next.
  RecordBatchBuilder builder({.base_offset = Offset(1), .producer_id = 4, .producer_epoch = 0, .base_sequence = -1, .control = true});
  builder.add({.timestamp_ms = kNow + 10'000'000, .key = as_bytes("k")});
  builder.add({.timestamp_ms = kNow, .key = std::nullopt});
  Bytes bytes = std::move(builder).build();
  const auto set = [&](std::size_t at, auto value) { store_be(bytes.data() + at, value); };
  set(batch_layout::kLastOffsetDelta, std::int32_t{7});
  set(batch_layout::kCrc, std::uint32_t{1});
  rules_.compacted = true;
  rules_.max_message_bytes = 10;
  rules_.segment_bytes = 10;
  const auto says = [&](ErrorCode code, std::string_view words) {
    const auto result = validate(bytes);
    EXPECT_TRUE(!result && result.error().code == code && result.error().message.find(words) != std::string::npos)
        << words << ": " << (result ? "accepted" : result.error().message);
  };
  const auto seal = [&] { MutableRecordBatch::open(bytes)->seal(); };

  says(ErrorCode::kInvalidRecord, "base offset");  // P14
  set(batch_layout::kBaseOffset, std::int64_t{0});
  says(ErrorCode::kMessageTooLarge, "max.message.bytes");  // P12
  rules_.max_message_bytes = 1000;
  says(ErrorCode::kCorruptMessage, "checksum");  // P11
  seal();
  says(ErrorCode::kInvalidRecord, "last offset delta");  // P15
  set(batch_layout::kLastOffsetDelta, std::int32_t{1});
  seal();
  says(ErrorCode::kInvalidRecord, "control");  // P16
  set(batch_layout::kAttributes, std::int16_t{0});
  seal();
  says(ErrorCode::kInvalidRecord, "sequence");  // P17
  set(batch_layout::kBaseSequence, std::int32_t{0});
  seal();
  says(ErrorCode::kInvalidTimestamp, "timestamp");  // P19 over P18
  rules_.timestamp_after_max_ms = INT64_MAX;
  says(ErrorCode::kInvalidRecord, "key");  // P18
  rules_.compacted = false;
  says(ErrorCode::kRecordListTooLarge, "segment.bytes");  // P13
  rules_.segment_bytes = 1000;
  EXPECT_TRUE(validate(bytes));
}

}  // namespace barnabas
