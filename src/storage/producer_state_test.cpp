#include "storage/producer_state.h"

#include "storage/log_test_support.h"

namespace barnabas::storage {
namespace {

class ProducerTest : public LogTest {
 protected:
  // What a leader does with a client's batch.
  ProducerCheck produce(Sequence sequence, int records = 1, ProducerEpoch epoch = 0, ProducerId id = 7) {
    Bytes batch = make_batch({.records = records, .producer = id, .producer_epoch = epoch, .sequence = sequence});
    const ProducerCheck check = log_->check_producer(batch);
    if (check.error == ErrorCode::kNone && !check.duplicate) { EXPECT_TRUE(log_->append(batch, LeaderEpoch(0))); }
    return check;
  }
  void expect_refused(const ProducerCheck& check, ErrorCode code) {
    EXPECT_EQ(check.error, code);
    EXPECT_EQ(log_->log_end(), end_);
  }
  void note_end() { end_ = log_->log_end(); }
  Offset end_;
};

TEST_F(ProducerTest, SequencesContinueOrAreRefused) {  // I1, I2, I3, I4, P25
  create();
  EXPECT_EQ(produce(100, 5).error, ErrorCode::kNone);
  EXPECT_EQ(produce(105).error, ErrorCode::kNone);
  note_end();
  expect_refused(produce(107), ErrorCode::kOutOfOrderSequenceNumber);
  expect_refused(produce(3, 1, 1), ErrorCode::kOutOfOrderSequenceNumber);
  EXPECT_EQ(produce(0, 1, 1).error, ErrorCode::kNone);
  note_end();
  expect_refused(produce(106, 1, 0), ErrorCode::kInvalidProducerEpoch);
}

TEST_F(ProducerTest, SequencesWrapAroundToZero) {  // I2
  create();
  EXPECT_EQ(produce(INT32_MAX - 1, 3).error, ErrorCode::kNone);  // MAX-1, MAX, 0
  note_end();
  expect_refused(produce(0, 2), ErrorCode::kOutOfOrderSequenceNumber);
  EXPECT_EQ(produce(1).error, ErrorCode::kNone);
  EXPECT_TRUE(produce(INT32_MAX - 1, 3).duplicate);
}

TEST_F(ProducerTest, TheLastFiveBatchesAreRecognisedAndNoOlderOne) {  // I5, I6, I7
  create();
  for (int i = 0; i < 7; ++i) ASSERT_EQ(produce(i * 10, 10).error, ErrorCode::kNone);
  note_end();
  for (int i = 2; i < 7; ++i) {
    const ProducerCheck check = produce(i * 10, 10);
    EXPECT_TRUE(check.duplicate);
    EXPECT_EQ(check.base_offset, Offset(i * 10));
    EXPECT_EQ(check.last_offset, Offset(i * 10 + 9));
  }
  expect_refused(produce(10, 10), ErrorCode::kOutOfOrderSequenceNumber);
  expect_refused(produce(60, 5), ErrorCode::kOutOfOrderSequenceNumber);
  expect_refused(produce(65, 10), ErrorCode::kOutOfOrderSequenceNumber);
}

TEST_F(ProducerTest, OtherWritersAreNotAsked) {  // I9
  create();
  ASSERT_EQ(produce(0).error, ErrorCode::kNone);
  Bytes replica = make_batch({.producer = 7, .producer_epoch = 0, .sequence = 50, .base = Offset(1)});
  EXPECT_TRUE(log_->append_as_follower(replica));
  EXPECT_EQ(produce(51).error, ErrorCode::kNone);
}

TEST_F(ProducerTest, TheWindowOfFiveSurvivesEveryKindOfRestart) {  // I10, I11
  create();
  for (int i = 0; i < 7; ++i) ASSERT_EQ(produce(i, 1).error, ErrorCode::kNone);
  const auto expect_window = [&] {
    note_end();
    for (int i = 2; i < 7; ++i) EXPECT_TRUE(produce(i).duplicate) << i;
    expect_refused(produce(1), ErrorCode::kOutOfOrderSequenceNumber);
    expect_refused(produce(8), ErrorCode::kOutOfOrderSequenceNumber);
  };
  ASSERT_TRUE(sync());
  ASSERT_TRUE(directory_->save_recovery_points());
  kill();
  ASSERT_TRUE(reopen());  // nothing above the recovery point, no snapshot
  expect_window();
  const auto clean = log_->close();
  ASSERT_TRUE(clean);
  ASSERT_TRUE(reopen(*clean));
  EXPECT_TRUE(log_->recovery_report().clean);
  expect_window();
  // Snapshot damaged (S6): the batches tell.
  const Path snapshot = segment_path(7, ".producers");
  ASSERT_TRUE(disk_.exists(snapshot).value());
  disk_.flip_bits(snapshot, 30, 1);
  ASSERT_TRUE(reopen());
  expect_window();
}

TEST_F(ProducerTest, TruncationTakesBackWhatTheCutBatchesDid) {  // I10
  create();
  for (int i = 0; i < 7; ++i) ASSERT_EQ(produce(i).error, ErrorCode::kNone);
  ASSERT_TRUE(log_->truncate_to(Offset(4)));
  EXPECT_TRUE(produce(3).duplicate);
  EXPECT_TRUE(produce(0).duplicate);
  EXPECT_EQ(produce(4).error, ErrorCode::kNone);
  EXPECT_EQ(log_->log_end(), Offset(5));
}

TEST_F(ProducerTest, SilentProducersAreForgottenNeverWithATransactionOpen) {  // I12, I1
  create();
  ASSERT_EQ(produce(5).error, ErrorCode::kNone);
  Bytes open = make_batch({.producer = 8, .producer_epoch = 0, .sequence = 0, .transactional = true});
  ASSERT_TRUE(log_->append(open, LeaderEpoch(0)));
  EXPECT_EQ(log_->first_open_transaction(), Offset(1));
  clock_.advance(std::chrono::hours(23));
  log_->expire_producers();
  EXPECT_EQ(log_->producer_count(), 2U);
  clock_.advance(std::chrono::hours(2));
  log_->expire_producers();
  EXPECT_EQ(log_->producer_count(), 1U);
  EXPECT_EQ(produce(99).error, ErrorCode::kNone);
}

TEST_F(ProducerTest, DeletingRecordsForgetsNoProducer) {  // I13
  create();
  ASSERT_EQ(produce(0).error, ErrorCode::kNone);
  log_->advance_start(Offset(1), [](Result<>) {});
  executor_.run_until_idle();
  EXPECT_TRUE(produce(0).duplicate);
  note_end();
  expect_refused(produce(2), ErrorCode::kOutOfOrderSequenceNumber);
}

TEST(ProducerStateTest, ASnapshotComesBackAndEveryCutOrFlippedOneIsRefused) {
  ProducerState state;
  for (int i = 0; i < 9; ++i) {
    const auto frame =
        BatchFrame::parse(make_batch({.records = 2, .producer = i % 2, .producer_epoch = 3, .sequence = i * 2, .base = Offset(i * 2)}));
    state.apply(*frame, 1000 + i);
  }
  const Bytes bytes = state.snapshot(Offset(18));
  const auto loaded = ProducerState::load(bytes);
  ASSERT_TRUE(loaded);
  EXPECT_EQ(loaded->log_end, Offset(18));
  EXPECT_EQ(loaded->state.snapshot(Offset(18)).size(), bytes.size());
  EXPECT_EQ(loaded->state.summaries().at(0).last_sequence, 17);
  for (std::size_t n = 0; n < bytes.size(); ++n) EXPECT_FALSE(ProducerState::load(ByteView(bytes).first(n)));
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    Bytes flipped = bytes;
    flipped[i] ^= std::byte{4};
    EXPECT_FALSE(ProducerState::load(flipped));
  }
}

}  // namespace
}  // namespace barnabas::storage
