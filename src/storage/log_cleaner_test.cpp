// Compaction of whole logs: what stays, what readers and crashes see.
#include "storage/log_cleaner.h"

#include <map>
#include <set>

#include "storage/log_test_support.h"

namespace barnabas::storage {
namespace {

using Values = std::map<std::string, std::string>;

class LogCleanerTest : public LogTest {
 protected:
  LogCleanerTest() {
    config_.compact = true;
    config_.delete_old = false;
    config_.segment_bytes = 2000;
    config_.min_cleanable_ratio = 0;
    config_.delete_retention_ms = 60'000;
  }
  ~LogCleanerTest() override { cleaner_.reset(); }

  struct Put {
    std::string key;
    std::optional<std::string> value;
  };
  // A batch with these records; producer and sequence if given.
  void put(const std::vector<Put>& records, BatchOptions options = {}, Compression codec = Compression::kNone) {
    RecordBatchBuilder builder(options);
    for (const Put& record : records) {
      NewRecord made{.timestamp_ms = clock_.wall_ms(), .key = as_bytes(record.key)};
      if (record.value) made.value = as_bytes(*record.value);
      builder.add(made);
    }
    Bytes bytes = std::move(builder).build(codec, context_);
    ASSERT_TRUE(log_->append(bytes, LeaderEpoch(0)));
  }
  // Updates of a few keys, as many batches; what a reader must see of them in the end goes to expected_.
  void churn(int batches, int keys = 10, Compression codec = Compression::kNone) {
    for (int i = 0; i < batches; ++i) {
      const std::string key = "k" + std::to_string(random_.below(static_cast<std::uint64_t>(keys)));
      const std::string value = "v" + std::to_string(++written_) + std::string(150, 'x');
      put({{key, value}, {key + "'", value}}, {}, codec);
      expected_[key] = value;
      expected_[key + "'"] = value;
    }
  }
  void settle() { ASSERT_TRUE(sync()); }

  LogCleaner& cleaner() {
    if (cleaner_ == nullptr) {
      cleaner_ = std::make_unique<LogCleaner>(
          LogCleaner::Deps{.clock = clock_, .executor = executor_, .random = random_, .logs = [this] { return std::vector{log_}; }},
          options_, std::vector{directory_.get()});
      cleaner_->set_bound([this](const Log& log) { return std::min(bound_, log.log_end()); });
    }
    return *cleaner_;
  }
  void clean() { cleaner().clean_now(); }
  void stop_cleaner() { cleaner_.reset(); }

  Result<> reopen_all(std::optional<CleanEnd> end = std::nullopt) {
    stop_cleaner();
    const auto compacted = read_offset_checkpoint(disk_, Path("/logs") / LogDirectory::kCompactedFile);
    TRY(reopen(end));
    if (compacted && compacted->contains("t-0")) log_->set_compacted_to(compacted->at("t-0"));
    return {};
  }

  struct Seen {
    Offset offset;
    std::string key;
    std::optional<std::string> value;
    friend bool operator==(const Seen&, const Seen&) = default;
  };
  std::vector<Seen> read_all(Offset from = Offset(0)) {
    std::vector<Seen> all;
    from = std::max(from, log_->log_start());
    while (from < log_->log_end()) {
      const auto result = read(from, 900);
      EXPECT_TRUE(result) << result.error().message;
      if (!result || result->next_offset <= from) break;
      const Bytes bytes = bytes_of(result->bytes);
      for (ByteView rest = bytes; !rest.empty();) {
        const auto batch = RecordBatchView::open(rest);
        EXPECT_TRUE(batch && batch->crc_matches());
        RecordReader reader(*batch, context_);
        while (true) {
          const auto record = reader.next();
          EXPECT_TRUE(record);
          if (!record || *record == nullptr) break;
          const auto value = (*record)->value();
          all.push_back({reader.offset(), std::string(as_text((*record)->key().value())),
                         value ? std::optional(std::string(as_text(*value))) : std::nullopt});
        }
        rest = rest.subspan(batch->size_bytes());
      }
      from = result->next_offset;
    }
    return all;
  }
  Values latest() {
    Values values;
    Offset before(-1);
    for (const Seen& seen : read_all()) {
      EXPECT_GT(seen.offset, before);
      before = seen.offset;
      if (seen.value) values[seen.key] = *seen.value;
      if (!seen.value) values.erase(seen.key);
    }
    return values;
  }
  std::set<std::string> files() {
    std::set<std::string> names;
    for (const DirectoryEntry& entry : disk_.list("/logs/t-0").value()) names.insert(entry.name);
    return names;
  }

  CompressionContext context_;
  CleanerOptions options_;
  std::unique_ptr<LogCleaner> cleaner_;
  Offset bound_{INT64_MAX};
  Values expected_;
  int written_ = 0;
};

TEST_F(LogCleanerTest, OnlyTheLatestOfEachKeyStaysBelowTheActiveSegment) {
  create();
  churn(60);
  settle();
  const auto before = read_all();
  const Offset active = log_->segments().back().base_offset;
  const std::uint64_t bytes = log_->size_bytes();
  clean();
  const auto after = read_all();
  EXPECT_LT(log_->size_bytes(), bytes / 2);
  EXPECT_EQ(latest(), expected_);
  EXPECT_EQ(log_->compacted_to(), active);
  std::set<std::string> keys;
  for (const Seen& seen : after) {
    EXPECT_NE(std::ranges::find(before, seen), before.end());  // offsets and values are as they were
    if (seen.offset < active) { EXPECT_TRUE(keys.insert(seen.key).second) << seen.key; }
  }
  const auto of_active = [&](const Seen& seen) { return seen.offset >= active; };
  EXPECT_EQ(std::ranges::count_if(before, of_active), std::ranges::count_if(after, of_active));
}

TEST_F(LogCleanerTest, EveryOffsetThatWasGivenOutCanStillBeAskedFor) {  // V22
  create();
  churn(40);
  settle();
  clean();
  const auto all = read_all();
  for (Offset from(0); from < log_->log_end(); from = from + 1) {
    const auto rest = read_all(from);
    const auto first = std::ranges::find_if(all, [&](const Seen& seen) { return seen.offset >= from; });
    ASSERT_FALSE(rest.empty());
    EXPECT_LE(rest.front().offset, first->offset);  // a batch is returned whole
    EXPECT_EQ(rest.back(), all.back());
  }
  EXPECT_EQ(log_->log_start(), Offset(0));
  EXPECT_EQ(log_->epoch_of(Offset(1)), LeaderEpoch(0));
}

TEST_F(LogCleanerTest, SmallSegmentsGrowTogether) {
  create();
  for (int round = 0; round < 3; ++round) {
    churn(60, 3);
    settle();
    EXPECT_GT(log_->segments().size(), 10U);
    clean();
    EXPECT_EQ(latest(), expected_);
  }
  // What the first two rounds left is one segment by now; the third one's are as many as they were.
  const auto segments = log_->segments();
  EXPECT_EQ(segments.front().base_offset, Offset(0));
  EXPECT_GT(segments[2].base_offset, Offset(180));
  EXPECT_EQ(files().count("00000000000000000000.log.cleaned"), 0U);
  executor_.advance(std::chrono::minutes(2));
  for (const std::string& name : files()) EXPECT_FALSE(name.ends_with(".deleted")) << name;
}

TEST_F(LogCleanerTest, NothingAboveTheHighWatermarkOrNotYetDurableIsTouched) {
  create();
  churn(30);
  clean();  // nothing is durable
  EXPECT_EQ(log_->compacted_to(), Offset(0));
  settle();
  const auto segments = log_->segments();
  bound_ = segments[2].base_offset - 1;
  clean();
  EXPECT_EQ(log_->compacted_to(), segments[1].base_offset);
  bound_ = Offset(INT64_MAX);
  clean();
  EXPECT_EQ(log_->compacted_to(), segments.back().base_offset);
}

TEST_F(LogCleanerTest, YoungRecordsAreSafeAndOldOnesAreDue) {  // min.compaction.lag.ms, max.compaction.lag.ms
  config_.min_compaction_lag_ms = 60'000;
  create();
  churn(30);
  settle();
  clean();
  EXPECT_EQ(log_->compacted_to(), Offset(0));
  clock_.advance(std::chrono::minutes(2));
  churn(30);
  settle();
  clean();
  const Offset first(log_->compacted_to());
  EXPECT_GE(first, Offset(40));
  EXPECT_LE(first, Offset(60));

  config_.min_compaction_lag_ms = 0;
  config_.min_cleanable_ratio = 0.99;
  config_.max_compaction_lag_ms = 600'000;
  log_->set_config(config_);
  clean();
  EXPECT_EQ(log_->compacted_to(), first);  // too little to be worth it
  clock_.advance(std::chrono::minutes(11));
  clean();
  EXPECT_GT(log_->compacted_to(), first);  // but overdue
}

TEST_F(LogCleanerTest, MaxCompactionLagRollsSegments) {
  config_.max_compaction_lag_ms = 10'000;
  create();
  put({{"a", "1"}});
  clock_.advance(std::chrono::seconds(11));
  put({{"a", "2"}});
  EXPECT_EQ(log_->segments().size(), 2U);
}

TEST_F(LogCleanerTest, ATombstoneGoesAfterItsTimeAndItsKeyDoesNotComeBack) {
  create();
  churn(30, 3);
  put({{"k0", std::nullopt}});
  expected_.erase("k0");
  const Offset tombstone = log_->log_end() - 1;
  const auto there = [&] {
    return std::ranges::any_of(read_all(), [&](const Seen& seen) { return seen.offset == tombstone && seen.key == "k0"; });
  };
  const auto next_round = [&] {
    for (int i = 0; i < 20; ++i) put({{"other", std::string(150, 'o')}});
    expected_["other"] = std::string(150, 'o');
    settle();
    clean();
    EXPECT_EQ(latest(), expected_);
  };
  next_round();
  EXPECT_TRUE(there());
  clock_.advance(std::chrono::seconds(59));
  next_round();
  EXPECT_TRUE(there());
  clock_.advance(std::chrono::seconds(2));
  next_round();
  EXPECT_FALSE(there());
}

TEST_F(LogCleanerTest, TheLastBatchOfAProducerKeepsItsHeader) {  // I16, I2
  create();
  put({{"a", std::string(100, '1')}}, {.producer_id = 5, .producer_epoch = 0, .base_sequence = 0});
  put({{"a", std::string(100, '2')}}, {.producer_id = 5, .producer_epoch = 0, .base_sequence = 1});
  for (int i = 0; i < 40; ++i) put({{"a", std::string(150, 'x')}});
  settle();
  clean();
  ASSERT_EQ(read_all().front().key, "a");
  EXPECT_GT(read_all().front().offset, Offset(10));

  // Nothing but the log is left to tell about the producer.
  for (const std::string& name : files()) {
    if (name.ends_with(".producers")) { ASSERT_TRUE(disk_.remove(Path("/logs/t-0") / name)); }
  }
  ASSERT_TRUE(reopen_all());
  ASSERT_EQ(log_->producer_count(), 1U);
  EXPECT_EQ(log_->producers().front().last_sequence, 1);
  const auto check = [&](Sequence sequence) {
    return log_->check_producer(make_batch({.producer = 5, .producer_epoch = 0, .sequence = sequence}));
  };
  EXPECT_TRUE(check(1).duplicate);
  EXPECT_EQ(check(2).error, ErrorCode::kNone);
  EXPECT_EQ(check(3).error, ErrorCode::kOutOfOrderSequenceNumber);
}

TEST_F(LogCleanerTest, CompressedBatchesAreCompressedAgain) {
  create();
  for (const Compression codec : {Compression::kGzip, Compression::kSnappy, Compression::kLz4, Compression::kZstd}) churn(30, 8, codec);
  churn(30, 2);
  settle();
  clean();
  EXPECT_EQ(latest(), expected_);
  ASSERT_TRUE(reopen_all());
  EXPECT_EQ(latest(), expected_);
}

TEST_F(LogCleanerTest, MoreKeysThanTheMapHoldsTakeSeveralPasses) {
  options_.dedupe_buffer_bytes = 24 * 64;
  create();
  churn(400, 300);
  settle();
  clean();
  EXPECT_EQ(latest(), expected_);
  EXPECT_EQ(log_->compacted_to(), log_->segments().back().base_offset);
  clean();
  EXPECT_EQ(latest(), expected_);
}

TEST_F(LogCleanerTest, NothingIsRemovedAtOrAboveATransaction) {
  create();
  churn(20, 2);
  put({{"k0", "uncertain"}}, {.producer_id = 1, .producer_epoch = 0, .base_sequence = 0, .transactional = true});
  const Offset transaction = log_->log_end() - 1;
  churn(20, 2);
  settle();
  const auto before = read_all(transaction);
  clean();
  EXPECT_EQ(log_->compacted_to(), transaction);
  EXPECT_EQ(read_all(transaction), before);
  EXPECT_LT(read_all().size(), before.size() + 20);
  disk_.reset_counts();
  clean();  // and that is not tried again and again
  clean();
  EXPECT_LE(disk_.count(DiskOp::kRead), 8U);
  EXPECT_EQ(cleaner().report().passes, 2U) << "the second ended where it began";
  EXPECT_EQ(cleaner().report().uncleanable, 1U);
}

TEST_F(LogCleanerTest, ADamagedLogIsLeftAsItIs) {  // S8, S10
  create();
  churn(30);
  settle();
  disk_.flip_bits(segment_path(0), 300, 0x10);
  const Bytes before = disk_.contents(segment_path(0));
  clean();
  EXPECT_EQ(log_->compacted_to(), Offset(0));
  EXPECT_EQ(disk_.contents(segment_path(0)), before);
  EXPECT_EQ(files().count("00000000000000000000.log.cleaned"), 0U);
  EXPECT_FALSE(log_->failure());
}

TEST_F(LogCleanerTest, AFullDiskOnlyPostponesIt) {  // S12
  create();
  churn(60);
  settle();
  disk_.inject({.op = DiskOp::kWrite, .path_contains = ".cleaned", .times = 1, .sys_errno = 28});
  clean();
  EXPECT_EQ(log_->compacted_to(), Offset(0));
  EXPECT_FALSE(log_->failure());
  EXPECT_EQ(files().count("00000000000000000000.log.cleaned"), 0U);
  disk_.inject({.op = DiskOp::kRename, .path_contains = ".log.cleaned", .times = 1, .sys_errno = 28});
  clean();
  EXPECT_FALSE(log_->failure());
  EXPECT_EQ(latest(), expected_);
  clean();
  EXPECT_GT(log_->compacted_to(), Offset(0));
  EXPECT_EQ(latest(), expected_);
}

TEST_F(LogCleanerTest, ASwapDoesNotHoldUpASyncThatIsUnderWay) {
  create();
  churn(60);
  put({{"begins a segment, perhaps", "l"}});
  settle();
  put({{"late", "l"}});
  queue_->set_sync_delay(std::chrono::seconds(1));
  bool done = false;
  log_->request_sync([&](Result<> result) { done = result.has_value(); });
  executor_.run_until_idle();
  clean();
  EXPECT_GT(log_->compacted_to(), Offset(0));
  EXPECT_FALSE(done);
  executor_.advance(std::chrono::milliseconds(1'001));
  EXPECT_TRUE(done);
}

TEST_F(LogCleanerTest, ASliceOfASwappedSegmentKeepsItsBytes) {  // V22
  create();
  churn(60);
  settle();
  const auto slice = read(Offset(4), 1000);
  ASSERT_TRUE(slice);
  const Bytes before = bytes_of(slice->bytes);
  clean();
  executor_.advance(std::chrono::minutes(2));
  EXPECT_EQ(bytes_of(slice->bytes), before);
  EXPECT_NE(bytes_of(read(Offset(4), 1000)->bytes), before);
}

TEST_F(LogCleanerTest, TimestampsEpochsAndTruncationAreRightOverHoles) {
  create();
  std::map<std::int64_t, std::int64_t> offset_by_time;
  for (int i = 0; i < 40; ++i) {
    clock_.advance(std::chrono::seconds(1));
    churn(1, 4);
  }
  settle();
  clean();
  const auto all = read_all();
  for (std::int64_t ms = clock_.wall_ms() - 40'000; ms < clock_.wall_ms(); ms += 1'000) {
    const auto found = log_->offset_for_timestamp(ms);
    ASSERT_TRUE(found && *found);
    EXPECT_TRUE(std::ranges::any_of(all, [&](const Seen& seen) { return seen.offset == (*found)->offset; }));
    EXPECT_GE((*found)->timestamp_ms, ms);
  }
  EXPECT_EQ((*log_->max_timestamp())->timestamp_ms, clock_.wall_ms());
  ASSERT_TRUE(log_->truncate_to(Offset(33)));
  EXPECT_EQ(log_->log_end(), Offset(33));
  EXPECT_LE(log_->compacted_to(), Offset(33));
  ASSERT_TRUE(append());
  EXPECT_EQ(log_->log_end(), Offset(34));
  ASSERT_TRUE(sync());
  ASSERT_TRUE(reopen_all());
  EXPECT_EQ(log_->log_end(), Offset(34));
  EXPECT_TRUE(log_->recovery_report().damage.empty());
  EXPECT_EQ(read_all().back().offset, Offset(33));
}

TEST_F(LogCleanerTest, CompactedAndDeletedByTime) {  // V19: cleanup.policy=compact,delete
  config_.delete_old = true;
  config_.retention_ms = 600'000;
  create();
  churn(60);
  settle();
  clean();
  EXPECT_EQ(log_->apply_retention(log_->log_end()).value(), 0);
  clock_.advance(std::chrono::minutes(11));
  EXPECT_GT(log_->apply_retention(log_->log_end()).value(), 1);
  EXPECT_EQ(log_->log_start(), log_->log_end());
  churn(30);
  settle();
  clean();
  EXPECT_GT(log_->compacted_to(), log_->log_start());
}

TEST_F(LogCleanerTest, ARemovedLogIsNotWrittenToUnderItsOldName) {
  create();
  churn(60);
  settle();
  const auto work = log_->compactable(log_->log_end());
  ASSERT_TRUE(work && *work);
  {
    CompactionPass pass(log_, **work, {}, random_);
    ASSERT_TRUE(pass.step(1));
    ASSERT_TRUE(log_->remove());
    create();  // the name is another log's now
    Result<std::optional<PassResult>> outcome = std::optional<PassResult>();
    while (outcome && !*outcome) outcome = pass.step(1 << 20);
    EXPECT_EQ(outcome.error().code, Errc::kClosed);
  }
  for (const std::string& name : files()) EXPECT_FALSE(name.ends_with(".cleaned")) << name;
}

TEST_F(LogCleanerTest, ItTellsWhatItDid) {
  create();
  churn(60);
  settle();
  const std::int64_t made_ms = clock_.wall_ms();
  EXPECT_EQ(cleaner().report().looked_ms, made_ms);
  clock_.advance(std::chrono::seconds(5));
  clean();
  const CleanerReport once = cleaner().report();
  EXPECT_EQ(once.passes, 1U);
  EXPECT_EQ(once.looked_ms, made_ms + 5000);
  EXPECT_GT(once.bytes_written, 0U);
  EXPECT_GT(once.bytes_read, once.bytes_written);
  EXPECT_EQ(once.dirty_ratio_max, 0) << "nothing is left to do";
  EXPECT_EQ(once.uncleanable, 0U);
  EXPECT_EQ(once.failed_passes, 0U);
}

TEST_F(LogCleanerTest, InTheBackgroundItGoesInStepsAndIdleItReadsNothing) {
  options_.bytes_per_second_max = 10'000;
  options_.backoff_ms = 1'000;
  create();
  churn(120);
  settle();
  cleaner().start();
  executor_.advance(std::chrono::milliseconds(1'500));
  EXPECT_EQ(log_->compacted_to(), Offset(0));  // it may move 10 kB a second
  executor_.advance(std::chrono::minutes(2));
  EXPECT_EQ(log_->compacted_to(), log_->segments().back().base_offset);
  EXPECT_EQ(latest(), expected_);
  disk_.reset_counts();
  executor_.advance(std::chrono::minutes(10));
  EXPECT_EQ(disk_.count(DiskOp::kRead), 0U);
  EXPECT_EQ(disk_.count(DiskOp::kOpen), 0U);
  const auto checkpoint = read_offset_checkpoint(disk_, Path("/logs") / LogDirectory::kCompactedFile);
  ASSERT_TRUE(checkpoint);
  EXPECT_EQ(checkpoint->at("t-0"), log_->compacted_to());
}

// The power goes, or the process is killed, at any operation of a compaction.
class LogCleanerCrashTest : public LogCleanerTest, public ::testing::WithParamInterface<int> {};

TEST_P(LogCleanerCrashTest, ACrashAtAnyStepLosesNothingAndDoublesNothing) {  // S3, S23
  random_ = SimRandom(static_cast<std::uint64_t>(GetParam()));
  create();
  churn(30);
  settle();
  constexpr DiskOp kOps[] = {DiskOp::kWrite,         DiskOp::kSync, DiskOp::kRename, DiskOp::kRename,
                             DiskOp::kSyncDirectory, DiskOp::kOpen, DiskOp::kRead};
  int interrupted = 0;
  for (int round = 0; round < 25; ++round) {
    churn(12);
    if (random_.chance(0.2)) {
      put({{"k1", std::nullopt}});
      expected_.erase("k1");
    }
    settle();
    const auto before = read_all();
    const Offset end = log_->log_end();
    // Operations fail from a random one on: as if the machine had stopped there.
    disk_.inject(
        {.op = kOps[random_.below(std::size(kOps))], .skip = static_cast<int>(random_.below(round % 2 == 0 ? 12 : 60)), .times = -1});
    clean();
    interrupted += log_->compacted_to() < log_->segments().back().base_offset ? 1 : 0;
    disk_.clear_faults();
    stop_cleaner();
    if (random_.chance(0.3)) {
      kill();
    } else {
      power_cut(PowerCut::kRandom);
    }
    ASSERT_TRUE(reopen_all());
    EXPECT_EQ(log_->log_end(), end);
    EXPECT_TRUE(log_->recovery_report().damage.empty());
    const auto after = read_all();
    for (const Seen& seen : after) ASSERT_NE(std::ranges::find(before, seen), before.end()) << seen.offset.value();
    ASSERT_EQ(latest(), expected_) << "round " << round;
    for (const std::string& name : files()) {
      EXPECT_FALSE(name.ends_with(".swap") || name.ends_with(".cleaned") || name.ends_with(".deleted")) << name;
    }
    clock_.advance(std::chrono::seconds(random_.below(90)));
  }
  EXPECT_GT(interrupted, 3);
  clean();
  EXPECT_EQ(latest(), expected_);
}

INSTANTIATE_TEST_SUITE_P(Seeds, LogCleanerCrashTest, ::testing::Range(1, 41));

}  // namespace
}  // namespace barnabas::storage
