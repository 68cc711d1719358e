#include <algorithm>

#include "storage/log_test_support.h"

namespace barnabas::storage {
namespace {

class LogRecoveryTest : public LogTest {
 protected:
  // Twenty-four batches of one record in three segments, all synced and checkpointed.
  void fill() {
    config_.segment_bytes = 3500;
    config_.index_interval_bytes = 600;
    create();
    append_many(24, {.value = std::string(300, 'x'), .epoch = LeaderEpoch(2)});
    ASSERT_TRUE(sync());
    ASSERT_TRUE(directory_->save_recovery_points());
    ASSERT_EQ(log_->segments().size(), 3U);
    batch_bytes_ = log_->size_bytes() / 24;
    second_ = log_->segments()[1].base_offset.value();
    last_ = log_->segments()[2].base_offset.value();
  }
  std::uint64_t batch_bytes_ = 0;
  std::int64_t second_ = 0;
  std::int64_t last_ = 0;
};

TEST_F(LogRecoveryTest, ATornBatchIsCutAtEveryByteAndItsOffsetIsUsedAgain) {  // S1
  create();
  append_many(2);
  ASSERT_TRUE(sync());
  ASSERT_TRUE(directory_->save_recovery_points());
  ASSERT_TRUE(append({.records = 2}));
  const Bytes whole = disk_.contents(segment_path(0));
  const std::size_t two = whole.size() - make_batch({.records = 2}).size();
  for (std::size_t n = two; n < whole.size(); ++n) {
    disk_.overwrite(segment_path(0), ByteView(whole).first(n));
    ASSERT_TRUE(reopen());
    ASSERT_EQ(log_->log_end(), Offset(2));
    ASSERT_EQ(log_->recovery_report().cut_bytes, n - two);
    ASSERT_EQ(disk_.contents(segment_path(0)).size(), two);
  }
  EXPECT_EQ(append()->base_offset, Offset(2));
}

TEST_F(LogRecoveryTest, AHoleInWhatWasNotSyncedEndsTheLog) {  // S2
  create();
  append_many(2, {.value = std::string(600, 'x')});
  ASSERT_TRUE(sync());
  ASSERT_TRUE(directory_->save_recovery_points());
  append_many(3, {.value = std::string(600, 'x')});
  Bytes bytes = disk_.contents(segment_path(0));
  const std::size_t batch = bytes.size() / 5;
  std::fill_n(bytes.begin() + static_cast<std::ptrdiff_t>(2 * batch), batch, std::byte{0});
  disk_.overwrite(segment_path(0), bytes);
  ASSERT_TRUE(reopen());
  EXPECT_EQ(log_->log_end(), Offset(2));
  EXPECT_TRUE(log_->recovery_report().damage.empty());
}

TEST_F(LogRecoveryTest, AfterAKillOnlyWhatLiesAboveTheRecoveryPointIsRead) {
  fill();
  ASSERT_TRUE(log_->maintain(false));
  append_many(2, {.value = std::string(300, 'x'), .epoch = LeaderEpoch(2)});
  kill();
  ASSERT_TRUE(reopen());
  EXPECT_EQ(log_->log_end(), Offset(26));
  EXPECT_LT(log_->recovery_report().scanned_bytes, 4 * batch_bytes_ + 600);
  EXPECT_EQ(bases_from(Offset(0)).size(), 26U);
  EXPECT_EQ(log_->durable_end(), Offset(26));
}

TEST_F(LogRecoveryTest, ACleanShutdownScansNothingAndALyingMarkerIsNotBelieved) {  // S7
  fill();
  const auto clean = log_->close();
  ASSERT_TRUE(clean);
  ASSERT_TRUE(reopen(*clean));
  EXPECT_TRUE(log_->recovery_report().clean);
  EXPECT_EQ(log_->recovery_report().scanned_bytes, 0U);
  EXPECT_EQ(bases_from(Offset(0)).size(), 24U);

  disk_.flip_bits(segment_path(last_), log_->segments().back().bytes - 3, 1);
  ASSERT_TRUE(reopen(*clean));
  EXPECT_FALSE(log_->recovery_report().clean);
}

TEST_F(LogRecoveryTest, AMarkerOfALongerLogIsNotBelieved) {  // S7, S17
  fill();
  const auto clean = log_->close();
  ASSERT_TRUE(clean);
  Bytes shorter = disk_.contents(segment_path(last_));
  shorter.resize(shorter.size() - batch_bytes_);
  disk_.overwrite(segment_path(last_), shorter);
  ASSERT_TRUE(reopen(*clean));
  EXPECT_FALSE(log_->recovery_report().clean);
  EXPECT_EQ(log_->log_end(), Offset(23));
  ASSERT_EQ(log_->recovery_report().damage.size(), 1U);  // a disk that lied: said, not hidden
  EXPECT_EQ(log_->recovery_report().damage[0].to, Offset(24));
}

TEST_F(LogRecoveryTest, ABitFlipInTheMiddleIsIsolatedAndNothingBehindItIsCut) {  // S8, S9, S10, W2
  for (const bool point_known : {true, false}) {
    for (const std::uint64_t at : {batch_layout::kBaseOffset + 3, batch_layout::kLength + 1, batch_layout::kMagic,
                                   batch_layout::kLastOffsetDelta, std::size_t{200}}) {
      fill();
      // The third batch of the first (sealed) and of the active segment.
      disk_.flip_bits(segment_path(0), 2 * batch_bytes_ + at, 0x10);
      disk_.flip_bits(segment_path(last_), 2 * batch_bytes_ + at, 0x10);
      RecoveryFacts facts;
      if (point_known) facts.recovery_point = Offset(24);
      ASSERT_TRUE(open_with(facts));
      EXPECT_EQ(log_->log_end(), Offset(24));
      const auto damage = log_->scrub();
      ASSERT_TRUE(damage);
      ASSERT_EQ(damage->size(), 2U) << at;
      EXPECT_EQ((*damage)[0].from, Offset(2));
      EXPECT_EQ((*damage)[0].to, Offset(3));
      for (const std::int64_t bad : {std::int64_t{2}, last_ + 2}) {
        EXPECT_EQ(read(Offset(bad)).error().code, Errc::kCorrupt) << at;
        EXPECT_EQ(read(Offset(bad - 1))->next_offset, Offset(bad));         // up to the damage
        EXPECT_EQ(read(Offset(bad + 1), 1)->next_offset, Offset(bad + 2));  // and on behind it
      }
      EXPECT_EQ(append({.epoch = LeaderEpoch(2)})->base_offset, Offset(24));
      ASSERT_TRUE(log_->remove());
      stop();
      ASSERT_TRUE(disk_.remove_all("/logs"));
      ASSERT_TRUE(disk_.make_directories("/logs"));
      start_directory();
    }
  }
}

TEST_F(LogRecoveryTest, DamageAtTheVeryEndOfWhatWasSyncedDoesNotGiveItsOffsetsOutAgain) {  // S10, V22
  fill();
  disk_.flip_bits(segment_path(last_), log_->segments().back().bytes - 3, 1);
  ASSERT_TRUE(reopen());
  EXPECT_EQ(log_->log_end(), Offset(24));
  ASSERT_EQ(log_->recovery_report().damage.size(), 1U);
  EXPECT_EQ(log_->recovery_report().damage[0].from, Offset(23));
  EXPECT_EQ(read(Offset(23)).error().code, Errc::kCorrupt);
  EXPECT_EQ(append({.epoch = LeaderEpoch(2)})->base_offset, Offset(24));
  EXPECT_EQ(bases_from(Offset(24)), std::vector<std::int64_t>{24});
  ASSERT_TRUE(sync());
  ASSERT_TRUE(reopen());  // and once more
  EXPECT_EQ(log_->log_end(), Offset(25));
  EXPECT_EQ(bases_from(Offset(24)), std::vector<std::int64_t>{24});
}

TEST_F(LogRecoveryTest, IndexesAreMadeAgainWhateverHappenedToThem) {  // S5
  fill();
  const auto lookups = [&] {
    std::vector<std::int64_t> answers;
    for (int i = 0; i < 24; ++i) answers.push_back(read(Offset(i), 1)->next_offset.value());
    for (int i = 0; i < 3; ++i)
      answers.push_back(log_->offset_for_timestamp(1000 + i).value().value_or(TimestampedOffset{Offset(-1)}).offset.value());
    return answers;
  };
  const auto before = lookups();
  const Bytes other_index = disk_.contents(segment_path(0, ".index"));
  const Bytes other_times = disk_.contents(segment_path(0, ".timeindex"));
  ASSERT_FALSE(other_index.empty());
  SimRandom random(5);
  Bytes garbage(80);
  random.fill(garbage);
  Bytes reversed = other_index;
  std::ranges::reverse(reversed);
  const Bytes odd(7, std::byte{1});
  int kind = 0;
  for (const Bytes& replacement : {Bytes{}, garbage, reversed, other_index, odd, Bytes(800)}) {
    for (const char* extension : {".index", ".timeindex"}) {
      for (const std::int64_t base : {std::int64_t{0}, second_, last_}) {
        disk_.overwrite(segment_path(base, extension), extension == std::string(".timeindex") && kind == 3 ? other_times : replacement);
      }
      ASSERT_TRUE(reopen());
      EXPECT_EQ(lookups(), before) << kind << extension;
      EXPECT_EQ(log_->log_end(), Offset(24));
    }
    ++kind;
  }
  for (const std::int64_t base : {std::int64_t{0}, second_, last_}) {
    ASSERT_TRUE(disk_.remove(segment_path(base, ".index")) || true);
    ASSERT_TRUE(disk_.remove(segment_path(base, ".timeindex")) || true);
  }
  ASSERT_TRUE(reopen());
  EXPECT_EQ(lookups(), before);
}

TEST_F(LogRecoveryTest, EpochsAndCheckpointsThatAreLostGarbageOrAheadAreMadeAgain) {  // S6, E6
  fill();
  const Path epochs = "/logs/t-0/leader-epoch-checkpoint";
  ASSERT_TRUE(log_->maintain(false));
  const std::string good(as_text(disk_.contents(epochs)));
  EXPECT_EQ(good, "0\n1\n2 0\n");
  for (const std::string_view bad : {"", "garbage", "0\n2\n2 0\n", "0\n1\n2 0 7\n", "0\n2\n5 0\n4 10\n", "7\n0\n"}) {
    disk_.overwrite(epochs, as_bytes(bad));
    ASSERT_TRUE(reopen());
    EXPECT_EQ(log_->latest_epoch(), LeaderEpoch(2)) << bad;
    EXPECT_EQ(log_->epoch_of(Offset(3)), LeaderEpoch(2));
  }
  // It never runs ahead of the log.
  disk_.overwrite(epochs, as_bytes("0\n2\n2 0\n9 50\n"));
  ASSERT_TRUE(reopen());
  EXPECT_EQ(log_->latest_epoch(), LeaderEpoch(2));

  disk_.overwrite("/logs/recovery-point-offset-checkpoint", as_bytes("rubbish"));
  ASSERT_TRUE(reopen());
  EXPECT_EQ(bases_from(Offset(0)).size(), 24U);
  disk_.overwrite("/logs/recovery-point-offset-checkpoint", as_bytes("0\n1\nt 0 24\n"));
  disk_.overwrite("/logs/log-start-offset-checkpoint", as_bytes("0\n1\nt 0 90\n"));
  ASSERT_TRUE(reopen());
  EXPECT_LE(log_->log_start(), log_->log_end());
}

TEST_F(LogRecoveryTest, FilesOfNobodyAreNotServed) {  // S3
  fill();
  const Bytes index = disk_.contents(segment_path(0, ".index"));
  disk_.overwrite("/logs/t-0/00000000000000000999.index", index);
  disk_.overwrite("/logs/t-0/00000000000000000005.log.deleted", disk_.contents(segment_path(0)));
  disk_.overwrite("/logs/t-0/leader-epoch-checkpoint.tmp", as_bytes("half"));
  ASSERT_TRUE(reopen());
  EXPECT_EQ(bases_from(Offset(0)).size(), 24U);
  EXPECT_FALSE(disk_.exists("/logs/t-0/00000000000000000999.index").value());
  EXPECT_FALSE(disk_.exists("/logs/t-0/00000000000000000005.log.deleted").value());
  EXPECT_FALSE(disk_.exists("/logs/t-0/leader-epoch-checkpoint.tmp").value());
}

// Random lives: appends, syncs, rolls, cuts, retention, kills and power cuts. What was called durable is never lost,
// what is left is a prefix, and nothing in it is a hole. S1, S2, S3
TEST_F(LogRecoveryTest, WhateverHappensDurableEndNeverLies) {
  for (std::uint64_t seed = 1; seed <= 400; ++seed) {
    SCOPED_TRACE(seed);
    SimRandom chance(seed);
    stop();
    ASSERT_TRUE(disk_.remove_all("/logs"));
    ASSERT_TRUE(disk_.make_directories("/logs"));
    ASSERT_TRUE(disk_.sync_directory("/"));
    start_directory();
    ASSERT_TRUE(directory_->save_recovery_points());  // as the log manager does before it makes logs
    config_ = {};
    config_.segment_bytes = 1500 + static_cast<std::int64_t>(chance.below(6000));
    config_.index_interval_bytes = static_cast<std::int32_t>(200 + chance.below(1500));
    create();
    std::vector<Bytes> truth;  // batch k holds offset k
    Offset durable{0};
    bool existed = false;
    for (int step = 0; step < 60 && !HasFatalFailure(); ++step) {
      const std::uint64_t dice = chance.below(100);
      if (dice < 60) {
        Bytes batch = make_batch({.value = std::string(chance.below(900), static_cast<char>('a' + chance.below(26))),
                                  .producer = 5,
                                  .producer_epoch = 0,
                                  .sequence = static_cast<Sequence>(truth.size())});
        const auto info = log_->append(batch, log_->latest_epoch() < LeaderEpoch(0) ? LeaderEpoch(0) : log_->latest_epoch());
        ASSERT_TRUE(info) << info.error().message;
        ASSERT_EQ(info->base_offset.value(), static_cast<std::int64_t>(truth.size()));
        truth.push_back(std::move(batch));
      } else if (dice < 75) {
        ASSERT_TRUE(sync());
        existed = true;
        ASSERT_EQ(log_->durable_end(), log_->log_end());
      } else if (dice < 80) {
        ASSERT_TRUE(directory_->save_recovery_points());
        ASSERT_TRUE(log_->maintain(true));
      } else if (dice < 83) {
        const auto epoch = LeaderEpoch(log_->latest_epoch().value() + 1);
        log_->begin_epoch(epoch, [](Result<>) {});
        executor_.run_until_idle();
      } else if (dice < 87 && !truth.empty()) {
        const Offset to(static_cast<std::int64_t>(truth.size()) -
                        static_cast<std::int64_t>(chance.below(std::min<std::size_t>(truth.size(), 8))));
        if (to > log_->log_start()) {
          ASSERT_TRUE(log_->truncate_to(to));
          truth.resize(static_cast<std::size_t>(to.value()));
        }
      } else {
        durable = log_->durable_end();
        std::optional<CleanEnd> clean;
        if (chance.chance(0.2)) {
          clean = log_->close().value();
          durable = log_->log_end();
          existed = true;
        } else if (chance.chance(0.3)) {
          kill();
          durable = log_->log_end();
        } else {
          power_cut(PowerCut::kRandom);
        }
        if (!existed && !disk_.exists("/logs/t-0").value()) {
          stop();
          start_directory();
          ASSERT_TRUE(directory_->save_recovery_points());
          create();
          truth.clear();
          continue;
        }
        const auto opened = reopen(clean);
        ASSERT_TRUE(opened) << opened.error().message;
        ASSERT_GE(log_->log_end(), durable);
        ASSERT_LE(log_->log_end().value(), static_cast<std::int64_t>(truth.size()));
        for (const Damage& damage : log_->recovery_report().damage)
          ADD_FAILURE() << damage.why << ' ' << damage.from.value() << '-' << damage.to.value();
        truth.resize(static_cast<std::size_t>(log_->log_end().value()));
        ASSERT_LE(log_->end_offset_for_epoch(log_->latest_epoch()).end, log_->log_end());
        for (std::size_t k = 0; k < truth.size(); ++k) {
          const auto result = read(Offset(static_cast<std::int64_t>(k)), 1);
          ASSERT_TRUE(result) << result.error().message;
          ASSERT_EQ(bytes_of(result->bytes), truth[k]) << k;
        }
        if (truth.size() >= 5) {
          Bytes again = make_batch({.producer = 5, .producer_epoch = 0, .sequence = static_cast<Sequence>(truth.size() - 5)});
          ASSERT_TRUE(log_->check_producer(again).duplicate);
        }
      }
    }
  }
}

}  // namespace
}  // namespace barnabas::storage
