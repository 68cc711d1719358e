#pragma once
// A log directory on a simulated disk, and a small language to fill its logs: for tests of this room.
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "base/sim_disk.h"
#include "model/record_batch_builder.h"
#include "model/record_reader.h"
#include "storage/log.h"
#include "storage/offset_checkpoint.h"

namespace barnabas::storage {

struct TestBatch {
  int records = 1;
  std::string value = "v";
  std::int64_t timestamp_ms = 1'000;
  ProducerId producer = kNoProducerId;
  ProducerEpoch producer_epoch = kNoProducerEpoch;
  Sequence sequence = kNoSequence;
  Offset base{0};
  LeaderEpoch epoch{0};
  bool transactional = false;
};

inline Bytes make_batch(const TestBatch& batch) {
  BatchOptions options;
  options.base_offset = batch.base;
  options.leader_epoch = batch.epoch;
  options.producer_id = batch.producer;
  options.producer_epoch = batch.producer_epoch;
  options.base_sequence = batch.sequence;
  options.transactional = batch.transactional;
  RecordBatchBuilder builder(options);
  for (int i = 0; i < batch.records; ++i) {
    const std::string key = "k" + std::to_string(i);
    NewRecord record;
    record.timestamp_ms = batch.timestamp_ms + i;
    record.key = as_bytes(key);
    record.value = as_bytes(batch.value);
    builder.add(record);
  }
  return std::move(builder).build();
}

class LogTest : public ::testing::Test {
 protected:
  LogTest() {
    EXPECT_TRUE(disk_.make_directories("/logs"));
    EXPECT_TRUE(disk_.sync_directory("/"));
    start_directory();
  }
  ~LogTest() override {
    log_.reset();
    executor_.drop_everything();
  }

  void start_directory() {
    directory_ = std::make_unique<LogDirectory>(
        LogDirectoryDeps{.disk = disk_, .queue = *queue_, .clock = clock_, .executor = executor_, .random = random_}, "/logs");
  }

  Log& create(Offset start = Offset(0)) {
    auto made = Log::create(*directory_, "t", 0, topic_id_, config_, start);
    EXPECT_TRUE(made) << made.error().message;
    log_ = *made;
    return *log_;
  }

  // As a broker does it at start: with what the checkpoints say.
  Result<> reopen(std::optional<CleanEnd> clean_end = std::nullopt) {
    stop();
    start_directory();
    RecoveryFacts facts;
    facts.clean_end = clean_end;
    const auto points = read_offset_checkpoint(disk_, Path("/logs") / LogDirectory::kRecoveryPointFile);
    if (points) facts.recovery_point = points->contains("t-0") ? points->at("t-0") : Offset(0);
    const auto starts = read_offset_checkpoint(disk_, Path("/logs") / LogDirectory::kLogStartFile);
    if (starts && starts->contains("t-0")) facts.log_start = starts->at("t-0");
    TRY(open_with(facts));
    return directory_->save_recovery_points();
  }
  Result<> open_with(const RecoveryFacts& facts) {
    if (log_ != nullptr) stop();
    if (directory_ == nullptr) start_directory();
    auto opened = Log::open(*directory_, "t-0", config_, facts);
    if (!opened) return std::unexpected(opened.error());
    log_ = *opened;
    return {};
  }
  void stop() {
    executor_.drop_everything();
    queue_ = std::make_unique<SimDiskQueue>(executor_, clock_);  // what waited in it may have held the log
    log_.reset();
    directory_.reset();
  }
  void power_cut(PowerCut kind) { disk_.power_cut(kind, random_); }
  void kill() { disk_.kill(); }

  Result<AppendInfo> append(const TestBatch& batch = {}) {
    Bytes bytes = make_batch(batch);
    return log_->append(bytes, batch.epoch);
  }
  void append_many(int batches, TestBatch batch = {}) {
    for (int i = 0; i < batches; ++i) ASSERT_TRUE(append(batch));
  }
  Result<> sync() {
    Result<> outcome = fail(Errc::kTimeout, "the sync never ended");
    log_->request_sync([&](Result<> result) { outcome = std::move(result); });
    executor_.run_until_idle();
    return outcome;
  }

  // Reads bytes of a slice, as a socket would.
  static Bytes bytes_of(const Slice& slice) {
    if (const auto* memory = std::get_if<MemorySlice>(&slice)) return Bytes(memory->bytes.begin(), memory->bytes.end());
    const auto& range = std::get<FileSlice>(slice);
    Bytes bytes(range.length);
    EXPECT_EQ(range.file->read_at(range.position, bytes).value(), range.length);
    return bytes;
  }
  Result<ReadResult> read(Offset from, std::uint32_t max_bytes = 1 << 20, std::optional<Offset> bound = std::nullopt) {
    return log_->read({.offset = from,
                       .max_bytes = max_bytes,
                       .upper_bound = bound.value_or(log_->log_end()),
                       .min_one = true,
                       .mode = ReadMode::kMayWait});
  }
  // Every whole batch from the offset on: base offsets, after checking checksums and order.
  std::vector<std::int64_t> bases_from(Offset from) {
    std::vector<std::int64_t> bases;
    while (from < log_->log_end()) {
      const auto result = read(from);
      EXPECT_TRUE(result) << result.error().message;
      if (!result || result->next_offset <= from) break;
      const Bytes all = bytes_of(result->bytes);
      ByteView rest = all;
      while (!rest.empty()) {
        const auto batch = RecordBatchView::open(rest);
        EXPECT_TRUE(batch && batch->crc_matches());
        if (!batch) return bases;
        bases.push_back(batch->base_offset().value());
        rest = rest.subspan(batch->size_bytes());
      }
      from = result->next_offset;
    }
    return bases;
  }
  Path segment_path(std::int64_t base, const char* extension = ".log") {
    return Path("/logs/t-0") / segment_file_name(Offset(base), extension);
  }

  SimClock clock_;
  SimExecutor executor_{clock_};
  SimDisk disk_;
  std::unique_ptr<SimDiskQueue> queue_ = std::make_unique<SimDiskQueue>(executor_, clock_);
  SimRandom random_{1};
  TopicId topic_id_ = Uuid::parse("AAAAAAAAAAAAAAAAAAAAAQ").value();
  LogConfig config_;
  std::unique_ptr<LogDirectory> directory_;
  std::shared_ptr<Log> log_;
};

}  // namespace barnabas::storage
