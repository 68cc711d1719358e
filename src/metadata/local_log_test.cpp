// What only a file can suffer: damage, a full disk, a failing sync. (The contract is in metadata_log_contract_test.cpp.)
#include "metadata/local_log.h"

#include <algorithm>

#include "metadata/contract_fixture_test.h"
#include "metadata/local_format.h"
#include "metadata/local_store.h"

namespace barnabas::metadata::testing {
namespace {

class LocalLogTest : public ::testing::Test {
 protected:
  LocalLogTest() { start(); }
  ~LocalLogTest() override { node_.reset(); }

  void start() { node_ = std::make_unique<Node>(engine_, options_); }
  void kill() {
    node_.reset();
    engine_.kill();
  }
  Path log_file(std::int64_t base = 0) const { return engine_.directory() / local::log_name(MetadataOffset(base)); }
  std::vector<std::string> files() {
    std::vector<std::string> names;
    for (const auto& entry : *engine_.disk.list(engine_.directory())) names.push_back(entry.name);
    return names;
  }
  // Where each frame begins, from the bytes.
  std::vector<std::size_t> frames(const Bytes& file) {
    std::vector<std::size_t> found;
    const std::size_t header = 36 + options_.cluster_id.size();
    for (std::size_t at = header; at + local::kFrameFixedBytes <= file.size();) {
      found.push_back(at);
      at += local::kFrameHeadBytes + load_be<std::uint32_t>(file.data() + at + 8);
    }
    return found;
  }

  EngineOptions options_;
  LocalEngine engine_;
  std::unique_ptr<Node> node_;
};

// 20: never silently shorter than acknowledged.
TEST_F(LocalLogTest, EveryFlippedBitOfAnAcknowledgedBatchRefusesTheStart) {
  for (int i = 0; i < 4; ++i) node_->append("batch " + std::to_string(i));
  kill();
  const Bytes good = engine_.disk.contents(log_file());
  const std::size_t end = frames(good).back();  // the seal
  ASSERT_EQ(frames(good).size(), 6U);           // epoch, four batches, seal
  for (std::size_t at = 0; at < end; ++at) {
    engine_.disk.overwrite(log_file(), good);
    engine_.disk.flip_bits(log_file(), at, 0x10);
    start();
    ASSERT_FALSE(node_->heard.fatal.empty()) << "byte " << at;
    ASSERT_FALSE(node_->heard.leading.has_value());
    kill();
    ASSERT_EQ(engine_.disk.contents(log_file()).size(), good.size()) << "a refused file was changed";
  }
}

TEST_F(LocalLogTest, ADamagedSealCostsNothing) {
  node_->append("a");
  kill();
  const Bytes good = engine_.disk.contents(log_file());
  engine_.disk.flip_bits(log_file(), good.size() - 1, 1);
  start();
  EXPECT_EQ(node_->heard.end(), MetadataOffset(1));
}

TEST_F(LocalLogTest, ABatchThatACrashToreIsCutAndItsOffsetsAreUsedAgain) {
  node_->append("whole");
  node_->ask({record("torn"), record("torn too")});
  while (engine_.disk.contents(log_file()).size() == 0) engine_.step();
  engine_.step();  // written, not synced
  node_.reset();
  engine_.kill();
  Bytes torn = engine_.disk.contents(log_file());
  const std::size_t last = frames(torn).back();
  torn.resize(last + 20);
  engine_.disk.overwrite(log_file(), torn);
  start();
  ASSERT_TRUE(node_->heard.fatal.empty()) << node_->heard.fatal;
  EXPECT_EQ(node_->heard.end(), MetadataOffset(1));
  EXPECT_EQ(node_->append("again").base, MetadataOffset(1));
  kill();
  start();
  EXPECT_EQ(node_->heard.records(), (std::vector<Bytes>{record("whole"), record("again")}));
}

TEST_F(LocalLogTest, ARecordThatLooksLikeAFrameIsNotTakenForOne) {
  Bytes frame;
  local::append_batch_frame(frame, /*salt=*/123, /*durable=*/1u << 20, Batch{MetadataOffset(0), ControllerEpoch(1), {record("false")}});
  node_->append({frame, frame});
  node_->append("b");
  kill();
  start();
  EXPECT_EQ(node_->heard.end(), MetadataOffset(3));
}

// 19
TEST_F(LocalLogTest, ADamagedSnapshotRefusesTheStart) {
  options_.snapshot_after_bytes = 1000;
  kill();
  start();
  for (int i = 0; i < 100; ++i) node_->append("number " + std::to_string(i));
  kill();
  std::string snapshot;
  for (const std::string& name : files())
    if (local::parse_snapshot_name(name)) snapshot = name;
  ASSERT_FALSE(snapshot.empty());
  const Path path = engine_.directory() / snapshot;
  const Bytes good = engine_.disk.contents(path);
  for (std::size_t at = 0; at < good.size(); at += 5) {
    engine_.disk.overwrite(path, good);
    engine_.disk.flip_bits(path, at, 0x04);
    start();
    ASSERT_FALSE(node_->heard.fatal.empty()) << "byte " << at;
    ASSERT_TRUE(node_->heard.state.empty());
    kill();
  }
}

TEST_F(LocalLogTest, AMissingLogRefusesTheStart) {
  options_.snapshot_after_bytes = 1000;
  kill();
  start();
  for (int i = 0; i < 100; ++i) node_->append("number " + std::to_string(i));
  kill();
  for (const std::string& name : files())
    if (local::parse_log_name(name)) ASSERT_TRUE(engine_.disk.remove(engine_.directory() / name));
  start();
  EXPECT_NE(node_->heard.fatal.find("missing"), std::string::npos) << node_->heard.fatal;
}

TEST_F(LocalLogTest, SnapshotsKeepTheFolderSmall) {
  options_.snapshot_after_bytes = 2000;
  kill();
  start();
  for (int i = 0; i < 300; ++i) {
    node_->append("number " + std::to_string(i));
    ASSERT_LE(files().size(), 5U);  // perhaps a lock, two logs, two snapshots
  }
  kill();
  start();
  EXPECT_EQ(node_->heard.end(), MetadataOffset(300));
  const auto names = files();
  EXPECT_EQ(std::ranges::count_if(names, [](const std::string& name) { return local::parse_log_name(name).has_value(); }), 1);
  EXPECT_EQ(std::ranges::count_if(names, [](const std::string& name) { return local::parse_snapshot_name(name).has_value(); }), 1);
}

// 17, 18: every moment of changing over to a new file.
TEST_F(LocalLogTest, APowerCutAtAnyMomentOfASnapshotLosesNothing) {
  options_.snapshot_after_bytes = 1500;
  SimRandom chance(3);
  std::int64_t acknowledged = 0;
  for (int round = 0; round < 120; ++round) {
    node_.reset();
    engine_.power_cut(static_cast<std::uint64_t>(round) * 77 + 1);
    start();
    ASSERT_TRUE(node_->heard.fatal.empty()) << node_->heard.fatal;
    ASSERT_GE(node_->heard.end().value(), acknowledged);
    const auto total = chance.below(40);
    for (std::uint64_t i = 0; i < total; ++i) {
      node_->ask({record("round " + std::to_string(round) + " number " + std::to_string(i))});
      for (auto steps = chance.below(4); steps > 0; --steps) engine_.step();
    }
    for (const auto& answer : node_->answers) acknowledged = std::max(acknowledged, answer.result.end.value());
  }
  EXPECT_GT(acknowledged, 300);
}

// 21
TEST_F(LocalLogTest, AFullDiskRefusesAppendsAndTheNodeLeadsOn) {
  node_->append("before");
  engine_.disk.set_capacity(engine_.disk.contents(log_file()).size() + 100);
  EXPECT_EQ(node_->append({Bytes(5000)}).status, AppendStatus::kNoSpace);
  node_->ask({Bytes(5000)});
  node_->ask({record("expects the one before")}, MetadataOffset(2));
  engine_.settle();
  EXPECT_EQ(node_->answers.back().result.status, AppendStatus::kFenced);  // what it expected is not there
  EXPECT_TRUE(node_->heard.leading.has_value());
  engine_.disk.set_capacity(std::nullopt);
  EXPECT_EQ(node_->append("after").base, MetadataOffset(1));
  kill();
  start();
  EXPECT_EQ(node_->heard.records(), (std::vector<Bytes>{record("before"), record("after")}));
}

TEST_F(LocalLogTest, AFullDiskPutsASnapshotOff) {
  options_.snapshot_after_bytes = 1000;
  kill();
  start();
  engine_.disk.inject({.op = DiskOp::kWrite, .path_contains = ".tmp", .times = 2, .sys_errno = 28});
  for (int i = 0; i < 200; ++i) ASSERT_EQ(node_->append("number " + std::to_string(i)).status, AppendStatus::kOk);
  EXPECT_GT(node_->log().health().snapshot_end, MetadataOffset(0));
  kill();
  start();
  EXPECT_EQ(node_->heard.end(), MetadataOffset(200));
}

TEST_F(LocalLogTest, AFailedSyncIsFatalAndWhatWasInFlightIsUnknown) {
  node_->append("a");
  engine_.disk.inject({.op = DiskOp::kSync, .path_contains = "metadata-"});
  node_->ask({record("b")});
  node_->ask({record("c")});
  engine_.settle();
  EXPECT_EQ(node_->answers[1].result.status, AppendStatus::kUnknown);
  EXPECT_EQ(node_->answers[2].result.status, AppendStatus::kUnknown);
  EXPECT_NE(node_->heard.fatal.find("sync"), std::string::npos);
  EXPECT_EQ(node_->heard.end(), MetadataOffset(1));
  EXPECT_FALSE(node_->heard.leading.has_value());
  EXPECT_EQ(node_->append("d").status, AppendStatus::kClosed);
}

// 24: with one node, the quorum is its disk.
TEST_F(LocalLogTest, WhileASyncHangsNothingIsAnswered) {
  engine_.queue().hang(true);
  node_->ask({record("a")});
  engine_.settle();
  EXPECT_TRUE(node_->answers.empty());
  EXPECT_EQ(node_->heard.end(), MetadataOffset(0));
}

TEST_F(LocalLogTest, ManyAppendsShareOneSync) {
  engine_.disk.reset_counts();
  for (int i = 0; i < 1000; ++i) node_->ask({record("x")});
  engine_.settle();
  EXPECT_EQ(node_->answers.size(), 1000U);
  EXPECT_LE(engine_.disk.count(DiskOp::kSync), 3U);
}

TEST_F(LocalLogTest, TheClusterIdCanBeReadFromAFolderAtRest) {
  EXPECT_EQ(*local::stored_cluster_id(engine_.disk, engine_.directory()), "cluster-of-the-test");
  EXPECT_EQ(*local::stored_cluster_id(engine_.disk, "/data/nothing"), std::nullopt);
}

TEST_F(LocalLogTest, AFileOfANewerFormatIsRefusedByName) {
  node_->append("a");
  kill();
  engine_.disk.flip_bits(log_file(), 9, 0x02);  // version 1 becomes 3
  start();
  EXPECT_NE(node_->heard.fatal.find("version 3"), std::string::npos) << node_->heard.fatal;
}

}  // namespace
}  // namespace barnabas::metadata::testing
