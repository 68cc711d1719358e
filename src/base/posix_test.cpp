#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <future>

#include "base/posix_clock.h"
#include "base/posix_disk.h"
#include "base/posix_disk_queue.h"
#include "base/posix_thread_executor.h"

namespace barnabas {
namespace {

class PosixDiskTest : public ::testing::Test {
 protected:
  PosixDiskTest() {
    std::string name = ::testing::TempDir() + "posix_disk_XXXXXX";
    EXPECT_NE(::mkdtemp(name.data()), nullptr);
    dir_ = name;
  }
  ~PosixDiskTest() override { EXPECT_TRUE(disk_.remove_all(dir_)); }

  PosixDisk disk_;
  Path dir_;
};

TEST_F(PosixDiskTest, WhatIsWrittenIsReadBackCachedOrNot) {
  auto file = disk_.open(dir_ / "a", OpenMode::kCreateNew);
  ASSERT_TRUE(file);
  ASSERT_TRUE((*file)->write_at(3, as_bytes("hello")));
  ASSERT_TRUE((*file)->sync());
  EXPECT_EQ((*file)->size().value(), 8U);

  Bytes out(16);
  EXPECT_EQ((*file)->read_at(3, out).value(), 5U);
  EXPECT_EQ(as_text(ByteView(out).first(5)), "hello");
  EXPECT_EQ((*file)->read_cached_at(4, out).value(), 4U);
  EXPECT_EQ((*file)->read_at(100, out).value(), 0U);
}

TEST_F(PosixDiskTest, FailuresSayWhatKindTheyAre) {
  EXPECT_EQ(disk_.open(dir_ / "missing", OpenMode::kRead).error().code, Errc::kNotFound);
  ASSERT_TRUE(disk_.open(dir_ / "a", OpenMode::kCreateNew));
  EXPECT_EQ(disk_.open(dir_ / "a", OpenMode::kCreateNew).error().code, Errc::kAlreadyExists);
  EXPECT_EQ(disk_.remove(dir_ / "missing").error().code, Errc::kNotFound);
  EXPECT_TRUE(disk_.remove_all(dir_ / "missing"));
}

TEST_F(PosixDiskTest, FoldersAreMadeListedRenamedAndRemoved) {
  ASSERT_TRUE(disk_.make_directories(dir_ / "x" / "y" / "z"));
  ASSERT_TRUE(disk_.make_directories(dir_ / "x" / "y"));
  ASSERT_TRUE(replace_file(disk_, dir_ / "x" / "f", as_bytes("1")));
  ASSERT_TRUE(replace_file(disk_, dir_ / "x" / "f", as_bytes("2")));
  const auto entries = disk_.list(dir_ / "x");
  ASSERT_TRUE(entries);
  ASSERT_EQ(entries->size(), 2U);
  EXPECT_EQ((*entries)[0].name, "f");
  EXPECT_TRUE((*entries)[1].is_directory);
  EXPECT_EQ(as_text(read_file(disk_, dir_ / "x" / "f", 10).value()), "2");
  EXPECT_FALSE(disk_.remove(dir_ / "x"));
  ASSERT_TRUE(disk_.rename(dir_ / "x", dir_ / "w"));
  ASSERT_TRUE(disk_.remove_all(dir_ / "w"));
  EXPECT_FALSE(disk_.exists(dir_ / "w").value());
  EXPECT_GT(disk_.free_bytes(dir_).value(), 0U);
}

// PROC11
TEST_F(PosixDiskTest, TheSecondToLockIsRefusedUntilTheFirstLetsGo) {
  auto first = disk_.lock(dir_ / ".lock");
  ASSERT_TRUE(first);
  EXPECT_EQ(disk_.lock(dir_ / ".lock").error().code, Errc::kBusy);
  first->reset();
  EXPECT_TRUE(disk_.lock(dir_ / ".lock"));
}

TEST_F(PosixDiskTest, ReservedRoomDoesNotShowInTheSizeAndIsGivenBack) {
  constexpr std::uintmax_t kRoom = 1 << 20;
  const auto room_of = [](const File& file) {
    struct stat status{};
    EXPECT_EQ(::fstat(file.descriptor(), &status), 0);
    return static_cast<std::uintmax_t>(status.st_blocks) * 512;
  };
  auto file = disk_.open(dir_ / "log", OpenMode::kCreateNew);
  ASSERT_TRUE(file);
  ASSERT_TRUE((*file)->write_at(0, as_bytes("abc")));
  const Result<> reserved = (*file)->reserve(kRoom);
  if (!reserved) {  // a file system that cannot: its users do without
    EXPECT_EQ(reserved.error().sys_errno, EOPNOTSUPP);
    return;
  }
  EXPECT_EQ(*(*file)->size(), 3U);
  EXPECT_GE(room_of(**file), kRoom);
  ASSERT_TRUE((*file)->truncate(3));
  EXPECT_LT(room_of(**file), kRoom);
}

// A file whose syncs wait for a gate and can be made to fail.
class GatedFile final : public File {
 public:
  Result<std::size_t> read_at(std::uint64_t, MutableBytes) const override { return 0; }
  Result<std::size_t> read_cached_at(std::uint64_t, MutableBytes) const override { return 0; }
  Result<> write_pieces_at(std::uint64_t, std::span<const ByteView>) override { return {}; }
  Result<> truncate(std::uint64_t) override { return {}; }
  Result<> reserve(std::uint64_t) override { return {}; }
  Result<std::uint64_t> size() const override { return 0; }
  Result<> sync() override {
    if (syncs.fetch_add(1) == 0) {
      started.set_value();
      gate.get_future().wait();
      return {};
    }
    return fail(Errc::kIo, "no");
  }
  std::atomic<int> syncs{0};
  std::promise<void> started;
  std::promise<void> gate;
};

TEST(PosixDiskQueueTest, SyncsThatMeetShareTheNextOneAndItsFailure) {
  auto file = std::make_shared<GatedFile>();
  std::atomic<int> good{0};
  std::atomic<int> failed{0};
  {
    PosixDiskQueue queue("test");
    const auto count = [&](Result<> result) { ++(result ? good : failed); };
    queue.sync(file, count);
    file->started.get_future().wait();
    for (int i = 0; i < 10; ++i) queue.sync(file, count);
    std::promise<void> ran;
    queue.run([&] { ran.set_value(); });  // another thread is free
    ran.get_future().wait();
    EXPECT_EQ(file->syncs, 1);
    file->gate.set_value();
  }
  EXPECT_EQ(file->syncs, 2);
  EXPECT_EQ(good, 1);
  EXPECT_EQ(failed, 10);
}

TEST(PosixThreadExecutorTest, TasksRunInOrderAndTimersWhenDue) {
  PosixClock clock;
  PosixThreadExecutor executor("test");
  std::promise<std::string> result;
  std::string order;
  executor.post([&] { order += 'a'; });
  executor.post([&] {
    EXPECT_TRUE(executor.is_current());
    order += 'b';
    const TimerId never = executor.post_at(clock.mono() + std::chrono::milliseconds(1), [&] { order += 'x'; });
    executor.post_at(clock.mono() + std::chrono::milliseconds(2), [&] {
      order += 'c';
      result.set_value(order);
    });
    EXPECT_TRUE(executor.cancel(never));
    EXPECT_FALSE(executor.cancel(never));
  });
  EXPECT_FALSE(executor.is_current());
  EXPECT_EQ(result.get_future().get(), "abc");
}

TEST(PosixClockTest, TimePassesAndChanceDiffers) {
  PosixClock clock;
  EXPECT_LE(clock.mono(), clock.mono());
  EXPECT_GT(clock.wall_ms(), 1'700'000'000'000);
  KernelRandom random;
  const std::uint64_t first = random.next();
  EXPECT_NE(first, random.next());
  Bytes large(5000);
  random.fill(large);
  EXPECT_NE(std::ranges::count(large, std::byte{0}), 5000);
}

}  // namespace
}  // namespace barnabas
