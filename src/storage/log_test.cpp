#include "storage/log.h"

#include <cerrno>

#include "storage/log_test_support.h"

namespace barnabas::storage {
namespace {

TEST_F(LogTest, BatchesComeBackByteForByteWithTheirOffsetsFilledIn) {  // V22
  create();
  Bytes first = make_batch({.records = 3});
  const auto info = log_->append(first, LeaderEpoch(5));
  ASSERT_TRUE(info);
  EXPECT_EQ(info->base_offset, Offset(0));
  EXPECT_EQ(info->last_offset, Offset(2));
  ASSERT_TRUE(append({.records = 2, .epoch = LeaderEpoch(5)}));
  EXPECT_EQ(log_->log_end(), Offset(5));

  const auto result = read(Offset(0));
  ASSERT_TRUE(result);
  EXPECT_EQ(result->next_offset, Offset(5));
  const Bytes bytes = bytes_of(result->bytes);
  EXPECT_TRUE(std::ranges::equal(ByteView(bytes).first(first.size()), first));
  EXPECT_EQ(bases_from(Offset(0)), (std::vector<std::int64_t>{0, 3}));
}

TEST_F(LogTest, AnAppendIsOneWriteAndAReadOfTheTailNoSystemCall) {
  create();
  ASSERT_TRUE(append());
  disk_.reset_counts();
  append_many(50, {.value = std::string(1000, 'x')});
  EXPECT_EQ(disk_.count(DiskOp::kWrite), 50U);
  EXPECT_EQ(disk_.count(DiskOp::kOpen) + disk_.count(DiskOp::kStat) + disk_.count(DiskOp::kSync), 0U);
  disk_.reset_counts();
  ASSERT_TRUE(log_->read({.offset = Offset(40), .max_bytes = 5000, .upper_bound = Offset(51), .mode = ReadMode::kCachedOnly}));
  EXPECT_EQ(disk_.count(DiskOp::kRead) + disk_.count(DiskOp::kOpen), 0U);
}

TEST_F(LogTest, MakingALogIsAFewSystemCalls) {
  disk_.reset_counts();
  create();
  EXPECT_EQ(disk_.count(DiskOp::kOpen), 2U);
  EXPECT_EQ(disk_.count(DiskOp::kMakeDirectory), 1U);
  EXPECT_EQ(disk_.count(DiskOp::kWrite), 1U);
  EXPECT_EQ(disk_.count(DiskOp::kStat), 1U);
  EXPECT_EQ(disk_.count(DiskOp::kSync) + disk_.count(DiskOp::kSyncDirectory), 0U);
  EXPECT_EQ(Log::create(*directory_, "t", 0, topic_id_, config_).error().code, Errc::kAlreadyExists);
}

TEST_F(LogTest, WholeBatchesUpToTheLimitTheBoundAndAtLeastOne) {  // V3, V10, V11
  create();
  append_many(10, {.records = 10, .value = std::string(100, 'x')});
  const std::uint64_t batch = log_->size_bytes() / 10;

  // From inside a batch: all of it.
  auto result = read(Offset(15), static_cast<std::uint32_t>(batch * 2 + 5));
  ASSERT_TRUE(result);
  EXPECT_EQ(size(result->bytes), batch * 2);
  EXPECT_EQ(result->next_offset, Offset(30));
  // Never at or above the bound, not even in part.
  EXPECT_EQ(read(Offset(15), 1 << 20, Offset(40))->next_offset, Offset(40));
  EXPECT_EQ(read(Offset(15), 1 << 20, Offset(45))->next_offset, Offset(40));
  EXPECT_EQ(size(read(Offset(41), 1 << 20, Offset(45))->bytes), 0U);
  // A batch over the limit comes only when one must come.
  EXPECT_EQ(size(read(Offset(15), 10)->bytes), batch);
  const auto none = log_->read({.offset = Offset(15), .max_bytes = 10, .upper_bound = Offset(100), .mode = ReadMode::kMayWait});
  EXPECT_EQ(size(none->bytes), 0U);
  // At the end there is nothing, above it an error (V4, V5).
  EXPECT_EQ(size(read(Offset(100))->bytes), 0U);
  EXPECT_EQ(read(Offset(101)).error().code, Errc::kOutOfRange);
}

TEST_F(LogTest, ReadsAgreeWithAndWithoutTheMemoryOfRecentAppends) {
  config_.segment_bytes = 20'000;
  config_.index_interval_bytes = 500;
  create();
  SimRandom random(3);
  for (int i = 0; i < 300; ++i)
    ASSERT_TRUE(append({.records = 1 + static_cast<int>(random.below(5)), .value = std::string(random.below(400), 'x')}));
  ASSERT_GT(log_->segments().size(), 3U);
  const auto all = bases_from(Offset(0));
  EXPECT_EQ(all.size(), 300U);
  ASSERT_TRUE(sync());
  std::vector<std::pair<std::uint64_t, Offset>> before;
  const auto probe = [&](std::vector<std::pair<std::uint64_t, Offset>>& out) {
    SimRandom where(9);
    for (int i = 0; i < 400; ++i) {
      const Offset from(static_cast<std::int64_t>(where.below(static_cast<std::uint64_t>(log_->log_end().value()))));
      const Offset bound(from.value() + static_cast<std::int64_t>(where.below(100)));
      const auto result = read(from, static_cast<std::uint32_t>(where.below(6000)), bound);
      ASSERT_TRUE(result) << result.error().message;
      out.emplace_back(size(result->bytes), result->next_offset);
    }
  };
  probe(before);
  ASSERT_TRUE(reopen());
  std::vector<std::pair<std::uint64_t, Offset>> after;
  probe(after);
  EXPECT_EQ(before, after);
}

TEST_F(LogTest, AColdReadIsRefusedToWhoMustNotWait) {
  create();
  append_many(5, {.value = std::string(9000, 'x')});
  ASSERT_TRUE(sync());
  ASSERT_TRUE(reopen());
  disk_.set_cold(true);
  ReadRequest request{.offset = Offset(2), .max_bytes = 100'000, .upper_bound = Offset(5)};
  EXPECT_EQ(log_->read(request).error().code, Errc::kBusy);
  request.mode = ReadMode::kMayWait;
  EXPECT_EQ(log_->read(request)->next_offset, Offset(5));
}

TEST_F(LogTest, SegmentsRollBySizeByTimeAndWhenOffsetsWouldOverflow) {
  config_.segment_bytes = 1000;
  create();
  for (int i = 0; i < 10; ++i) {
    const auto info = append({.value = std::string(300, 'x')});
    EXPECT_EQ(info->rolled, i == 2 || i == 4 || i == 6 || i == 8);  // two of 370 bytes go into 1000
  }
  config_.segment_bytes = 1 << 20;
  config_.segment_ms = 60'000;
  log_->set_config(config_);
  EXPECT_FALSE(append({.timestamp_ms = 30'000})->rolled);
  EXPECT_TRUE(append({.timestamp_ms = 90'000})->rolled);
  EXPECT_EQ(bases_from(Offset(0)).size(), 12U);

  Bytes far = make_batch({.base = Offset(INT32_MAX + 100LL), .epoch = LeaderEpoch(0)});
  EXPECT_TRUE(log_->append_as_follower(far)->rolled);
  EXPECT_EQ(log_->segments().back().base_offset, Offset(12));
}

TEST_F(LogTest, NothingIsDurableBeforeItsSyncAndSyncsAreShared) {
  create();
  queue_->set_sync_delay(std::chrono::milliseconds(5));
  ASSERT_TRUE(append());
  ASSERT_TRUE(sync() || true);
  executor_.advance(std::chrono::milliseconds(10));
  EXPECT_EQ(log_->durable_end(), Offset(1));
  disk_.reset_counts();
  int done = 0;
  for (int i = 0; i < 10; ++i) {
    ASSERT_TRUE(append());
    log_->request_sync([&](Result<> result) { done += result ? 1 : 100; });
  }
  EXPECT_EQ(log_->durable_end(), Offset(1));
  executor_.advance(std::chrono::milliseconds(20));
  EXPECT_EQ(done, 10);
  EXPECT_EQ(log_->durable_end(), Offset(11));
  EXPECT_LE(disk_.count(DiskOp::kSync), 2U);
  // Nothing to do: answered at once.
  log_->request_sync([&](Result<> result) { done += result ? 1 : 100; });
  EXPECT_EQ(done, 11);
}

struct Listener : LogListener {
  void durable_end_moved(Offset end) override { durable = end; }
  void log_failed(const Error& error) override { failed = error; }
  Offset durable{-1};
  std::optional<Error> failed;
};

TEST_F(LogTest, AFailedSyncTakesTheDirectoryOfflineForGood) {  // S14
  create();
  Listener listener;
  log_->set_listener(&listener);
  ASSERT_TRUE(append());
  ASSERT_TRUE(sync());
  EXPECT_EQ(listener.durable, Offset(1));
  ASSERT_TRUE(append());
  disk_.inject({.op = DiskOp::kSync, .path_contains = ".log"});
  EXPECT_EQ(sync().error().code, Errc::kIo);
  // The next fsync would say all is well. Nobody asks it.
  EXPECT_EQ(sync().error().code, Errc::kIo);
  EXPECT_EQ(log_->durable_end(), Offset(1));
  EXPECT_EQ(append().error().code, Errc::kIo);
  EXPECT_EQ(read(Offset(0)).error().code, Errc::kIo);
  EXPECT_TRUE(listener.failed);
  EXPECT_TRUE(directory_->failed());
  log_->set_listener(nullptr);
}

TEST_F(LogTest, ALogThatGrowsReservesRoomInLargeStepsAndDoesWithoutWhereItCannot) {
  for (const bool can : {true, false}) {
    if (!can) disk_.inject({.op = DiskOp::kReserve, .times = -1, .sys_errno = EOPNOTSUPP});
    Log& log = create();
    const TestBatch batch{.value = std::string(100'000, 'x')};
    disk_.reset_counts();
    for (int i = 0; i < 9; ++i) ASSERT_TRUE(append(batch));
    EXPECT_EQ(disk_.count(DiskOp::kReserve), 0U) << "most segments stay small";
    for (int i = 0; i < 91; ++i) ASSERT_TRUE(append(batch));
    EXPECT_EQ(disk_.count(DiskOp::kReserve), can ? 4U : 1U) << "1, 2, 4 and 8 MiB more";
    EXPECT_EQ(log.log_end(), Offset(100));
    EXPECT_EQ(disk_.contents("/logs/t-0/00000000000000000000.log").size(), log.size_bytes());
    disk_.reset_counts();
    ASSERT_TRUE(log.close());
    EXPECT_EQ(disk_.count(DiskOp::kTruncate), can ? 3U : 2U) << "two indexes are cut, and what was not used goes back";
    log_.reset();
    ASSERT_TRUE(disk_.remove_all("/logs/t-0"));
  }
}

TEST_F(LogTest, AFullDiskRefusesAnAppendWholeAndLetsLaterOnesIn) {  // S12, P25
  create();
  append_many(3);
  const std::uint64_t before = log_->size_bytes();
  disk_.set_capacity(before + 200);
  EXPECT_EQ(append({.value = std::string(5000, 'x')}).error().code, Errc::kNoSpace);
  EXPECT_EQ(log_->log_end(), Offset(3));
  EXPECT_EQ(disk_.contents(segment_path(0)).size(), before);
  EXPECT_EQ(bases_from(Offset(0)).size(), 3U);
  disk_.set_capacity(std::nullopt);
  EXPECT_EQ(append()->base_offset, Offset(3));
  ASSERT_TRUE(sync());
  ASSERT_TRUE(reopen());
  EXPECT_EQ(log_->log_end(), Offset(4));
}

TEST_F(LogTest, AnAppendThatFailsHalfwayIsNoGap) {  // S16
  create();
  append_many(2);
  disk_.inject({.op = DiskOp::kWrite, .path_contains = ".log", .partial = 40});
  EXPECT_EQ(append().error().code, Errc::kIo);
  EXPECT_EQ(append().error().code, Errc::kIo);  // offline
  ASSERT_TRUE(reopen());
  EXPECT_EQ(bases_from(Offset(0)), (std::vector<std::int64_t>{0, 1}));
}

TEST_F(LogTest, TimestampsFindTheFirstRecordAtOrAfter) {  // V13
  config_.segment_bytes = 3000;
  config_.index_interval_bytes = 300;
  create();
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(append({.records = 2, .value = std::string(100, 'x'), .timestamp_ms = 1000 + i * 10}));
  ASSERT_GT(log_->segments().size(), 2U);
  for (const bool again : {false, true}) {
    if (again) {
      ASSERT_TRUE(sync());
      ASSERT_TRUE(reopen());
    }
    for (int i = 0; i < 50; ++i) {
      EXPECT_EQ(log_->offset_for_timestamp(1000 + i * 10)->value().offset, Offset(2 * i));
      EXPECT_EQ(log_->offset_for_timestamp(1001 + i * 10)->value().offset, Offset(2 * i + 1));
      EXPECT_EQ(log_->offset_for_timestamp(1001 + i * 10)->value().timestamp_ms, 1001 + i * 10);
    }
    EXPECT_EQ(log_->offset_for_timestamp(0)->value().offset, Offset(0));
    EXPECT_FALSE(log_->offset_for_timestamp(1492)->has_value());
    EXPECT_EQ(log_->max_timestamp()->value().offset, Offset(99));
  }
  // The lowest offset of equal timestamps, and nothing below the start of the log.
  ASSERT_TRUE(append({.records = 1, .timestamp_ms = 1491}));
  EXPECT_EQ(log_->max_timestamp()->value().offset, Offset(99));
  bool advanced = false;
  log_->advance_start(Offset(7), [&](Result<> result) { advanced = result.has_value(); });
  executor_.run_until_idle();
  EXPECT_TRUE(advanced);
  EXPECT_EQ(log_->offset_for_timestamp(0)->value().offset, Offset(7));
}

TEST_F(LogTest, EpochsAreFoundByOffsetAndByEpoch) {  // E2, E5
  create();
  EXPECT_EQ(log_->latest_epoch(), kNoLeaderEpoch);
  bool done = false;
  log_->begin_epoch(LeaderEpoch(1), [&](Result<> result) { done = result.has_value(); });
  EXPECT_TRUE(done);  // nothing to lose yet
  append_many(10, {.epoch = LeaderEpoch(1)});
  done = false;
  log_->begin_epoch(LeaderEpoch(4), [&](Result<> result) { done = result.has_value(); });
  executor_.run_until_idle();
  EXPECT_TRUE(done);
  EXPECT_EQ(as_text(disk_.contents("/logs/t-0/leader-epoch-checkpoint")), "0\n2\n1 0\n4 10\n");
  append_many(5, {.epoch = LeaderEpoch(4)});
  EXPECT_EQ(log_->append(MutableBytes(*std::make_unique<Bytes>(make_batch({}))), LeaderEpoch(3)).error().code, Errc::kFenced);

  EXPECT_EQ(log_->end_offset_for_epoch(LeaderEpoch(4)), (EpochEnd{LeaderEpoch(4), Offset(15)}));
  EXPECT_EQ(log_->end_offset_for_epoch(LeaderEpoch(3)), (EpochEnd{LeaderEpoch(1), Offset(10)}));
  EXPECT_EQ(log_->end_offset_for_epoch(LeaderEpoch(1)), (EpochEnd{LeaderEpoch(1), Offset(10)}));
  EXPECT_EQ(log_->end_offset_for_epoch(LeaderEpoch(0)), (EpochEnd{LeaderEpoch(0), Offset(0)}));
  EXPECT_EQ(log_->end_offset_for_epoch(LeaderEpoch(5)), EpochEnd{});
  EXPECT_EQ(log_->epoch_of(Offset(9)), LeaderEpoch(1));
  EXPECT_EQ(log_->epoch_of(Offset(10)), LeaderEpoch(4));
}

TEST_F(LogTest, AFollowerTakesBatchesAsTheyAreAndNothingElse) {
  create();
  Bytes two = make_batch({.records = 2, .base = Offset(0), .epoch = LeaderEpoch(2)});
  const Bytes more = make_batch({.records = 3, .base = Offset(2), .epoch = LeaderEpoch(3)});
  two.insert(two.end(), more.begin(), more.end());
  const auto info = log_->append_as_follower(two);
  ASSERT_TRUE(info);
  EXPECT_EQ(log_->log_end(), Offset(5));
  EXPECT_EQ(log_->latest_epoch(), LeaderEpoch(3));
  EXPECT_EQ(log_->append_as_follower(more).error().code, Errc::kOutOfRange);
  Bytes damaged = make_batch({.base = Offset(5)});
  damaged.back() ^= std::byte{1};
  EXPECT_EQ(log_->append_as_follower(damaged).error().code, Errc::kCorrupt);
  EXPECT_EQ(log_->log_end(), Offset(5));
}

TEST_F(LogTest, AnEmptyPartitionIsSmall) { EXPECT_LT(sizeof(Log) + sizeof(Segment), 2048U); }

}  // namespace
}  // namespace barnabas::storage
