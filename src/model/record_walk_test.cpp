#include "model/record_walk.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "model/record_batch_builder.h"
#include "model/record_reader.h"
#include "model/varint.h"

namespace barnabas {
namespace {

constexpr Compression kAll[] = {Compression::kNone, Compression::kGzip, Compression::kSnappy, Compression::kLz4, Compression::kZstd};

// A batch whose records part is written by hand, compressed and sealed.
Bytes batch_of(ByteView records, std::int32_t count, Compression codec, CompressionContext& context) {
  Bytes bytes = RecordBatchBuilder().build();
  Compressor compressor = context.compress(codec, {}, bytes, SIZE_MAX);
  EXPECT_TRUE(compressor.write(records) && compressor.finish());
  store_be(bytes.data() + batch_layout::kLength, static_cast<std::int32_t>(bytes.size() - batch_layout::kLogOverhead));
  store_be(bytes.data() + batch_layout::kAttributes, static_cast<std::int16_t>(codec));
  store_be(bytes.data() + batch_layout::kLastOffsetDelta,
           static_cast<std::int32_t>(static_cast<std::uint32_t>(count) - 1));  // hostile counts wrap
  store_be(bytes.data() + batch_layout::kBaseTimestamp, std::int64_t{1000});
  store_be(bytes.data() + batch_layout::kCount, count);
  MutableRecordBatch::open(bytes)->seal();
  return bytes;
}

Result<WalkResult> walk(const Bytes& bytes, CompressionContext& context, const WalkRules& rules = {}) {
  const auto batch = RecordBatchView::open(bytes);
  EXPECT_TRUE(batch.has_value());
  return walk_records(*batch, context, rules);
}

// One record, field by field; every field can be made a lie.
struct RawRecord {
  std::optional<std::int32_t> length = {};  // nullopt: the true one
  std::int64_t timestamp_delta = 0;
  std::int32_t offset_delta = 0;
  std::int32_t key_size = 1;
  std::string key = "k";
  std::int32_t value_size = 1;
  std::string value = "v";
  std::int32_t header_count = 0;
  std::string rest = {};

  Bytes bytes() const {
    Bytes body(1);
    const auto text = [&](const std::string& s) { body.insert(body.end(), as_bytes(s).begin(), as_bytes(s).end()); };
    append_varint(body, timestamp_delta);
    append_varint(body, offset_delta);
    append_varint(body, key_size);
    text(key);
    append_varint(body, value_size);
    text(value);
    append_varint(body, header_count);
    text(rest);
    Bytes out;
    append_varint(out, length.value_or(static_cast<std::int32_t>(body.size())));
    out.insert(out.end(), body.begin(), body.end());
    return out;
  }
};

std::string digits(std::size_t size) {
  std::string out;
  for (std::size_t i = 0; out.size() < size; ++i) out += std::to_string(i * 31);
  out.resize(size);
  return out;
}

}  // namespace

class RecordWalkTest : public ::testing::TestWithParam<Compression> {
 protected:
  Result<WalkResult> walk_raw(ByteView records, std::int32_t count, const WalkRules& rules = {}) {
    return walk(batch_of(records, count, GetParam(), context_), context_, rules);
  }
  std::optional<Errc> refusal(ByteView records, std::int32_t count, const WalkRules& rules = {}) {
    const auto result = walk_raw(records, count, rules);
    return result ? std::nullopt : std::optional(result.error().code);
  }

  CompressionContext context_;
};

INSTANTIATE_TEST_SUITE_P(Codecs, RecordWalkTest, ::testing::ValuesIn(kAll),
                         [](const auto& info) { return std::string(to_string(info.param)); });

TEST_P(RecordWalkTest, RecordsOfEverySizeAreWalkedAndReadAlike) {
  // Around the window's 64 KiB, where records straddle it, fill it, and are larger.
  const std::vector<std::size_t> sizes = {0,      1,      63,     64,     8191,    40'000, 65'500,    65'524, 65'525,
                                          65'526, 65'530, 65'536, 70'000, 200'000, 5,      1'000'000, 3};
  const std::string big = digits(1'000'000);
  RecordBatchBuilder builder({.base_offset = Offset(500)});
  std::int64_t timestamp = 10'000;
  for (const std::size_t size : sizes) {
    const RecordHeader headers[] = {
        {"name", as_bytes("x")}, {"", std::nullopt}, {"name", as_bytes(std::string_view(big).substr(0, size / 2))}};
    builder.add(
        {.timestamp_ms = timestamp, .key = as_bytes("key"), .value = as_bytes(std::string_view(big).substr(0, size)), .headers = headers});
    timestamp += size == 200'000 ? 100'000 : -1;
  }
  const Bytes bytes = std::move(builder).build(GetParam(), context_);

  const auto result = walk(bytes, context_);
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(result->problem_count, 0U);
  EXPECT_EQ(result->max_timestamp, 10'000 - 13 + 100'000);
  EXPECT_EQ(result->max_timestamp_offset_delta, 14);

  RecordReader reader(*RecordBatchView::open(bytes), context_);
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    const auto record = reader.next();
    ASSERT_TRUE(record) << record.error().message;
    ASSERT_NE(*record, nullptr);
    EXPECT_EQ(reader.offset(), Offset(500) + static_cast<std::int64_t>(i));
    EXPECT_EQ(as_text(*(*record)->key()), "key");
    EXPECT_TRUE(as_text(*(*record)->value()) == std::string_view(big).substr(0, sizes[i]));
    std::vector<std::string> headers;
    (*record)->for_each_header([&](const RecordHeaderView& h) {
      headers.push_back(std::string(h.key) + (h.value ? "=" + std::to_string(h.value->size()) : " null"));
    });
    EXPECT_EQ(headers, (std::vector<std::string>{"name=1", " null", "name=" + std::to_string(sizes[i] / 2)}));
  }
  const auto last = reader.next();
  ASSERT_TRUE(last);
  EXPECT_EQ(*last, nullptr);
}

TEST_P(RecordWalkTest, TheSinkSeesTheRecordsOnceAndInOrder) {
  const Bytes record = RawRecord{.value_size = 300'000, .value = digits(300'000)}.bytes();
  Bytes seen;
  const Bytes bytes = batch_of(record, 1, GetParam(), context_);
  ASSERT_TRUE(walk_records(*RecordBatchView::open(bytes), context_, {},
                           [&](ByteView piece) { seen.insert(seen.end(), piece.begin(), piece.end()); }));
  if (GetParam() == Compression::kNone) {
    EXPECT_TRUE(seen.empty());  // the caller has them
  } else {
    EXPECT_TRUE(seen == record);
  }
}

TEST_P(RecordWalkTest, ALieInAnyFieldIsRefused) {  // D5, D8
  const auto refused = [&](RawRecord record) { EXPECT_EQ(refusal(record.bytes(), 1), Errc::kCorrupt) << record.rest; };
  EXPECT_EQ(refusal(RawRecord{}.bytes(), 1), std::nullopt);
  for (const std::int32_t length : {0, 1, 7, 9, 1000, 70'000, INT32_MAX, -1, INT32_MIN}) refused({.length = length});
  for (const std::int32_t size : {0, 2, 3, 1000, INT32_MAX}) {
    refused({.key_size = size});
    refused({.value_size = size});
  }
  for (const std::int32_t size : {-2, INT32_MIN}) refused({.key_size = size});  // null, yet a byte follows
  for (const std::int32_t count : {1, INT32_MAX, -1, INT32_MIN}) refused({.header_count = count});
  refused({.rest = "x"});
  refused({.header_count = 1, .rest = std::string("\x01\x01", 2)});    // a header without a name
  refused({.header_count = 1, .rest = std::string("\x02h\x04x", 4)});  // a header's value beyond the record
  refused({.header_count = 2, .rest = std::string("\x02h\x02x", 4)});  // one header missing
  refused({.offset_delta = 1});
  refused({.offset_delta = -1});
}

TEST_P(RecordWalkTest, ALieInALargeRecordIsRefusedToo) {  // D5, D8
  const std::string big = digits(100'000);
  const auto size = static_cast<std::int32_t>(big.size());
  const auto refused = [&](RawRecord record) { EXPECT_EQ(refusal(record.bytes(), 1), Errc::kCorrupt); };
  const RawRecord fine{.value_size = size, .value = big, .header_count = 1, .rest = std::string("\x02h\x02x", 4)};
  EXPECT_EQ(refusal(fine.bytes(), 1), std::nullopt);
  const auto but = [&](auto change) {
    RawRecord record = fine;
    change(record);
    refused(record);
  };
  but([](RawRecord& r) { r.value_size += 1; });
  but([](RawRecord& r) { r.value_size -= 1; });
  but([](RawRecord& r) { r.value_size = INT32_MAX; });
  but([](RawRecord& r) { r.key_size = INT32_MAX; });
  but([](RawRecord& r) { r.header_count = 2; });
  but([](RawRecord& r) { r.header_count = INT32_MAX; });
  but([](RawRecord& r) { r.header_count = -1; });
  but([](RawRecord& r) { r.rest += "x"; });
  but([](RawRecord& r) { r.rest = std::string("\x01\x02x", 3); });
  but([](RawRecord& r) { r.offset_delta = 5; });
  but([](RawRecord& r) { r.length = static_cast<std::int32_t>(r.bytes().size() - 3 + 1); });
}

TEST_P(RecordWalkTest, VarintsThatNeverEndAreRefused) {  // D5
  const auto with = [&](std::size_t ff, std::size_t behind) {
    Bytes bytes(ff, std::byte{0xff});
    bytes.insert(bytes.end(), behind, std::byte{0});
    return bytes;
  };
  for (const std::size_t ff : {1U, 4U, 5U, 10U, 20U}) EXPECT_EQ(refusal(with(ff, 20), 1), Errc::kCorrupt) << ff;
  // In the place of each number inside a record.
  const Bytes record = RawRecord{.header_count = 1, .rest = std::string("\x02h\x02x", 4)}.bytes();
  for (const std::size_t at : {2U, 3U, 4U, 6U, 8U, 9U, 11U}) {
    Bytes bad(record.begin() + 1, record.begin() + static_cast<std::ptrdiff_t>(at));
    bad.insert(bad.end(), 10, std::byte{0xff});
    bad.insert(bad.end(), record.begin() + static_cast<std::ptrdiff_t>(at) + 1, record.end());
    Bytes sized;
    append_varint(sized, static_cast<std::int32_t>(bad.size()));
    sized.insert(sized.end(), bad.begin(), bad.end());
    EXPECT_EQ(refusal(sized, 1), Errc::kCorrupt) << at;
  }
}

TEST_P(RecordWalkTest, TheDeclaredCountMustBeTheRealOne) {  // P15, D8
  Bytes two = RawRecord{}.bytes();
  const Bytes second = RawRecord{.offset_delta = 1}.bytes();
  two.insert(two.end(), second.begin(), second.end());
  EXPECT_EQ(refusal(two, 2), std::nullopt);
  for (const std::int32_t count : {0, 1, 3, 1000, INT32_MAX, -1, INT32_MIN}) EXPECT_EQ(refusal(two, count), Errc::kCorrupt) << count;
  two.push_back(std::byte{0});
  EXPECT_EQ(refusal(two, 2), Errc::kCorrupt);
}

TEST_P(RecordWalkTest, EveryCutOfTheRecordsIsRefused) {
  const Bytes record = RawRecord{.header_count = 1, .rest = std::string("\x02h\x02x", 4)}.bytes();
  for (std::size_t size = 0; size < record.size(); ++size) EXPECT_EQ(refusal(ByteView(record).first(size), 1), Errc::kCorrupt) << size;
}

TEST_P(RecordWalkTest, ProblemsOfSingleRecordsAreListed) {  // P18, P19
  Bytes records;
  const auto add = [&](const RawRecord& record) {
    const Bytes bytes = record.bytes();
    records.insert(records.end(), bytes.begin(), bytes.end());
  };
  add({.timestamp_delta = 0, .offset_delta = 0});
  add({.timestamp_delta = 100, .offset_delta = 1, .key_size = -1, .key = ""});
  add({.timestamp_delta = 9000, .offset_delta = 2});
  add({.timestamp_delta = -900, .offset_delta = 3});
  add({.timestamp_delta = -1001, .offset_delta = 4});                                // -1: no timestamp, never wrong
  add({.timestamp_delta = INT64_MAX, .offset_delta = 5, .key_size = 0, .key = ""});  // wraps to long ago; an empty key is a key
  const WalkRules rules{.keys_required = true, .timestamp_min = 500, .timestamp_max = 5000};
  const auto result = walk_raw(records, 6, rules);
  ASSERT_TRUE(result) << result.error().message;
  ASSERT_EQ(result->problem_count, 4U);
  EXPECT_TRUE(result->any_timestamp_problem);
  const auto is = [&](std::size_t at, std::int32_t index, RecordFault fault) {
    EXPECT_EQ(result->problems[at].index, index);
    EXPECT_EQ(result->problems[at].fault, fault);
  };
  is(0, 1, RecordFault::kNullKey);
  is(1, 2, RecordFault::kTimestampOutOfRange);
  is(2, 3, RecordFault::kTimestampOutOfRange);
  is(3, 5, RecordFault::kTimestampOutOfRange);
  EXPECT_EQ(walk_raw(records, 6)->problem_count, 0U);
}

TEST_P(RecordWalkTest, AMillionProblemsAreCountedNotKept) {
  Bytes records;
  for (std::int32_t i = 0; i < 5000; ++i) {
    const Bytes bytes = RawRecord{.offset_delta = i, .key_size = -1, .key = ""}.bytes();
    records.insert(records.end(), bytes.begin(), bytes.end());
  }
  const auto result = walk_raw(records, 5000, {.keys_required = true});
  ASSERT_TRUE(result);
  EXPECT_EQ(result->problem_count, 5000U);
  EXPECT_EQ(result->problems.size(), kRecordProblemsMax);
}

TEST_P(RecordWalkTest, CompactedBatchesHaveHolesButStillRise) {
  RecordBatchBuilder builder;
  builder.add({.timestamp_ms = 1, .key = as_bytes("a")});
  builder.skip_to(70);
  builder.add({.timestamp_ms = 5, .key = as_bytes("b")});
  const Bytes bytes = std::move(builder).build(GetParam(), context_);
  EXPECT_EQ(walk(bytes, context_).error().code, Errc::kCorrupt);
  const auto result = walk(bytes, context_, {.contiguous_offsets = false});
  ASSERT_TRUE(result);
  EXPECT_EQ(result->max_timestamp_offset_delta, 70);

  Bytes falling = RawRecord{.offset_delta = 3}.bytes();
  const Bytes second = RawRecord{.offset_delta = 3}.bytes();
  falling.insert(falling.end(), second.begin(), second.end());
  EXPECT_EQ(refusal(falling, 2, {.contiguous_offsets = false}), Errc::kCorrupt);
}

TEST_P(RecordWalkTest, WorkStopsAtTheDecompressedLimit) {  // D7
  if (GetParam() == Compression::kNone) return;
  RecordBatchBuilder builder;
  const std::string zeros(50'000, '\0');
  for (int i = 0; i < 40; ++i) builder.add({.timestamp_ms = 1, .key = as_bytes("k"), .value = as_bytes(zeros)});
  const Bytes bytes = std::move(builder).build(GetParam(), context_);
  EXPECT_TRUE(walk(bytes, context_, {.decompressed_max = 2'100'000}));
  EXPECT_EQ(walk(bytes, context_, {.decompressed_max = 1'000'000}).error().code, Errc::kTooLarge);
}

TEST_P(RecordWalkTest, AnAppendTimeIsEveryRecordsTime) {
  RecordBatchBuilder builder({.timestamp_type = TimestampType::kLogAppendTime});
  builder.add({.timestamp_ms = 5, .key = as_bytes("a")});
  builder.add({.timestamp_ms = 9, .key = as_bytes("b")});
  const Bytes bytes = std::move(builder).build(GetParam(), context_);
  RecordReader reader(*RecordBatchView::open(bytes), context_);
  ASSERT_NE(*reader.next(), nullptr);
  EXPECT_EQ(reader.timestamp(), 9);
  EXPECT_EQ(walk(bytes, context_)->problem_count, 0U);
  EXPECT_EQ(walk(bytes, context_)->max_timestamp_offset_delta, 0);
}

TEST_P(RecordWalkTest, AnAppendTimeThatIsOnlyClaimedCountsForNothing) {  // P19
  RecordBatchBuilder builder({.timestamp_type = TimestampType::kLogAppendTime});
  builder.add({.timestamp_ms = 5, .key = as_bytes("a")});
  builder.add({.timestamp_ms = kNoTimestamp, .key = as_bytes("b")});
  builder.add({.timestamp_ms = 9, .key = as_bytes("c")});
  const Bytes bytes = std::move(builder).build(GetParam(), context_);
  const auto ignored = walk(bytes, context_, {.append_time_claim = AppendTimeClaim::kIgnored});
  ASSERT_TRUE(ignored);
  EXPECT_EQ(ignored->max_timestamp_offset_delta, 2);
  ASSERT_EQ(ignored->problem_count, 1U);
  EXPECT_EQ(ignored->problems[0].index, 1);
  EXPECT_EQ(ignored->problems[0].fault, RecordFault::kLogAppendTimeClaimed);
  EXPECT_EQ(walk(bytes, context_, {.append_time_claim = AppendTimeClaim::kRefused})->problem_count, 3U);
}

TEST(RecordReaderTest, ItRefusesWhatTheWalkRefuses) {
  CompressionContext context;
  const auto refusal = [&](ByteView records, std::int32_t count) -> std::optional<Errc> {
    const Bytes bytes = batch_of(records, count, Compression::kZstd, context);
    RecordReader reader(*RecordBatchView::open(bytes), context);
    for (;;) {
      const auto record = reader.next();
      if (!record) return record.error().code;
      if (*record == nullptr) return std::nullopt;
    }
  };
  EXPECT_EQ(refusal(RawRecord{}.bytes(), 1), std::nullopt);
  EXPECT_EQ(refusal(RawRecord{}.bytes(), 0), Errc::kCorrupt);
  EXPECT_EQ(refusal(RawRecord{}.bytes(), 2), Errc::kCorrupt);
  EXPECT_EQ(refusal(RawRecord{.length = INT32_MAX}.bytes(), 1), Errc::kCorrupt);
  EXPECT_EQ(refusal(RawRecord{.length = -1}.bytes(), 1), Errc::kCorrupt);
  EXPECT_EQ(refusal(RawRecord{.key_size = 5}.bytes(), 1), Errc::kCorrupt);
}

TEST(RecordReaderTest, AnUnknownCodecIsUnsupported) {
  CompressionContext context;
  Bytes bytes = batch_of(RawRecord{}.bytes(), 1, Compression::kNone, context);
  store_be<std::int16_t>(bytes.data() + batch_layout::kAttributes, 6);
  const auto batch = RecordBatchView::open(bytes);
  EXPECT_EQ(RecordReader(*batch, context).next().error().code, Errc::kUnsupported);
  EXPECT_EQ(walk_records(*batch, context, {}).error().code, Errc::kUnsupported);
}

TEST(VarintTest, ValuesAndTheirSizes) {
  for (const std::int64_t value : {INT64_C(0), INT64_C(-1), INT64_C(63), INT64_C(64), INT64_C(-64), INT64_C(-65), INT64_C(8191),
                                   INT64_C(8192), std::int64_t{INT32_MAX}, std::int64_t{INT32_MIN}, INT64_MAX, INT64_MIN}) {
    Bytes bytes;
    append_varint(bytes, value);
    EXPECT_EQ(bytes.size(), varint_size(value));
    std::int64_t wide = 0;
    EXPECT_EQ(read_varint(bytes.data(), bytes.data() + bytes.size(), wide), bytes.data() + bytes.size());
    EXPECT_EQ(wide, value);
    EXPECT_EQ(read_varint(bytes.data(), bytes.data() + bytes.size() - 1, wide), nullptr);
    std::int32_t narrow = 0;
    const bool fits = value >= INT32_MIN && value <= INT32_MAX;
    EXPECT_EQ(read_varint(bytes.data(), bytes.data() + bytes.size(), narrow) != nullptr, fits) << value;
  }
}

}  // namespace barnabas
