#include "replication/partition.h"

#include <gtest/gtest.h>

#include <cerrno>

#include "storage/log_test_support.h"

namespace barnabas::replication {
namespace {

using storage::TestBatch;

constexpr ProducerId kProducer = 7;

// What somebody who waits for a commit was told.
struct Ack {
  std::optional<ErrorCode> told;
  bool waiting() const { return !told; }
};

class Waiter final : public FetchWaiter {
 public:
  void readable(std::int64_t bytes) override { told.push_back(bytes); }
  std::vector<std::int64_t> told;
};

// A partition over a real log on a simulated disk. Nothing happens at the disk before run() or pass() lets it.
class PartitionTest : public storage::LogTest {
 protected:
  ~PartitionTest() override { partition_.reset(); }

  void start(Durability durability, LeaderEpoch epoch = LeaderEpoch(0)) {
    create();
    lead(durability, epoch);
  }
  void lead(Durability durability, LeaderEpoch epoch = LeaderEpoch(0)) {
    partition_ = std::make_shared<Partition>(TopicPartition{topic_id_, 0}, "t", log_, settings_, durability);
    if (epoch != kNoLeaderEpoch) partition_->become_leader(epoch);
    run();
  }
  // A log whose file's name is durable: from here on a sync is one sync of one file.
  void start_warm(Durability durability) {
    start(durability);
    append();
    run();
    disk_.reset_counts();
  }
  void run() { executor_.run_until_idle(); }
  void pass(std::int64_t ms) { executor_.advance(std::chrono::milliseconds(ms)); }

  AppendOutcome append(const TestBatch& batch = {}) {
    Bytes bytes = storage::make_batch(batch);
    auto accepted = validate_append(bytes, settings_->append, AppendOrigin::kClient, clock_.wall_ms(), compression_);
    EXPECT_TRUE(accepted) << accepted.error().message;
    return partition_->append(*accepted, /*check_producer=*/true);
  }
  std::vector<AppendOutcome> append_all(const std::vector<TestBatch>& batches) {
    std::vector<Bytes> bytes;
    std::vector<AcceptedBatch> accepted;
    std::vector<const AcceptedBatch*> pointers;
    for (const TestBatch& batch : batches) bytes.push_back(storage::make_batch(batch));
    for (Bytes& one : bytes) {
      auto valid = validate_append(one, settings_->append, AppendOrigin::kClient, clock_.wall_ms(), compression_);
      EXPECT_TRUE(valid) << valid.error().message;
      accepted.push_back(*std::move(valid));
    }
    for (const AcceptedBatch& one : accepted) pointers.push_back(&one);
    std::vector<AppendOutcome> outcomes(batches.size());
    partition_->append_all(pointers, /*check_producer=*/true, outcomes);
    return outcomes;
  }
  std::shared_ptr<Ack> ack(Offset next_offset) {
    auto ack = std::make_shared<Ack>();
    partition_->when_committed(next_offset, [ack](ErrorCode error) {
      EXPECT_TRUE(ack->waiting()) << "told twice";
      ack->told = error;
    });
    return ack;
  }
  // An append of a client with acks=all.
  std::shared_ptr<Ack> produce(const TestBatch& batch = {}) {
    const AppendOutcome outcome = append(batch);
    EXPECT_EQ(outcome.error, ErrorCode::kNone);
    return ack(outcome.next_offset);
  }
  struct Deletion {
    std::optional<DeleteOutcome> told;
  };
  std::shared_ptr<Deletion> deletion(Offset up_to) {
    auto deletion = std::make_shared<Deletion>();
    partition_->delete_records(up_to, [deletion](DeleteOutcome outcome) { deletion->told = outcome; });
    return deletion;
  }
  FetchOutcome fetch(Offset from, LeaderEpoch current = kNoLeaderEpoch, LeaderEpoch last_fetched = kNoLeaderEpoch) {
    return partition_->read({.offset = from,
                             .max_bytes = 1 << 20,
                             .min_one = true,
                             .current_leader_epoch = current,
                             .last_fetched_epoch = last_fetched,
                             .mode = storage::ReadMode::kMayWait});
  }
  // The first offset behind everything a consumer gets to see from here on.
  Offset seen_from(Offset from) {
    for (;;) {
      const FetchOutcome outcome = fetch(from);
      EXPECT_EQ(outcome.error, ErrorCode::kNone);
      if (size(outcome.records) == 0) return from;
      const Bytes bytes = bytes_of(outcome.records);
      for (ByteView rest = bytes; !rest.empty();) {
        const auto batch = RecordBatchView::open(rest);
        if (!batch) return from;
        from = batch->last_offset() + 1;
        rest = rest.subspan(batch->size_bytes());
      }
    }
  }
  void restart(PowerCut cut) {
    partition_.reset();
    stop();
    power_cut(cut);
    ASSERT_TRUE(reopen());
  }

  std::shared_ptr<TopicSettings> settings_ = std::make_shared<TopicSettings>();
  CompressionContext compression_;
  std::shared_ptr<Partition> partition_;
};

// ---- page cache: acknowledged means in the kernel ---------------------------------------------------------------------

TEST_F(PartitionTest, WithPageCacheAnAppendIsCommittedAtOnce) {
  start(Durability::kPageCache);
  const AppendOutcome outcome = append({.records = 3});
  EXPECT_EQ(outcome.error, ErrorCode::kNone);
  EXPECT_EQ(outcome.base_offset, Offset(0));
  EXPECT_EQ(outcome.next_offset, Offset(3));
  EXPECT_EQ(outcome.log_append_time_ms, -1);
  EXPECT_EQ(partition_->high_watermark(), Offset(3));
  EXPECT_EQ(ack(Offset(3))->told, ErrorCode::kNone);
  EXPECT_EQ(seen_from(Offset(0)), Offset(3));
  EXPECT_EQ(disk_.count(DiskOp::kSync), 0U);
}

TEST_F(PartitionTest, BatchesThatCameTogetherShareAWriteAndAreJudgedAsOneByOne) {  // I2, I4, I5
  const auto batch = [](ProducerId producer, Sequence sequence, ProducerEpoch epoch = 0) {
    return TestBatch{.records = 2, .producer = producer, .producer_epoch = epoch, .sequence = sequence};
  };
  const std::vector<TestBatch> batches{
      batch(7, 0),    batch(8, 0),
      batch(7, 2),    batch(7, 4),              // one write
      batch(7, 2),                              // sent again
      batch(7, 8),                              // one is missing in between
      batch(7, 6),    TestBatch{.records = 2},  // one write
      batch(7, 0, 1), batch(7, 8),              // a new epoch, and its old one
  };
  start(Durability::kPageCache);
  disk_.reset_counts();
  const auto together = append_all(batches);
  const std::uint64_t writes = disk_.count(DiskOp::kWrite);
  const Offset end = log_->log_end();
  partition_.reset();
  log_.reset();
  ASSERT_TRUE(disk_.remove_all("/logs/t-0"));

  start(Durability::kPageCache);
  for (std::size_t i = 0; i < batches.size(); ++i) {
    const AppendOutcome alone = append(batches[i]);
    EXPECT_EQ(together[i].error, alone.error) << i;
    EXPECT_EQ(together[i].base_offset, alone.base_offset) << i;
    EXPECT_EQ(together[i].next_offset, alone.next_offset) << i;
    EXPECT_EQ(together[i].message, alone.message) << i;
  }
  EXPECT_EQ(end, log_->log_end());
  EXPECT_EQ(end, Offset(14));
  EXPECT_EQ(writes, 3U);
}

TEST_F(PartitionTest, BatchesThatCameTogetherRollWhereTheyWouldHaveOneByOne) {
  config_.segment_bytes = 500;
  settings_->log.segment_bytes = 500;
  start(Durability::kPageCache);
  const auto outcomes = append_all(std::vector<TestBatch>(20));
  EXPECT_EQ(outcomes.back().next_offset, Offset(20));
  EXPECT_EQ(seen_from(Offset(0)), Offset(20));
  for (const auto& segment : log_->segments()) EXPECT_LE(segment.bytes, 500U);
}

TEST_F(PartitionTest, AFullDiskRefusesAllThatWouldHaveSharedTheWrite) {  // S12
  start(Durability::kPageCache);
  disk_.inject({.op = DiskOp::kWrite, .sys_errno = ENOSPC, .partial = 100});
  for (const AppendOutcome& outcome : append_all(std::vector<TestBatch>(3))) EXPECT_EQ(outcome.error, ErrorCode::kKafkaStorageError);
  EXPECT_EQ(log_->log_end(), Offset(0));
  EXPECT_EQ(partition_->high_watermark(), Offset(0));
  EXPECT_EQ(append_all(std::vector<TestBatch>(3)).back().next_offset, Offset(3));
  EXPECT_EQ(seen_from(Offset(0)), Offset(3));
}

TEST_F(PartitionTest, TheAppendItselfWakesWhoWaitsOnceWithItsBytes) {  // V12
  start(Durability::kPageCache);
  const auto waiter = std::make_shared<Waiter>();
  partition_->add_waiter(waiter);
  EXPECT_TRUE(waiter->told.empty());
  append();
  const auto bytes = static_cast<std::int64_t>(storage::make_batch({}).size());
  EXPECT_EQ(waiter->told, std::vector<std::int64_t>{bytes});
  append();
  EXPECT_EQ(waiter->told.size(), 1U);  // who wants to know more waits again
}

TEST_F(PartitionTest, ATokenTakesExactlyItsWaiterOff) {
  start(Durability::kPageCache);
  const auto first = std::make_shared<Waiter>(), second = std::make_shared<Waiter>();
  const auto token = partition_->add_waiter(first);
  partition_->add_waiter(second);
  partition_->remove_waiter(token);
  EXPECT_EQ(first.use_count(), 1);  // and nothing of it is kept
  append();
  EXPECT_TRUE(first->told.empty());
  EXPECT_EQ(second->told.size(), 1U);
  partition_->remove_waiter(token);  // long gone
}

// ---- fsync: acknowledged means on disk --------------------------------------------------------------------------------

TEST_F(PartitionTest, UnderFsyncAnAckWaitsForTheDisk) {  // V3
  start_warm(Durability::kFsync);
  ASSERT_EQ(partition_->high_watermark(), Offset(1));
  queue_->set_sync_delay(std::chrono::milliseconds(5));
  const auto waiter = std::make_shared<Waiter>();
  partition_->add_waiter(waiter);
  const auto told = produce({.records = 2});
  pass(4);
  EXPECT_TRUE(told->waiting());
  EXPECT_TRUE(waiter->told.empty());
  EXPECT_EQ(partition_->high_watermark(), Offset(1));
  EXPECT_EQ(log_->log_end(), Offset(3));
  EXPECT_EQ(seen_from(Offset(0)), Offset(1));
  EXPECT_EQ(size(fetch(Offset(1)).records), 0U);
  pass(1);
  EXPECT_EQ(told->told, ErrorCode::kNone);
  EXPECT_EQ(waiter->told.size(), 1U);
  EXPECT_EQ(partition_->high_watermark(), Offset(3));
  EXPECT_EQ(seen_from(Offset(0)), Offset(3));
}

TEST_F(PartitionTest, ManyAppendsShareFewSyncs) {
  start_warm(Durability::kFsync);
  queue_->set_sync_delay(std::chrono::milliseconds(10));
  std::vector<std::shared_ptr<Ack>> acks;
  for (int i = 0; i < 200; ++i) {
    acks.push_back(produce());
    pass(i % 20 == 0 ? 1 : 0);
  }
  pass(30);
  for (const auto& told : acks) EXPECT_EQ(told->told, ErrorCode::kNone);
  // Ten milliseconds of appends, ten milliseconds a sync: one for the first append, one for what came during it.
  EXPECT_LE(disk_.count(DiskOp::kSync), 3U);
}

TEST_F(PartitionTest, AcksComeInTheOrderOfTheirOffsetsHoweverTheyWereAskedFor) {
  start_warm(Durability::kFsync);
  append();
  append();
  append();
  std::vector<int> order;
  partition_->when_committed(Offset(4), [&](ErrorCode) { order.push_back(4); });
  partition_->when_committed(Offset(2), [&](ErrorCode) { order.push_back(2); });
  partition_->when_committed(Offset(3), [&](ErrorCode) { order.push_back(3); });
  EXPECT_TRUE(order.empty());
  run();
  EXPECT_EQ(order, (std::vector<int>{2, 3, 4}));
}

TEST_F(PartitionTest, ASyncThatHangsHoldsAcksBackAndNothingElse) {
  start_warm(Durability::kFsync);
  queue_->hang(true);
  const auto told = produce();
  pass(3'600'000);
  EXPECT_TRUE(told->waiting());
  EXPECT_EQ(append().error, ErrorCode::kNone);  // acks=1 is answered: the kernel has it
  EXPECT_EQ(partition_->high_watermark(), Offset(1));
  EXPECT_EQ(seen_from(Offset(0)), Offset(1));
  partition_->stop(ErrorCode::kNotLeaderOrFollower);
  EXPECT_EQ(told->told, ErrorCode::kNotLeaderOrFollower);
}

TEST_F(PartitionTest, AFailedSyncTellsWhoWaitsAndTakesThePartitionOffline) {  // S14
  start_warm(Durability::kFsync);
  disk_.inject({.op = DiskOp::kSync, .path_contains = ".log"});
  const auto waiter = std::make_shared<Waiter>();
  partition_->add_waiter(waiter);
  const auto told = produce();
  run();
  EXPECT_EQ(told->told, ErrorCode::kKafkaStorageError);
  EXPECT_EQ(waiter->told, std::vector<std::int64_t>{-1});
  EXPECT_EQ(partition_->high_watermark(), Offset(1));
  // The next sync would succeed, and lie.
  EXPECT_EQ(append().error, ErrorCode::kKafkaStorageError);
  EXPECT_EQ(ack(Offset(2))->told, ErrorCode::kKafkaStorageError);
  EXPECT_EQ(fetch(Offset(0)).error, ErrorCode::kKafkaStorageError);
  EXPECT_EQ(partition_->check_leader(kNoLeaderEpoch), ErrorCode::kKafkaStorageError);
}

// The failure is met under the partition's lock, and told without it.
TEST_F(PartitionTest, AWriteThatFailsTakesThePartitionOffline) {
  start_warm(Durability::kFsync);
  queue_->set_sync_delay(std::chrono::milliseconds(5));
  const auto earlier = produce();
  pass(1);
  disk_.inject({.op = DiskOp::kWrite, .path_contains = ".log"});
  EXPECT_EQ(append().error, ErrorCode::kKafkaStorageError);
  run();
  EXPECT_EQ(earlier->told, ErrorCode::kKafkaStorageError);
  EXPECT_EQ(append().error, ErrorCode::kKafkaStorageError);
}

TEST_F(PartitionTest, AFullDiskRefusesOneAppendAndNotTheNext) {
  start_warm(Durability::kFsync);
  disk_.set_capacity(log_->size_bytes() + 300);
  EXPECT_EQ(append({.value = std::string(5'000, 'x')}).error, ErrorCode::kKafkaStorageError);
  disk_.set_capacity(std::nullopt);
  const auto told = produce();
  run();
  EXPECT_EQ(told->told, ErrorCode::kNone);
  EXPECT_EQ(partition_->high_watermark(), Offset(2));
}

// ---- the idempotent producer ------------------------------------------------------------------------------------------

TEST_F(PartitionTest, ADuplicateGetsTheOffsetsOfItsOriginal) {  // I5
  start(Durability::kPageCache);
  const TestBatch batch{.records = 3, .producer = kProducer, .producer_epoch = 0, .sequence = 0};
  append();
  EXPECT_EQ(append(batch).base_offset, Offset(1));
  append();
  const AppendOutcome again = append(batch);
  EXPECT_EQ(again.error, ErrorCode::kNone);
  EXPECT_EQ(again.base_offset, Offset(1));
  EXPECT_EQ(again.next_offset, Offset(4));
  EXPECT_EQ(partition_->log().log_end(), Offset(5));
}

TEST_F(PartitionTest, ADuplicateIsAcknowledgedOnlyWhenItsOriginalIsSafe) {  // I8
  start_warm(Durability::kFsync);
  queue_->set_sync_delay(std::chrono::milliseconds(5));
  const TestBatch batch{.producer = kProducer, .producer_epoch = 0, .sequence = 0};
  const auto original = produce(batch);
  pass(1);
  const auto later = produce();
  const auto duplicate = produce(batch);
  EXPECT_EQ(log_->log_end(), Offset(3));
  pass(3);
  EXPECT_TRUE(duplicate->waiting());
  pass(1);
  EXPECT_EQ(original->told, ErrorCode::kNone);
  EXPECT_EQ(duplicate->told, ErrorCode::kNone);
  EXPECT_TRUE(later->waiting());
  EXPECT_EQ(produce(batch)->told, ErrorCode::kNone);  // safe by now: at once
}

TEST_F(PartitionTest, ASequenceOutOfOrderLeavesNothingBehind) {  // P25
  start(Durability::kPageCache);
  append({.producer = kProducer, .producer_epoch = 0, .sequence = 0});
  const AppendOutcome gap = append({.producer = kProducer, .producer_epoch = 0, .sequence = 5});
  EXPECT_EQ(gap.error, ErrorCode::kOutOfOrderSequenceNumber);
  EXPECT_FALSE(gap.message.empty());
  EXPECT_EQ(partition_->high_watermark(), Offset(1));
  EXPECT_EQ(append({.producer = kProducer, .producer_epoch = 0, .sequence = 1}).base_offset, Offset(1));
}

// ---- leadership -------------------------------------------------------------------------------------------------------

TEST_F(PartitionTest, StopTellsEverybodyAtOnceAndWhoComesLater) {  // P7, P8
  for (const ErrorCode why : {ErrorCode::kNotLeaderOrFollower, ErrorCode::kUnknownTopicOrPartition}) {
    start_warm(Durability::kFsync);
    const auto told = produce();
    const auto waiter = std::make_shared<Waiter>();
    partition_->add_waiter(waiter);
    partition_->stop(why);
    EXPECT_EQ(told->told, why);
    EXPECT_EQ(waiter->told, std::vector<std::int64_t>{-1});
    EXPECT_EQ(append().error, why);
    EXPECT_EQ(fetch(Offset(0)).error, why);
    EXPECT_EQ(ack(Offset(99))->told, why);
    run();  // the sync that was on its way ends, and concerns nobody
    EXPECT_EQ(partition_->high_watermark(), Offset(1));
    partition_.reset();
    ASSERT_TRUE(log_->remove());
    run();
  }
}

TEST_F(PartitionTest, NobodyIsServedBeforeThePartitionIsLed) {
  start(Durability::kPageCache, kNoLeaderEpoch);
  EXPECT_EQ(append().error, ErrorCode::kNotLeaderOrFollower);
  EXPECT_EQ(fetch(Offset(0)).error, ErrorCode::kNotLeaderOrFollower);
  EXPECT_EQ(ack(Offset(0))->told, ErrorCode::kNotLeaderOrFollower);
  EXPECT_EQ(log_->log_end(), Offset(0));
}

TEST_F(PartitionTest, AStaleEpochIsFencedAndANewerOneUnknown) {  // E1
  start(Durability::kPageCache, kNoLeaderEpoch);
  EXPECT_EQ(partition_->check_leader(LeaderEpoch(5)), ErrorCode::kUnknownLeaderEpoch);  // before leadership
  partition_->become_leader(LeaderEpoch(5));
  EXPECT_EQ(partition_->check_leader(LeaderEpoch(4)), ErrorCode::kFencedLeaderEpoch);
  EXPECT_EQ(partition_->check_leader(LeaderEpoch(5)), ErrorCode::kNone);
  EXPECT_EQ(partition_->check_leader(LeaderEpoch(6)), ErrorCode::kUnknownLeaderEpoch);
  EXPECT_EQ(partition_->check_leader(kNoLeaderEpoch), ErrorCode::kNone);
  EXPECT_EQ(fetch(Offset(0), LeaderEpoch(4)).error, ErrorCode::kFencedLeaderEpoch);
  EXPECT_EQ(fetch(Offset(0), LeaderEpoch(6)).error, ErrorCode::kUnknownLeaderEpoch);
  EXPECT_EQ(fetch(Offset(0), LeaderEpoch(5)).error, ErrorCode::kNone);
}

TEST_F(PartitionTest, OnlyANewerEpochChangesAnything) {
  start(Durability::kPageCache, LeaderEpoch(3));
  append();
  partition_->become_leader(LeaderEpoch(2));
  EXPECT_EQ(partition_->leader_epoch(), LeaderEpoch(3));
  partition_->become_leader(LeaderEpoch(4));
  EXPECT_EQ(partition_->leader_epoch(), LeaderEpoch(4));
  append();
  EXPECT_EQ(log_->epoch_of(Offset(0)), LeaderEpoch(3));
  EXPECT_EQ(log_->epoch_of(Offset(1)), LeaderEpoch(4));
  EXPECT_EQ(partition_->high_watermark(), Offset(2));
}

TEST_F(PartitionTest, ANewEpochKnowsNoEndBeforeWhatWasThereIsCommitted) {  // V14
  start_warm(Durability::kFsync);
  queue_->set_sync_delay(std::chrono::milliseconds(5));
  append();
  EXPECT_EQ(partition_->check_end_known(), ErrorCode::kNone) << "it was never told to be there";
  partition_->become_leader(LeaderEpoch(1));
  EXPECT_EQ(partition_->check_end_known(), ErrorCode::kOffsetNotAvailable);
  pass(20);
  EXPECT_EQ(partition_->check_end_known(), ErrorCode::kNone);
  append();
  EXPECT_EQ(partition_->check_end_known(), ErrorCode::kNone);
  pass(20);
}

TEST_F(PartitionTest, AReaderOfAnotherHistoryIsToldWhereItParted) {  // E3
  start(Durability::kPageCache, LeaderEpoch(1));
  append({.records = 3});
  partition_->become_leader(LeaderEpoch(3));
  append({.records = 2});
  const auto diverging = [&](std::int64_t offset, std::int32_t last_fetched) {
    const FetchOutcome outcome = fetch(Offset(offset), kNoLeaderEpoch, LeaderEpoch(last_fetched));
    EXPECT_EQ(outcome.error, ErrorCode::kNone);
    if (outcome.diverging) EXPECT_EQ(size(outcome.records), 0U);
    return outcome.diverging;
  };
  EXPECT_FALSE(diverging(3, 1));
  EXPECT_FALSE(diverging(4, 3));
  const auto longer = diverging(4, 1);  // more records of epoch 1 than we ever had
  ASSERT_TRUE(longer);
  EXPECT_EQ(longer->epoch, LeaderEpoch(1));
  EXPECT_EQ(longer->end, Offset(3));
  const auto other = diverging(4, 2);  // an epoch we never saw
  ASSERT_TRUE(other);
  EXPECT_EQ(other->epoch, LeaderEpoch(1));
  EXPECT_EQ(other->end, Offset(3));
  EXPECT_EQ(fetch(Offset(4), kNoLeaderEpoch, LeaderEpoch(9)).error, ErrorCode::kOffsetOutOfRange);
}

TEST_F(PartitionTest, OffsetsOutsideTheLogAreOutOfRangeAndItsEndIsNot) {  // V5
  start(Durability::kPageCache);
  append();
  EXPECT_EQ(fetch(Offset(1)).error, ErrorCode::kNone);
  EXPECT_EQ(fetch(Offset(2)).error, ErrorCode::kOffsetOutOfRange);
  EXPECT_EQ(fetch(Offset(-1)).error, ErrorCode::kOffsetOutOfRange);
}

TEST_F(PartitionTest, NewSettingsReachTheLog) {
  start(Durability::kPageCache);
  auto smaller = std::make_shared<TopicSettings>(*settings_);
  smaller->log.segment_bytes = 200;
  partition_->set_settings(smaller);
  EXPECT_EQ(partition_->settings(), smaller);
  for (int i = 0; i < 5; ++i) append({.value = std::string(100, 'x')});
  EXPECT_GT(log_->segments().size(), 3U);
  EXPECT_EQ(seen_from(Offset(0)), Offset(5));
}

// ---- deleting records -------------------------------------------------------------------------------------------------

TEST_F(PartitionTest, RecordsAreDeletedUpToTheHighWatermarkOnly) {  // V17, V4
  start_warm(Durability::kFsync);
  queue_->hang(true);
  append();  // not committed yet
  EXPECT_EQ(deletion(Offset(2))->told->error, ErrorCode::kOffsetOutOfRange);
  EXPECT_EQ(deletion(Offset(-2))->told->error, ErrorCode::kOffsetOutOfRange);
  queue_->hang(false);
  run();
  const auto all = deletion(Partition::kHighWatermark);
  run();
  ASSERT_TRUE(all->told);
  EXPECT_EQ(all->told->error, ErrorCode::kNone);
  EXPECT_EQ(all->told->low_watermark, Offset(2));
  EXPECT_EQ(fetch(Offset(1)).error, ErrorCode::kOffsetOutOfRange);
  partition_->stop(ErrorCode::kUnknownTopicOrPartition);
  EXPECT_EQ(deletion(Offset(2))->told->error, ErrorCode::kUnknownTopicOrPartition);
}

TEST_F(PartitionTest, ATopicThatIsOnlyCompactedKeepsItsRecords) {  // V17
  start_warm(Durability::kFsync);
  auto compacted = std::make_shared<TopicSettings>();
  compacted->config.cleanup_compact = true;
  compacted->config.cleanup_delete = false;
  partition_->set_settings(compacted);
  EXPECT_EQ(deletion(Offset(1))->told->error, ErrorCode::kPolicyViolation);
  EXPECT_EQ(log_->log_start(), Offset(0));
}

// V18, W5: also where the records themselves were only in the page cache. A start above what is left of the log would be
// taken for another log's, and the deleted records come back.
class DeletedRecords : public PartitionTest, public ::testing::WithParamInterface<Durability> {};
TEST_P(DeletedRecords, AreNotBroughtBackByAPowerCut) {
  start(GetParam());
  append();
  ASSERT_TRUE(sync());  // so that a part of the log is left
  for (int i = 0; i < 4; ++i) append();
  if (GetParam() == Durability::kFsync) run();
  const auto deleted = deletion(Offset(4));
  EXPECT_FALSE(deleted->told) << "not before it is on disk";
  run();
  ASSERT_TRUE(deleted->told);
  EXPECT_EQ(deleted->told->low_watermark, Offset(4));
  restart(PowerCut::kLoseAll);
  EXPECT_EQ(log_->log_start(), Offset(4));
  EXPECT_GE(log_->log_end(), Offset(4));
}
INSTANTIATE_TEST_SUITE_P(WithEither, DeletedRecords, ::testing::Values(Durability::kFsync, Durability::kPageCache));

// ---- after a crash ----------------------------------------------------------------------------------------------------

TEST_F(PartitionTest, AfterAKillWhatWasOnlyInTheKernelIsShownOnceItIsSafe) {
  start_warm(Durability::kFsync);
  queue_->hang(true);
  append();
  append();
  partition_.reset();
  stop();
  kill();
  ASSERT_TRUE(reopen());
  queue_->set_sync_delay(std::chrono::milliseconds(5));
  partition_ = std::make_shared<Partition>(TopicPartition{topic_id_, 0}, "t", log_, settings_, Durability::kFsync);
  partition_->become_leader(LeaderEpoch(1));
  EXPECT_LE(partition_->high_watermark(), log_->durable_end());
  pass(20);
  EXPECT_EQ(partition_->high_watermark(), Offset(3));
  EXPECT_EQ(seen_from(Offset(0)), Offset(3));
}

// W1: whatever the disk does with what was not synced, and however long its syncs take.
TEST_F(PartitionTest, APowerCutTakesNothingThatWasCommitted) {
  start(Durability::kFsync);
  Offset promised{0};
  for (std::int32_t life = 0; life < 60; ++life) {
    queue_->set_sync_delay(std::chrono::milliseconds(random_.below(4)));
    const Offset shown_before = partition_->high_watermark();
    EXPECT_GE(shown_before, promised);
    const std::uint64_t appends = random_.below(30);
    for (std::uint64_t i = 0; i < appends; ++i) {
      const AppendOutcome outcome =
          append({.records = static_cast<int>(1 + random_.below(3)), .value = std::string(random_.below(900), 'v')});
      ASSERT_EQ(outcome.error, ErrorCode::kNone);
      partition_->when_committed(outcome.next_offset, [&promised, end = outcome.next_offset](ErrorCode error) {
        if (error == ErrorCode::kNone) promised = std::max(promised, end);
      });
      if (random_.chance(0.3)) pass(static_cast<std::int64_t>(random_.below(3)));
    }
    const Offset shown = seen_from(Offset(0));
    restart(PowerCut::kRandom);
    EXPECT_GE(log_->log_end(), promised) << "life " << life;
    EXPECT_GE(log_->log_end(), shown) << "life " << life;  // nobody has seen a record that is gone
    lead(Durability::kFsync, LeaderEpoch(life + 1));
    pass(10);
    ASSERT_EQ(partition_->check_leader(kNoLeaderEpoch), ErrorCode::kNone);
    EXPECT_EQ(seen_from(Offset(0)), log_->log_end()) << "life " << life;
  }
  EXPECT_GT(promised, Offset(200));
}

}  // namespace
}  // namespace barnabas::replication
