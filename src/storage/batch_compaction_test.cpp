#include "storage/batch_compaction.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "base/sim_clock.h"
#include "model/record_batch_builder.h"
#include "model/record_reader.h"

namespace barnabas::storage {
namespace {

struct Entry {
  std::optional<std::string> key;
  std::optional<std::string> value;
};

struct Read {
  std::int64_t offset = 0;
  std::int64_t timestamp = 0;
  std::optional<std::string> key;
  std::optional<std::string> value;
  std::string headers;
  friend bool operator==(const Read&, const Read&) = default;
};

class BatchCompactionTest : public ::testing::TestWithParam<Compression> {
 protected:
  Bytes batch(const std::vector<Entry>& entries, BatchOptions options = {.base_offset = Offset(100)}) {
    RecordBatchBuilder builder(options);
    const RecordHeader header{.key = "h", .value = as_bytes("x")};
    for (std::size_t i = 0; i < entries.size(); ++i) {
      const Entry& entry = entries[i];
      NewRecord record{.timestamp_ms = 5'000 + static_cast<std::int64_t>(i), .headers = std::span(&header, 1)};
      if (entry.key) record.key = as_bytes(*entry.key);
      if (entry.value) record.value = as_bytes(*entry.value);
      builder.add(record);
    }
    return std::move(builder).build(GetParam(), context_);
  }
  void latest(const std::string& key, std::int64_t offset) { ASSERT_TRUE(map_.put(as_bytes(key), Offset(offset))); }

  CompactedAs compact(ByteView bytes, std::int64_t now_ms = 10'000) {
    const auto view = RecordBatchView::open(bytes);
    EXPECT_TRUE(view);
    const auto verdict =
        compact_batch(*view, {.latest = map_, .mapped_end = mapped_end_, .now_ms = now_ms, .delete_retention_ms = 1'000}, context_, out_);
    EXPECT_TRUE(verdict) << verdict.error().message;
    return verdict.value_or(CompactedAs::kNothing);
  }
  std::vector<Read> records(ByteView bytes) {
    std::vector<Read> all;
    const auto view = RecordBatchView::open(bytes);
    EXPECT_TRUE(view && view->crc_matches());
    RecordReader reader(*view, context_);
    while (true) {
      const auto record = reader.next();
      EXPECT_TRUE(record) << record.error().message;
      if (!record || *record == nullptr) return all;
      Read read{.offset = reader.offset().value(), .timestamp = reader.timestamp(), .key = {}, .value = {}, .headers = {}};
      if (const auto key = (*record)->key()) read.key = std::string(as_text(*key));
      if (const auto value = (*record)->value()) read.value = std::string(as_text(*value));
      (*record)->for_each_header([&](const RecordHeaderView& header) { read.headers += header.key; });
      all.push_back(read);
    }
  }

  CompressionContext context_;
  SimRandom random_{1};
  OffsetMap map_{1 << 16, 0.9, 100, random_};
  Offset mapped_end_{1000};
  Bytes out_;
};

TEST_P(BatchCompactionTest, KeepsTheLatestOfEachKeyWithItsOffsetTimeHeadersAndCodec) {
  const Bytes before =
      batch({{"a", "1"}, {"b", "2"}, {"a", "3"}, {"c", std::string(9000, 'c')}},
            {.base_offset = Offset(100), .leader_epoch = LeaderEpoch(7), .producer_id = 9, .producer_epoch = 2, .base_sequence = 40});
  latest("a", 102);
  latest("b", 500);
  latest("c", 103);
  ASSERT_EQ(compact(before), CompactedAs::kRewritten);
  const std::vector<Read> expected = {{102, 5'002, "a", "3", "h"}, {103, 5'003, "c", std::string(9000, 'c'), "h"}};
  EXPECT_EQ(records(out_), expected);
  const auto view = RecordBatchView::open(out_);
  EXPECT_EQ(view->base_offset(), Offset(100));
  EXPECT_EQ(view->last_offset(), Offset(103));
  EXPECT_EQ(view->compression(), GetParam());
  EXPECT_EQ(view->leader_epoch(), LeaderEpoch(7));
  EXPECT_EQ(view->producer_id(), 9);
  EXPECT_EQ(view->producer_epoch(), 2);
  EXPECT_EQ(view->last_sequence(), 43);
  EXPECT_EQ(view->max_timestamp(), 5'003);
  EXPECT_FALSE(view->delete_horizon_ms());
}

TEST_P(BatchCompactionTest, LeavesABatchAloneThatHasNothingOld) {
  latest("a", 100);
  EXPECT_EQ(compact(batch({{"a", "1"}})), CompactedAs::kUnchanged);
  // A key of the clean part that the dirty part does not have.
  EXPECT_EQ(compact(batch({{"unheard of", "1"}})), CompactedAs::kUnchanged);
}

TEST_P(BatchCompactionTest, DoesNotTouchWhatTheMapDoesNotCover) {
  latest("a", 900);
  mapped_end_ = Offset(101);
  EXPECT_EQ(compact(batch({{"a", "1"}, {"a", "2"}})), CompactedAs::kRewritten);
  EXPECT_EQ(records(out_).size(), 1U);
  mapped_end_ = Offset(100);
  EXPECT_EQ(compact(batch({{"a", "1"}, {"a", "2"}})), CompactedAs::kUnchanged);
}

TEST_P(BatchCompactionTest, ATombstoneGetsItsHorizonOnceAndGoesBehindIt) {
  latest("a", 101);
  const Bytes before = batch({{"b", "stays"}, {"a", std::nullopt}});
  ASSERT_EQ(compact(before, 10'000), CompactedAs::kRewritten);
  const Bytes marked = out_;
  EXPECT_EQ(RecordBatchView::open(marked)->delete_horizon_ms(), 11'000);
  const std::vector<Read> both = {{100, 5'000, "b", "stays", "h"}, {101, 5'001, "a", std::nullopt, "h"}};
  EXPECT_EQ(records(marked), both);  // their times are as before, though the base is another
  EXPECT_EQ(RecordBatchView::open(marked)->max_timestamp(), 5'001);

  EXPECT_EQ(compact(marked, 10'999), CompactedAs::kUnchanged);
  ASSERT_EQ(compact(marked, 11'000), CompactedAs::kRewritten);
  const std::vector<Read> rest = {{100, 5'000, "b", "stays", "h"}};
  EXPECT_EQ(records(out_), rest);
}

TEST_P(BatchCompactionTest, NothingLeftIsAHeaderAtMost) {
  latest("a", 500);
  const Bytes before = batch({{"a", "1"}, {std::nullopt, "from before the topic was compacted"}},
                             {.base_offset = Offset(100), .producer_id = 9, .producer_epoch = 2, .base_sequence = 40});
  ASSERT_EQ(compact(before), CompactedAs::kNothing);
  const Bytes header = empty_batch(*RecordBatchView::open(before));
  EXPECT_EQ(header.size(), kBatchHeaderBytes);
  EXPECT_TRUE(records(header).empty());
  const auto view = RecordBatchView::open(header);
  EXPECT_EQ(view->last_offset(), Offset(101));
  EXPECT_EQ(view->last_sequence(), 41);
  EXPECT_EQ(view->compression(), Compression::kNone);
  EXPECT_EQ(compact(header), CompactedAs::kNothing);
}

TEST_P(BatchCompactionTest, TransactionsAreNotTouched) {
  latest("a", 500);
  EXPECT_EQ(compact(batch({{"a", "1"}}, {.base_offset = Offset(100), .producer_id = 1, .base_sequence = 0, .transactional = true})),
            CompactedAs::kUnchanged);
}

TEST_P(BatchCompactionTest, LogAppendTimeStaysTheBatchs) {
  Bytes before = batch({{"a", "1"}, {"b", "2"}});
  auto changed = MutableRecordBatch::open(before);
  changed->set_max_timestamp(TimestampType::kLogAppendTime, 8'000);
  latest("a", 500);
  latest("b", 101);
  ASSERT_EQ(compact(before), CompactedAs::kRewritten);
  const std::vector<Read> rest = {{101, 8'000, "b", "2", "h"}};
  EXPECT_EQ(records(out_), rest);
}

TEST_P(BatchCompactionTest, DamageIsAnErrorNotALoss) {
  Bytes before = batch({{"a", std::string(500, 'x')}});
  for (std::size_t at = kBatchHeaderBytes; at < before.size(); ++at) before[at] = std::byte{0xff};
  EXPECT_FALSE(compact_batch(*RecordBatchView::open(before), {.latest = map_, .mapped_end = mapped_end_}, context_, out_));
}

INSTANTIATE_TEST_SUITE_P(Codecs, BatchCompactionTest,
                         ::testing::Values(Compression::kNone, Compression::kGzip, Compression::kSnappy, Compression::kLz4,
                                           Compression::kZstd),
                         [](const auto& param) { return std::string(to_string(param.param)); });

}  // namespace
}  // namespace barnabas::storage
