#include "storage/log_test_support.h"

namespace barnabas::storage {
namespace {

class LogCutTest : public LogTest {
 protected:
  void fill(int batches = 20) {
    config_.segment_bytes = 3500;
    config_.index_interval_bytes = 600;
    create();
    for (int i = 0; i < batches; ++i)
      ASSERT_TRUE(append({.value = std::string(300, static_cast<char>('a' + i)), .timestamp_ms = clock_.wall_ms()}));
    ASSERT_TRUE(sync());
  }
};

TEST_F(LogCutTest, ASliceKeepsItsBytesThroughTruncationAndDeletion) {  // V22
  fill();
  const auto last = read(Offset(19));
  const auto first = read(Offset(0));
  ASSERT_TRUE(last);
  ASSERT_TRUE(first);
  const Bytes last_before = bytes_of(last->bytes);
  const Bytes first_before = bytes_of(first->bytes);
  ASSERT_TRUE(log_->truncate_to(Offset(18)));
  append_many(3, {.value = std::string(300, 'Z')});
  EXPECT_EQ(bytes_of(last->bytes), last_before);
  EXPECT_NE(bytes_of(read(Offset(19), 1)->bytes), last_before);

  ASSERT_TRUE(log_->remove());
  executor_.advance(std::chrono::minutes(2));
  EXPECT_EQ(bytes_of(first->bytes), first_before);
}

TEST_F(LogCutTest, TruncationGoesToABatchAndIsDurable) {
  fill();
  EXPECT_TRUE(log_->truncate_to(Offset(30)));
  EXPECT_EQ(log_->log_end(), Offset(20));
  for (const std::int64_t to : {18, 9, 3, 0}) {
    ASSERT_TRUE(log_->truncate_to(Offset(to)));
    EXPECT_EQ(log_->log_end(), Offset(to));
    EXPECT_EQ(log_->durable_end(), Offset(to));
    EXPECT_EQ(bases_from(Offset(0)).size(), static_cast<std::size_t>(to));
    power_cut(PowerCut::kLoseAll);
    ASSERT_TRUE(reopen());
    EXPECT_EQ(log_->log_end(), Offset(to));
    EXPECT_TRUE(log_->recovery_report().damage.empty());
  }
  // Inside a batch: all of it goes.
  ASSERT_TRUE(append({.records = 5}));
  ASSERT_TRUE(append({.records = 5}));
  ASSERT_TRUE(log_->truncate_to(Offset(7)));
  EXPECT_EQ(log_->log_end(), Offset(5));
}

TEST_F(LogCutTest, TruncationDropsTheEpochsAbove) {  // E6
  create();
  append_many(5, {.epoch = LeaderEpoch(1)});
  append_many(5, {.epoch = LeaderEpoch(2)});
  ASSERT_TRUE(log_->truncate_to(Offset(5)));
  EXPECT_EQ(log_->latest_epoch(), LeaderEpoch(1));
  EXPECT_EQ(log_->end_offset_for_epoch(LeaderEpoch(1)).end, Offset(5));
}

TEST_F(LogCutTest, ARestartAtAnOffsetForgetsEverything) {
  fill();
  ASSERT_TRUE(log_->restart_at(Offset(100)));
  EXPECT_EQ(log_->log_start(), Offset(100));
  EXPECT_EQ(log_->log_end(), Offset(100));
  Bytes batch = make_batch({.base = Offset(100)});
  ASSERT_TRUE(log_->append_as_follower(batch));
  ASSERT_TRUE(sync());
  ASSERT_TRUE(reopen());
  EXPECT_EQ(bases_from(Offset(100)), std::vector<std::int64_t>{100});
  EXPECT_EQ(read(Offset(99)).error().code, Errc::kOutOfRange);
}

TEST_F(LogCutTest, TheStartSurvivesAPowerCutAtOnce) {  // V18, W5
  fill();
  bool done = false;
  log_->advance_start(Offset(12), [&](Result<> result) { done = result.has_value(); });
  executor_.run_until_idle();
  ASSERT_TRUE(done);
  power_cut(PowerCut::kLoseAll);
  ASSERT_TRUE(reopen());
  EXPECT_EQ(log_->log_start(), Offset(12));
  EXPECT_EQ(read(Offset(11)).error().code, Errc::kOutOfRange);
  // Never back, never above the end.
  log_->advance_start(Offset(3), [](Result<>) {});
  EXPECT_EQ(log_->log_start(), Offset(12));
  Errc code = Errc::kIo;
  log_->advance_start(Offset(999), [&](Result<> result) { code = result ? Errc::kIo : result.error().code; });
  EXPECT_EQ(code, Errc::kOutOfRange);
}

TEST_F(LogCutTest, RetentionBySizeNeverGoesAboveTheBoundNorTakesTheLastSegment) {  // V19
  fill();
  config_.retention_bytes = 0;
  log_->set_config(config_);
  const auto segments = log_->segments();
  ASSERT_EQ(segments.size(), 3U);
  EXPECT_EQ(log_->apply_retention(segments[1].base_offset - 1).value(), 0);
  EXPECT_EQ(log_->apply_retention(segments[1].base_offset).value(), 1);
  EXPECT_EQ(log_->log_start(), segments[1].base_offset);
  EXPECT_EQ(log_->apply_retention(Offset(20)).value(), 1);
  EXPECT_EQ(log_->segments().size(), 1U);
  EXPECT_EQ(append()->base_offset, Offset(20));
  executor_.advance(std::chrono::minutes(2));
  EXPECT_FALSE(disk_.exists(segment_path(0)).value());
  EXPECT_FALSE(disk_.exists("/logs/t-0/00000000000000000000.log.deleted").value());
}

TEST_F(LogCutTest, RetentionByTimeTakesEvenTheActiveSegmentAndKeepsOffsetsRising) {  // V19
  fill();
  clock_.advance(std::chrono::hours(24 * 6));
  EXPECT_EQ(log_->apply_retention(Offset(20)).value(), 0);
  clock_.advance(std::chrono::hours(24 * 2));
  EXPECT_EQ(log_->apply_retention(Offset(20)).value(), 3);
  EXPECT_EQ(log_->log_start(), Offset(20));
  EXPECT_EQ(append()->base_offset, Offset(20));
}

TEST_F(LogCutTest, ATimestampFromTheFuturePinsNoSegmentForEver) {  // S24
  config_.segment_bytes = 1000;
  create();
  append_many(6, {.value = std::string(300, 'x'), .timestamp_ms = INT64_MAX - 10});
  ASSERT_TRUE(sync());
  clock_.advance(std::chrono::hours(24 * 6));
  EXPECT_EQ(log_->apply_retention(Offset(6)).value(), 0);
  clock_.advance(std::chrono::hours(24 * 2));
  EXPECT_EQ(log_->apply_retention(Offset(6)).value(), 3);
}

TEST_F(LogCutTest, ARemovedLogIsRenamedAtOnceAndAnotherMayTakeItsName) {
  fill();
  ASSERT_TRUE(log_->remove());
  EXPECT_FALSE(disk_.exists("/logs/t-0").value());
  EXPECT_EQ(append().error().code, Errc::kClosed);
  EXPECT_EQ(read(Offset(0)).error().code, Errc::kClosed);
  const auto again = Log::create(*directory_, "t", 0, topic_id_, config_);
  ASSERT_TRUE(again);
  EXPECT_EQ((*again)->log_end(), Offset(0));
  executor_.advance(std::chrono::minutes(2));
  EXPECT_EQ(disk_.list("/logs")->size(), 1U + (disk_.exists("/logs/recovery-point-offset-checkpoint").value() ? 1U : 0U));
}

}  // namespace
}  // namespace barnabas::storage
