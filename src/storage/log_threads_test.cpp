// One log under several threads on a real disk. It proves little without a race detector, and a lot with one:
//   cmake --preset tsan -B build/tsan && ninja -C build/tsan unit_storage && build/tsan/unit_storage --gtest_filter='*Threads*'
#include <gtest/gtest.h>
#include <stdlib.h>

#include <atomic>
#include <future>

#include "base/posix_clock.h"
#include "base/posix_disk.h"
#include "base/posix_disk_queue.h"
#include "base/posix_thread_executor.h"
#include "model/record_batch_builder.h"
#include "storage/log.h"
#include "storage/log_cleaner.h"

namespace barnabas::storage {
namespace {

Bytes one_record(std::size_t value_bytes) {
  RecordBatchBuilder builder;
  const std::string value(value_bytes, 'v');
  builder.add({.timestamp_ms = 1000, .key = {}, .value = as_bytes(value), .headers = {}});
  return std::move(builder).build();
}

class LogThreadsTest : public ::testing::Test {
 protected:
  LogThreadsTest() {
    std::string name = ::testing::TempDir() + "log_threads_XXXXXX";
    EXPECT_NE(::mkdtemp(name.data()), nullptr);
    path_ = name;
  }
  ~LogThreadsTest() override { EXPECT_TRUE(disk_.remove_all(path_)); }

  // Whole batches with right checksums in the order of their offsets, whatever happens meanwhile.
  static void check(const ReadResult& result, Offset from) {
    const auto* slice = std::get_if<FileSlice>(&result.bytes);
    if (slice == nullptr) return;
    Bytes bytes(slice->length);
    ASSERT_EQ(slice->file->read_at(slice->position, bytes).value(), slice->length);
    for (ByteView rest = bytes; !rest.empty();) {
      const auto batch = RecordBatchView::open(rest);
      ASSERT_TRUE(batch && batch->crc_matches());
      ASSERT_EQ(batch->base_offset(), from);
      from = batch->next_offset();
      rest = rest.subspan(batch->size_bytes());
    }
    ASSERT_EQ(from, result.next_offset);
  }

  Path path_;
  PosixDisk disk_;
  PosixClock clock_;
  KernelRandom random_;
};

TEST_F(LogThreadsTest, AppendsReadsSyncsRetentionAndTruncationAtTheSameTime) {
  auto timers = std::make_unique<PosixThreadExecutor>("timers");
  auto queue = std::make_unique<PosixDiskQueue>("disk");
  LogDirectory directory({.disk = disk_, .queue = *queue, .clock = clock_, .executor = *timers, .random = random_}, path_);
  LogConfig config;
  config.segment_bytes = 20'000;
  config.index_interval_bytes = 500;
  config.retention_bytes = 100'000;
  config.file_delete_delay_ms = 1;
  auto log = Log::create(directory, "t", 0, Uuid::random(random_), config).value();
  constexpr int kAppends = 3000;
  std::atomic<bool> stop{false};
  std::atomic<int> acknowledged{0};
  std::promise<void> appended;
  std::promise<void> readers_done[2];
  std::promise<void> upkeep_done;
  {
    PosixThreadExecutor appender("appender");
    PosixThreadExecutor reader_one("reader");
    PosixThreadExecutor reader_two("reader");
    PosixThreadExecutor upkeep("upkeep");
    appender.post([&] {
      for (int i = 0; i < kAppends;) {
        Bytes batch = one_record(static_cast<std::size_t>(i % 500));
        const auto info = log->append(batch, LeaderEpoch(0));
        if (!info && info.error().code == Errc::kBusy) continue;
        EXPECT_TRUE(info);
        ++i;
        if (i % 7 == 0)
          log->request_sync([&](Result<> result) { acknowledged += result || result.error().code == Errc::kFenced ? 1 : 1'000'000; });
      }
      appended.set_value();
    });
    int index = 0;
    for (PosixThreadExecutor* reader : {&reader_one, &reader_two}) {
      reader->post([&, tail = index == 0, done = &readers_done[index]] {
        for (Offset from{0}; !stop;) {
          if (from < log->log_start() || from > log->log_end()) from = tail ? log->log_end() : log->log_start();
          const auto result =
              log->read({.offset = from, .max_bytes = 3000, .upper_bound = log->log_end(), .min_one = true, .mode = ReadMode::kMayWait});
          if (!result) continue;  // it was cut from under us
          check(*result, from);
          from = result->next_offset;
        }
        done->set_value();
      });
      ++index;
    }
    upkeep.post([&] {
      for (int i = 0; !stop; ++i) {
        EXPECT_TRUE(log->apply_retention(log->durable_end()));
        EXPECT_TRUE(log->maintain(true));
        EXPECT_TRUE(directory.save_recovery_points());
        (void)log->offset_for_timestamp(1000);
        if (i % 5 == 0 && log->log_end() > log->log_start() + 3) {
          const Result<> cut = log->truncate_to(log->log_end() - 2);
          EXPECT_TRUE(cut || cut.error().code == Errc::kOutOfRange);
        }
      }
      upkeep_done.set_value();
    });
    appended.get_future().wait();
    stop = true;
    for (auto& done : readers_done) done.get_future().wait();
    upkeep_done.get_future().wait();
  }
  const auto end = log->close();
  EXPECT_TRUE(end);
  timers.reset();  // it submits to the queue, so it goes first
  queue.reset();
  EXPECT_EQ(acknowledged, kAppends / 7);
  EXPECT_EQ(log->durable_end(), log->log_end());
  log.reset();
}

// V22: readers, lookups by time and appends while segments are swapped under them.
TEST_F(LogThreadsTest, CompactionUnderReaders) {
  auto timers = std::make_unique<PosixThreadExecutor>("timers");
  auto queue = std::make_unique<PosixDiskQueue>("disk");
  LogDirectory directory({.disk = disk_, .queue = *queue, .clock = clock_, .executor = *timers, .random = random_}, path_, 8);
  LogConfig config;
  config.segment_bytes = 20'000;
  config.index_interval_bytes = 500;
  config.compact = true;
  config.delete_old = false;
  config.min_cleanable_ratio = 0;
  config.file_delete_delay_ms = 1;
  auto log = Log::create(directory, "t", 0, Uuid::random(random_), config).value();
  constexpr int kKeys = 20;
  std::atomic<bool> stop{false};
  std::promise<void> readers_done[2];
  {
    PosixThreadExecutor readers[2] = {PosixThreadExecutor("reader"), PosixThreadExecutor("reader")};
    for (int i = 0; i < 2; ++i) {
      readers[i].post([&, done = &readers_done[i]] {
        for (Offset from{0}; !stop;) {
          const auto result =
              log->read({.offset = from, .max_bytes = 3000, .upper_bound = log->log_end(), .min_one = true, .mode = ReadMode::kMayWait});
          EXPECT_TRUE(result || result.error().code == Errc::kBusy) << result.error().message;
          if (!result) continue;
          const auto* slice = std::get_if<FileSlice>(&result->bytes);
          Bytes bytes(slice == nullptr ? 0 : slice->length);
          if (slice != nullptr) { EXPECT_EQ(slice->file->read_at(slice->position, bytes).value(), bytes.size()); }
          Offset at = from;
          for (ByteView rest = bytes; !rest.empty();) {
            const auto batch = RecordBatchView::open(rest);
            EXPECT_TRUE(batch && batch->crc_matches());
            if (!batch) break;
            EXPECT_GE(batch->next_offset(), at);
            at = batch->next_offset();
            rest = rest.subspan(batch->size_bytes());
          }
          const auto found = log->offset_for_timestamp(1000);
          EXPECT_TRUE(found || found.error().code == Errc::kBusy) << found.error().message;
          from = result->next_offset >= log->log_end() ? Offset(0) : result->next_offset;
        }
        done->set_value();
      });
    }
    LogCleaner cleaner({.clock = clock_, .executor = *timers, .random = random_, .logs = [&] { return std::vector{log}; }},
                       {.backoff_ms = 1}, {&directory});
    cleaner.set_bound([](const Log& of) { return of.log_end(); });
    cleaner.start();
    for (int i = 0; i < 2500; ++i) {
      RecordBatchBuilder builder;
      const std::string key = std::to_string(i % kKeys);
      const std::string value(static_cast<std::size_t>(i % 400), 'v');
      builder.add({.timestamp_ms = 1000 + i, .key = as_bytes(key), .value = as_bytes(value)});
      Bytes batch = std::move(builder).build();
      EXPECT_TRUE(log->append(batch, LeaderEpoch(0)));
      if (i % 50 == 0) log->request_sync([](Result<> result) { EXPECT_TRUE(result); });
    }
    std::promise<void> synced;
    log->request_sync([&](Result<>) { synced.set_value(); });
    synced.get_future().wait();
    while (log->compacted_to() < log->segments().back().base_offset) {}
    stop = true;
    for (auto& done : readers_done) done.get_future().wait();
    cleaner.stop();
    timers.reset();
    queue.reset();
  }
  EXPECT_FALSE(log->failure());
  EXPECT_EQ(log->log_end(), Offset(2500));
  EXPECT_LT(log->size_bytes(), 100'000U);
  EXPECT_TRUE(log->scrub().value().empty());
  log.reset();
}

}  // namespace
}  // namespace barnabas::storage
