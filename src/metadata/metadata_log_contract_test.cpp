// What every engine of the metadata log keeps. The numbers are those of the contract, one test each where it can be.
#include <algorithm>

#include "metadata/contract_fixture_test.h"

namespace barnabas::metadata::testing {
namespace {

class MetadataLogContract : public ::testing::TestWithParam<const char*> {
 protected:
  MetadataLogContract() {
    if (std::string_view(GetParam()) == "memory") {
      engine_ = std::make_unique<MemoryEngine>();
    } else {
      engine_ = std::make_unique<LocalEngine>();
    }
    start();
  }
  ~MetadataLogContract() override { node_.reset(); }

  void start() { node_ = std::make_unique<Node>(*engine_, options_); }
  void restart() {
    node_->close();
    node_.reset();
    start();
  }
  void kill_and_restart() {
    node_.reset();
    engine_->kill();
    start();
  }

  EngineOptions options_;
  std::unique_ptr<Engine> engine_;
  std::unique_ptr<Node> node_;
};

TEST_P(MetadataLogContract, C01_AnEmptyLogElectsItsNodeAndStartsAtZero) {
  EXPECT_GE(node_->epoch().value(), 1);
  EXPECT_EQ(node_->heard.events, (std::vector<std::string>{"caught up", "leader", "elected"}));
  const AppendResult first = node_->append("a");
  EXPECT_EQ(first.status, AppendStatus::kOk);
  EXPECT_EQ(first.base, MetadataOffset(0));
  EXPECT_EQ(first.end, MetadataOffset(1));
}

TEST_P(MetadataLogContract, C02_EpochsGrowOverRestartsAndKills) {
  ControllerEpoch last = node_->epoch();
  for (int i = 0; i < 5; ++i) {
    i % 2 == 0 ? restart() : kill_and_restart();
    EXPECT_GT(node_->epoch(), last);
    last = node_->epoch();
    if (i == 3) node_->append("between");
  }
}

TEST_P(MetadataLogContract, C03_TenThousandAppendsComeBackTheSame) {
  for (int i = 0; i < 10'000; ++i) node_->ask({record(std::to_string(i))});
  engine_->settle();
  ASSERT_EQ(node_->answers.size(), 10'000U);
  for (const auto& answer : node_->answers) ASSERT_EQ(answer.result.status, AppendStatus::kOk);
  const auto before = node_->heard.batches;
  restart();
  ASSERT_EQ(node_->heard.batches.size(), before.size());
  for (std::size_t i = 0; i < before.size(); ++i) {
    ASSERT_EQ(node_->heard.batches[i].base, before[i].base);
    ASSERT_EQ(node_->heard.batches[i].epoch, before[i].epoch);
    ASSERT_EQ(node_->heard.batches[i].records, before[i].records);
  }
}

TEST_P(MetadataLogContract, C04_AnswersComeInOrderAndAfterTheBatchWasDelivered) {
  for (int i = 0; i < 200; ++i) {
    if (i % 7 == 3) {
      node_->ask_as(ControllerEpoch(99), {record("stale")});  // refused, and yet in its turn
    } else {
      node_->ask({record("x"), record("y")});
    }
  }
  EXPECT_TRUE(node_->answers.empty()) << "answered inside append";
  engine_->settle();
  ASSERT_EQ(node_->answers.size(), 200U);
  for (std::size_t i = 0; i < 200; ++i) {
    EXPECT_EQ(node_->answers[i].question, i);
    if (node_->answers[i].result.status == AppendStatus::kOk) { EXPECT_EQ(node_->answers[i].delivered, node_->answers[i].result.end); }
  }
}

// 5 and 6: a batch is there or not, whole; one that was answered kOk is there.
TEST_P(MetadataLogContract, C05_C06_KillsAndPowerCutsAtRandomPointsTakeNoAnsweredBatch) {
  SimRandom chance(20);
  std::vector<Bytes> known;  // what the last start found: it can never change again
  for (int round = 0; round < 150; ++round) {
    ASSERT_TRUE(node_->heard.fatal.empty()) << node_->heard.fatal;
    const auto appends = chance.below(30);
    for (std::uint64_t i = 0; i < appends; ++i) {
      std::vector<Bytes> batch;
      for (std::uint64_t n = 1 + chance.below(4); n > 0; --n)
        batch.push_back(record("round " + std::to_string(round) + std::string(chance.below(900), 'x')));
      node_->ask(std::move(batch));
      for (auto steps = chance.below(3); steps > 0; --steps) engine_->step();
    }
    for (auto steps = chance.below(4); steps > 0; --steps) engine_->step();
    MetadataOffset acknowledged(0);
    for (const auto& answer : node_->answers) acknowledged = std::max(acknowledged, answer.result.end);
    const auto delivered = node_->heard.records();
    node_.reset();
    if (chance.chance(0.3)) {
      engine_->kill();
    } else {
      engine_->power_cut(static_cast<std::uint64_t>(round));
    }
    start();
    ASSERT_TRUE(node_->heard.fatal.empty()) << node_->heard.fatal;
    const auto found = node_->heard.records();
    ASSERT_GE(found.size(), known.size());
    ASSERT_GE(std::int64_t(found.size()), acknowledged.value());
    ASSERT_GE(found.size(), delivered.size()) << "what a listener heard was taken back";
    ASSERT_TRUE(std::equal(delivered.begin(), delivered.end(), found.begin()));
    known = found;
  }
  EXPECT_GT(known.size(), 500U);
}

TEST_P(MetadataLogContract, C08_AnotherEpochIsFencedAndAppendsNothing) {
  node_->append("a");
  const ControllerEpoch old = node_->epoch();
  restart();
  node_->ask_as(old, {record("late")});
  engine_->settle();
  EXPECT_EQ(node_->answers.back().result.status, AppendStatus::kFenced);
  EXPECT_EQ(node_->heard.end(), MetadataOffset(1));
}

TEST_P(MetadataLogContract, C11_EverythingOlderIsDeliveredBeforeTheElection) {
  for (int i = 0; i < 5; ++i) node_->append("x");
  restart();
  const auto& events = node_->heard.events;
  ASSERT_EQ(events.back(), "elected");
  EXPECT_EQ(std::ranges::count(events, "batch"), 5);
  EXPECT_LT(std::ranges::find(events, "caught up"), std::ranges::find(events, "elected"));
}

TEST_P(MetadataLogContract, C12_OfTwoAppendsThatExpectTheSameEndOneWins) {
  node_->append("a");
  node_->ask({record("first"), record("and more")}, MetadataOffset(1));
  node_->ask({record("second")}, MetadataOffset(1));
  node_->ask({record("third")}, MetadataOffset(3));
  engine_->settle();
  EXPECT_EQ(node_->answers[1].result.status, AppendStatus::kOk);
  EXPECT_EQ(node_->answers[2].result.status, AppendStatus::kFenced);
  EXPECT_EQ(node_->answers[3].result.status, AppendStatus::kOk);
  EXPECT_EQ(node_->heard.end(), MetadataOffset(4));
}

TEST_P(MetadataLogContract, C13_RecordsOfEverySizeComeBackByteForByte) {
  const std::size_t limit = options_.max_batch_bytes;
  std::vector<Bytes> sent;
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{7}, std::size_t{8}, std::size_t{257}, limit}) {
    Bytes bytes(size);
    for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::byte>(i * 31 + size);
    ASSERT_EQ(node_->append({bytes}).status, AppendStatus::kOk) << size;
    sent.push_back(bytes);
  }
  EXPECT_EQ(node_->append({Bytes(limit + 1)}).status, AppendStatus::kTooLarge);
  EXPECT_EQ(node_->append({Bytes(limit), Bytes(1)}).status, AppendStatus::kTooLarge);
  kill_and_restart();
  EXPECT_EQ(node_->heard.records(), sent);
}

TEST_P(MetadataLogContract, C14_AThousandRecordsAreOneBatch) {
  const AppendResult result = node_->append(std::vector<Bytes>(1000, record("one of many")));
  EXPECT_EQ(result.end - result.base, 1000);
  restart();
  ASSERT_EQ(node_->heard.batches.size(), 1U);
  EXPECT_EQ(node_->heard.batches[0].records.size(), 1000U);
}

TEST_P(MetadataLogContract, C15_ABarrierSeesEveryAppendBeforeIt) {
  std::optional<MetadataOffset> seen;
  AppendStatus status = AppendStatus::kUnknown;
  for (int i = 0; i < 10; ++i) node_->ask({record("x")});
  node_->log().barrier(node_->epoch(), [&](AppendStatus answered, MetadataOffset end) {
    status = answered;
    seen = end;
    EXPECT_EQ(node_->heard.end(), end);
  });
  engine_->settle();
  EXPECT_EQ(status, AppendStatus::kOk);
  EXPECT_EQ(seen, MetadataOffset(10));
  node_->log().barrier(ControllerEpoch(77), [&](AppendStatus answered, MetadataOffset) { status = answered; });
  engine_->settle();
  EXPECT_EQ(status, AppendStatus::kFenced);
}

TEST_P(MetadataLogContract, WaitAppliedWaitsForTheRecord) {
  bool applied = false;
  node_->log().wait_applied(MetadataOffset(2), [&](AppendStatus status) { applied = status == AppendStatus::kOk; });
  node_->append("a");
  EXPECT_FALSE(applied);
  node_->append("b");
  EXPECT_TRUE(applied);
}

// 16 and 17
TEST_P(MetadataLogContract, C16_C17_AStartReadsASnapshotAndWhatFollowsWithoutGapOrRepetition) {
  options_.snapshot_after_bytes = 4096;
  restart();
  for (int i = 0; i < 1000; ++i) {
    node_->ask({record("number " + std::to_string(i))});
    if (i % 10 == 0) engine_->settle();
    if (i == 500) node_->heard.busy = true;
    if (i == 600) node_->heard.busy = false;
  }
  engine_->settle();
  EXPECT_GT(node_->heard.snapshots_taken, 1);
  EXPECT_GT(node_->log().health().log_start, MetadataOffset(0));
  const auto before = node_->heard.records();
  ASSERT_EQ(before.size(), 1000U);
  kill_and_restart();
  EXPECT_EQ(node_->heard.snapshots_loaded, 1);
  EXPECT_LT(node_->heard.batches.size(), 900U);
  EXPECT_EQ(node_->heard.records(), before);
  node_->append("and on");
  EXPECT_EQ(node_->heard.end(), MetadataOffset(1001));
}

TEST_P(MetadataLogContract, C22_ASecondProcessIsRefusedAndTheFirstGoesOn) {
  Node second(*engine_, options_);
  EXPECT_FALSE(second.heard.fatal.empty());
  EXPECT_FALSE(second.heard.leading.has_value());
  EXPECT_EQ(second.append("from outside").status, AppendStatus::kClosed);
  EXPECT_EQ(node_->append("from inside").status, AppendStatus::kOk);
}

TEST_P(MetadataLogContract, C22_AnotherClustersLogIsRefused) {
  node_->append("a");
  node_->close();
  node_.reset();
  options_.cluster_id = "another cluster";
  start();
  EXPECT_NE(node_->heard.fatal.find("cluster-of-the-test"), std::string::npos) << node_->heard.fatal;
}

TEST_P(MetadataLogContract, ANodeThatResignsRefusesAppendsAndLeadsAgainAfterARestart) {
  const ControllerEpoch epoch = node_->epoch();
  node_->ask({record("before")});
  node_->log().resign();
  node_->ask_as(epoch, {record("after")});
  engine_->settle();
  EXPECT_EQ(node_->answers[0].result.status, AppendStatus::kOk);
  EXPECT_EQ(node_->answers[1].result.status, AppendStatus::kNotController);
  EXPECT_EQ(std::ranges::count(node_->heard.events, "resigned"), 1);
  restart();
  EXPECT_GT(node_->epoch(), epoch);
}

// 26
TEST_P(MetadataLogContract, C26_EverybodyIsAnsweredOnceThoughTheLogGoesAway) {
  for (int stop = 0; stop < 8; ++stop) {
    for (int i = 0; i < 5; ++i) node_->ask({record("x")});
    for (int i = 0; i < stop; ++i) engine_->step();
    const auto events = node_->heard.events.size();
    node_->drop();
    const auto events_then = node_->heard.events.size();
    engine_->settle();
    EXPECT_EQ(events, events_then);
    EXPECT_EQ(node_->heard.events.size(), events) << "a callback after the destructor";
    ASSERT_EQ(node_->answers.size(), 5U);
    for (std::size_t i = 0; i < 5; ++i) EXPECT_EQ(node_->answers[i].question, i);
    node_.reset();
    start();
    ASSERT_TRUE(node_->heard.fatal.empty()) << node_->heard.fatal;
  }
}

TEST_P(MetadataLogContract, C26_AListenerMayAppendFromACallback) {
  int more = 3;
  node_->heard.during_batch = [&] {
    if (more-- > 0) node_->ask({record("from inside")});
  };
  node_->append("a");
  EXPECT_EQ(node_->heard.end(), MetadataOffset(4));
}

TEST_P(MetadataLogContract, AfterCloseEveryCallIsAnsweredClosed) {
  const ControllerEpoch epoch = node_->epoch();
  node_->close();
  node_->ask_as(epoch, {record("late")});
  AppendStatus barrier = AppendStatus::kOk, applied = AppendStatus::kOk;
  node_->log().barrier(epoch, [&](AppendStatus status, MetadataOffset) { barrier = status; });
  node_->log().wait_applied(MetadataOffset(9), [&](AppendStatus status) { applied = status; });
  engine_->settle();
  EXPECT_EQ(node_->answers.back().result.status, AppendStatus::kClosed);
  EXPECT_EQ(barrier, AppendStatus::kClosed);
  EXPECT_EQ(applied, AppendStatus::kClosed);
}

INSTANTIATE_TEST_SUITE_P(Engines, MetadataLogContract, ::testing::Values("memory", "local"),
                         [](const auto& engine) { return std::string(engine.param); });

}  // namespace
}  // namespace barnabas::metadata::testing
