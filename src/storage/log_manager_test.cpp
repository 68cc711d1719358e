#include "storage/log_manager.h"

#include "storage/kernel_ends.h"
#include "storage/log_test_support.h"

namespace barnabas::storage {
namespace {

class LogManagerTest : public ::testing::Test {
 protected:
  ~LogManagerTest() override {
    executor_.drop_everything();
    manager_.reset();
  }
  Result<> open(std::string cluster = "c1", BrokerId node = 1) {
    executor_.drop_everything();
    manager_.reset();
    auto opened = LogManager::open({.disk = disk_, .clock = clock_, .executor = executor_, .random = random_, .queues = {&queue_}},
                                   {.directories = {"/data"}, .cluster_id = std::move(cluster), .node_id = node});
    if (!opened) return std::unexpected(opened.error());
    manager_ = std::move(*opened);
    return {};
  }
  LoadReport load() {
    std::optional<LoadReport> report;
    manager_->load([](const std::string&) { return LogConfig{}; }, [&](LoadReport r) { report = std::move(r); });
    executor_.run_until_idle();
    EXPECT_TRUE(report);
    return *std::move(report);
  }
  TopicPartition partition(int index) { return {topic_, index}; }
  void produce(int index, int batches) {
    for (int i = 0; i < batches; ++i) {
      Bytes batch = make_batch({});
      ASSERT_TRUE(manager_->find(partition(index))->append(batch, LeaderEpoch(0)));
    }
  }
  void unsynced_log_with_its_end_noted(int batches) {
    ASSERT_TRUE(open());
    load();
    ASSERT_TRUE(manager_->create("t", partition(0), {}));
    produce(0, batches);
    manager_->maintain_now();  // index entries reach the file
    manager_->checkpoint_now();
  }
  void sync_all() {
    for (const auto& log : manager_->all()) log->request_sync([](Result<> result) { EXPECT_TRUE(result); });
    executor_.run_until_idle();
  }

  SimClock clock_;
  SimExecutor executor_{clock_};
  SimDisk disk_;
  SimDiskQueue queue_{executor_, clock_};
  SimRandom random_{1};
  TopicId topic_ = Uuid::parse("AAAAAAAAAAAAAAAAAAAAAQ").value();
  std::unique_ptr<LogManager> manager_;
};

TEST_F(LogManagerTest, AnotherBrokerOnTheDirectoryIsRefused) {  // PROC11
  ASSERT_TRUE(open());
  auto second = LogManager::open({.disk = disk_, .clock = clock_, .executor = executor_, .random = random_, .queues = {&queue_}},
                                 {.directories = {"/data"}, .cluster_id = "c1", .node_id = 1});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Errc::kBusy);
  EXPECT_TRUE(open());
}

TEST_F(LogManagerTest, TheDirectoryKnowsItsClusterAndNode) {
  ASSERT_TRUE(open(""));
  const std::string made = manager_->cluster_id();
  EXPECT_EQ(made.size(), 22U);
  const Uuid id = manager_->directory_ids().at(0);
  ASSERT_TRUE(open(""));
  EXPECT_EQ(manager_->cluster_id(), made);
  EXPECT_EQ(manager_->directory_ids().at(0), id);
  EXPECT_EQ(open("other").error().code, Errc::kInvalidArgument);
  EXPECT_EQ(open(made, 2).error().code, Errc::kInvalidArgument);
}

TEST_F(LogManagerTest, EverythingIsThereAfterACleanStopAKillAndAPowerCut) {  // S7
  ASSERT_TRUE(open());
  EXPECT_EQ(load().logs, 0U);
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(manager_->create("orders-eu", partition(i), {}));
  EXPECT_EQ(manager_->create("orders-eu", partition(3), {}).error().code, Errc::kAlreadyExists);
  for (int i = 0; i < 20; ++i) produce(i, i);
  sync_all();
  ASSERT_TRUE(manager_->close());

  ASSERT_TRUE(open());
  LoadReport report = load();
  EXPECT_EQ(report.logs, 20U);
  EXPECT_EQ(report.clean, 20U);
  EXPECT_EQ(report.scanned_bytes, 0U);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(manager_->find(partition(i))->log_end(), Offset(i));
  produce(7, 3);
  sync_all();
  manager_->checkpoint_now();

  disk_.kill();
  ASSERT_TRUE(open());
  report = load();
  EXPECT_EQ(report.logs, 20U);
  EXPECT_EQ(report.clean, 0U);               // the marker was used up
  EXPECT_LT(report.scanned_bytes, 50'000U);  // small logs have no index entry to begin at
  EXPECT_EQ(manager_->find(partition(7))->log_end(), Offset(10));

  disk_.power_cut(PowerCut::kLoseAll, random_);
  ASSERT_TRUE(open());
  EXPECT_EQ(load().logs, 20U);
  EXPECT_EQ(manager_->find(partition(7))->log_end(), Offset(10));
}

// The process is killed, the machine goes on: what the kernel has is neither read again nor waited for (decision 0095).
TEST_F(LogManagerTest, WhatTheKernelHasIsNotReadAgain) {
  ASSERT_TRUE(open());
  load();
  ASSERT_TRUE(manager_->create("t", partition(0), {}));
  produce(0, 10);
  sync_all();
  for (int i = 0; i < 4; ++i) {
    produce(0, 500);
    manager_->maintain_now();  // index entries reach the file
    manager_->checkpoint_now();
  }
  const std::uint64_t bytes = manager_->find(partition(0))->size_bytes();
  EXPECT_EQ(manager_->find(partition(0))->durable_end(), Offset(10));
  const auto syncs = disk_.count(DiskOp::kSync);
  produce(0, 1);

  disk_.kill();
  ASSERT_TRUE(open());
  LoadReport report = load();
  EXPECT_LT(report.scanned_bytes, bytes / 20);
  EXPECT_EQ(report.cut_bytes, 0U);
  EXPECT_LE(disk_.count(DiskOp::kSync), syncs + 3);  // names and checkpoints, no log
  EXPECT_EQ(manager_->find(partition(0))->log_end(), Offset(2011));
  EXPECT_EQ(manager_->find(partition(0))->durable_end(), Offset(10));

  // It is still owed to the disk, and goes there by age.
  clock_.advance(std::chrono::seconds(61));
  manager_->checkpoint_now();
  executor_.run_until_idle();
  EXPECT_EQ(manager_->find(partition(0))->durable_end(), Offset(2011));
}

TEST_F(LogManagerTest, WhatAnEarlierStartOfTheMachineHadIsReadAgain) {
  unsynced_log_with_its_end_noted(2000);
  const std::uint64_t bytes = manager_->find(partition(0))->size_bytes();

  disk_.power_cut(PowerCut::kKeepAll, random_);
  ASSERT_TRUE(open());
  EXPECT_GT(load().scanned_bytes, bytes / 2);
  EXPECT_EQ(manager_->find(partition(0))->durable_end(), Offset(2000));
}

TEST_F(LogManagerTest, AKernelEndBehindTheLogMeansNothing) {
  unsynced_log_with_its_end_noted(2000);
  ASSERT_TRUE(manager_->find(partition(0))->truncate_to(Offset(700)));
  disk_.kill();
  ASSERT_TRUE(open());
  const LoadReport report = load();
  EXPECT_TRUE(report.damage.empty());
  EXPECT_EQ(manager_->find(partition(0))->log_end(), Offset(700));
  produce(0, 1);
  EXPECT_EQ(manager_->find(partition(0))->log_end(), Offset(701));
}

// S1: the batch that the kill came into the middle of is cut, wherever reading began.
TEST_F(LogManagerTest, ATornTailBehindTheKernelEndIsCut) {
  unsynced_log_with_its_end_noted(2000);
  const Path file = "/data/t-0/00000000000000000000.log";
  Bytes torn = disk_.contents(file);
  torn.resize(torn.size() - 20);
  disk_.kill();
  disk_.overwrite(file, torn);
  ASSERT_TRUE(open());
  EXPECT_GT(load().cut_bytes, 0U);
  EXPECT_EQ(manager_->find(partition(0))->log_end(), Offset(1999));
}

TEST_F(LogManagerTest, TheKernelEndsAreAFileAsDocumented) {
  ASSERT_TRUE(disk_.make_directories("/data"));
  const OffsetsByLog ends{{"orders-eu-0", Offset(4096)}};
  ASSERT_TRUE(write_kernel_ends(disk_, "/data", ends));
  const Path file = "/data/kernel-ends";
  const Bytes bytes = disk_.contents(file);
  EXPECT_TRUE(as_text(bytes).starts_with("boot boot-0\n0\n1\norders-eu 0 4096\ncrc32c ")) << as_text(bytes);
  EXPECT_EQ(read_kernel_ends(disk_, "/data"), ends);
  for (std::size_t cut = 0; cut < bytes.size(); ++cut) {
    disk_.overwrite(file, ByteView(bytes).first(cut));
    EXPECT_TRUE(read_kernel_ends(disk_, "/data").empty()) << cut;
  }
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    disk_.overwrite(file, bytes);
    disk_.flip_bits(file, i, 1);
    EXPECT_TRUE(read_kernel_ends(disk_, "/data").empty()) << i;
  }
}

TEST_F(LogManagerTest, ADeletedTopicMadeAgainInheritsNothing) {
  ASSERT_TRUE(open());
  load();
  ASSERT_TRUE(manager_->create("t", partition(0), {}));
  produce(0, 5);
  sync_all();
  manager_->checkpoint_now();
  ASSERT_TRUE(manager_->remove(partition(0)));
  EXPECT_EQ(manager_->find(partition(0)), nullptr);
  ASSERT_TRUE(manager_->create("t", partition(0), {}));
  EXPECT_EQ(manager_->find(partition(0))->log_end(), Offset(0));
  produce(0, 1);
  sync_all();
  disk_.power_cut(PowerCut::kRandom, random_);
  ASSERT_TRUE(open());
  const LoadReport report = load();
  EXPECT_TRUE(report.failed.empty());
  EXPECT_TRUE(report.damage.empty());
  EXPECT_EQ(manager_->find(partition(0))->log_end(), Offset(1));
}

TEST_F(LogManagerTest, TheBackgroundFlushesCheckpointsAndRetains) {
  ASSERT_TRUE(open());
  load();
  LogConfig config;
  config.flush_ms = 500;
  config.retention_ms = 3'600'000;
  ASSERT_TRUE(manager_->create("t", partition(0), config));
  manager_->set_retention_bound([](const Log& log) { return log.log_end(); });
  manager_->start_background();
  produce(0, 4);
  executor_.advance(std::chrono::seconds(3));
  EXPECT_EQ(manager_->find(partition(0))->durable_end(), Offset(4));
  EXPECT_EQ(as_text(disk_.contents("/data/recovery-point-offset-checkpoint")), "0\n1\nt 0 4\n");
  // The wall clock leaps a year: nothing is deleted for that (S24).
  clock_.step_wall(365LL * 24 * 3'600'000);
  executor_.advance(std::chrono::seconds(300));
  EXPECT_EQ(manager_->find(partition(0))->log_start(), Offset(0));
}

TEST_F(LogManagerTest, ABrokenPartitionStaysOfflineAndKeepsItsCheckpointTheOthersAreServed) {
  ASSERT_TRUE(open());
  load();
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(manager_->create("t", partition(i), {}));
  for (int i = 0; i < 3; ++i) produce(i, 3);
  sync_all();
  ASSERT_TRUE(manager_->close());
  disk_.overwrite("/data/t-1/partition.metadata", as_bytes("?"));
  ASSERT_TRUE(open());
  const LoadReport report = load();
  EXPECT_EQ(report.logs, 2U);
  ASSERT_EQ(report.failed.size(), 1U);
  EXPECT_EQ(report.failed[0].folder, "t-1");
  manager_->checkpoint_now();
  EXPECT_NE(as_text(disk_.contents("/data/recovery-point-offset-checkpoint")).find("t 1 3\n"), std::string_view::npos);
}

TEST_F(LogManagerTest, ADamagedCleanShutdownFileMeansRecovery) {
  ASSERT_TRUE(open());
  load();
  ASSERT_TRUE(manager_->create("t", partition(0), {}));
  produce(0, 3);
  ASSERT_TRUE(manager_->close());
  disk_.flip_bits("/data/clean-shutdown", 6, 1);
  ASSERT_TRUE(open());
  const LoadReport report = load();
  EXPECT_EQ(report.clean, 0U);
  EXPECT_EQ(manager_->find(partition(0))->log_end(), Offset(3));
  EXPECT_FALSE(disk_.exists("/data/clean-shutdown").value());
}

}  // namespace
}  // namespace barnabas::storage
