#include "base/sim_disk.h"

#include <gtest/gtest.h>

#include <cerrno>

namespace barnabas {
namespace {

class SimDiskTest : public ::testing::Test {
 protected:
  std::unique_ptr<File> create(const Path& path) {
    auto file = disk_.open(path, OpenMode::kCreate);
    EXPECT_TRUE(file);
    return std::move(*file);
  }
  std::string text(const Path& path) { return std::string(as_text(disk_.contents(path))); }

  SimDisk disk_;
  SimRandom random_{7};
};

TEST_F(SimDiskTest, APowerCutTakesWhatWasNotSyncedAndNamesOfFoldersThatWereNot) {
  ASSERT_TRUE(disk_.make_directories("/d"));
  ASSERT_TRUE(disk_.sync_directory("/"));
  auto kept = create("/d/kept");
  ASSERT_TRUE(kept->write_at(0, as_bytes("one")));
  ASSERT_TRUE(kept->sync());
  ASSERT_TRUE(disk_.sync_directory("/d"));
  ASSERT_TRUE(kept->write_at(3, as_bytes("two")));
  auto nameless = create("/d/nameless");
  ASSERT_TRUE(nameless->write_at(0, as_bytes("x")));
  ASSERT_TRUE(nameless->sync());
  EXPECT_EQ(text("/d/kept"), "onetwo");

  disk_.power_cut(PowerCut::kLoseAll, random_);

  EXPECT_EQ(text("/d/kept"), "one");
  EXPECT_FALSE(disk_.exists("/d/nameless").value());
  EXPECT_EQ(kept->write_at(0, as_bytes("dead")).error().code, Errc::kClosed);
}

TEST_F(SimDiskTest, ARenameIsKeptOrLostAsAWhole) {
  ASSERT_TRUE(replace_file(disk_, "/f", as_bytes("old")));
  for (int i = 0; i < 50; ++i) {
    {
      auto next = create("/g");
      ASSERT_TRUE(next->write_at(0, as_bytes("new")));
      ASSERT_TRUE(next->sync());
    }
    ASSERT_TRUE(disk_.rename("/g", "/f"));
    disk_.power_cut(PowerCut::kRandom, random_);
    EXPECT_TRUE(text("/f") == "old" || text("/f") == "new");
  }
}

TEST_F(SimDiskTest, ARandomCutTearsButNeverTouchesWhatWasSynced) {
  bool torn = false;
  bool hole = false;
  for (int i = 0; i < 200; ++i) {
    auto file = create("/f" + std::to_string(i));
    ASSERT_TRUE(file->write_at(0, Bytes(700, std::byte{1})));
    ASSERT_TRUE(file->sync());
    ASSERT_TRUE(disk_.sync_directory("/"));
    ASSERT_TRUE(file->write_at(700, Bytes(3000, std::byte{2})));
    disk_.power_cut(PowerCut::kRandom, random_);
    const Bytes left = disk_.contents("/f" + std::to_string(i));
    ASSERT_GE(left.size(), 700U);
    for (std::size_t k = 0; k < 700; ++k) ASSERT_EQ(left[k], std::byte{1});
    torn |= left.size() > 700 && left.size() < 3700;
    for (std::size_t k = 701; k < left.size(); ++k) hole |= left[k] == std::byte{2} && left[k - 1] == std::byte{0};
  }
  EXPECT_TRUE(torn);
  EXPECT_TRUE(hole);
}

TEST_F(SimDiskTest, AFailedSyncLosesItsPagesAndTheNextOneLies) {  // fsyncgate, S14
  auto file = create("/f");
  ASSERT_TRUE(disk_.sync_directory("/"));
  ASSERT_TRUE(file->write_at(0, as_bytes("gone")));
  disk_.inject({.op = DiskOp::kSync});
  EXPECT_EQ(file->sync().error().code, Errc::kIo);
  EXPECT_TRUE(file->sync());
  EXPECT_EQ(text("/f"), "gone");
  disk_.power_cut(PowerCut::kKeepAll, random_);
  EXPECT_EQ(disk_.contents("/f"), Bytes(4));  // the size came through, the bytes did not
}

TEST_F(SimDiskTest, AFullDiskTakesAPrefix) {
  auto file = create("/f");
  disk_.set_capacity(10);
  EXPECT_EQ(file->write_at(0, Bytes(16)).error().code, Errc::kNoSpace);
  EXPECT_EQ(disk_.contents("/f").size(), 10U);
  disk_.set_capacity(std::nullopt);
  EXPECT_TRUE(file->write_at(0, Bytes(16)));
}

TEST_F(SimDiskTest, SyncsOfAQueueShareAndTakeTheirTime) {
  SimClock clock;
  SimExecutor executor(clock);
  SimDiskQueue queue(executor, clock);
  queue.set_sync_delay(std::chrono::milliseconds(5));
  std::shared_ptr<File> file = create("/f");
  int done = 0;
  for (int i = 0; i < 3; ++i) queue.sync(file, [&](Result<> result) { done += result ? 1 : 100; });
  executor.run_until_idle();
  EXPECT_EQ(done, 0);
  executor.advance(std::chrono::milliseconds(5));
  EXPECT_EQ(done, 3);
  EXPECT_EQ(disk_.count(DiskOp::kSync), 1U);

  queue.hang(true);
  queue.sync(file, [&](Result<>) { done = -1; });
  executor.advance(std::chrono::hours(1));
  EXPECT_EQ(done, 3);
}

TEST(SimExecutorTest, TimersRunAtTheirTimeInOrder) {
  SimClock clock;
  SimExecutor executor(clock);
  std::string order;
  executor.post_at(clock.mono() + std::chrono::seconds(2), [&] { order += 'c'; });
  const TimerId never = executor.post_at(clock.mono() + std::chrono::seconds(1), [&] { order += 'x'; });
  executor.post([&] { order += 'a'; });
  executor.post([&] { executor.post([&] { order += 'b'; }); });
  EXPECT_TRUE(executor.cancel(never));
  executor.advance(std::chrono::seconds(1));
  EXPECT_EQ(order, "ab");
  EXPECT_TRUE(executor.step());
  EXPECT_EQ(order, "abc");
  EXPECT_FALSE(executor.step());
}

}  // namespace
}  // namespace barnabas
