#include "metadata/local_format.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "base/sim_clock.h"

namespace barnabas::metadata::local {
namespace {

constexpr std::uint64_t kSalt = 0x0102030405060708;

Bytes hex(std::string_view text) {
  Bytes out;
  std::string digits;
  for (const char c : text) {
    if (c != ' ') digits.push_back(c);
    if (digits.size() < 2) continue;
    out.push_back(static_cast<std::byte>(std::stoi(digits, nullptr, 16)));
    digits.clear();
  }
  return out;
}

Bytes text(std::string_view value) {
  const ByteView view = as_bytes(value);
  return Bytes(view.begin(), view.end());
}

// docs/formats/metadata-log.md, worked example
Bytes example() {
  return hex(
      "42 41 52 4e 4d 45 54 4c 00 01 00 02 01 02 03 04 05 06 07 08 00 00 00 00 00 00 00 00 00 00 00 00 63 31 1f 00 a9 08"
      "01 02 03 04 8f d9 db c7 00 00 00 19 01 00 00 00 00 00 00 00 26 00 00 00 01 00 00 00 00 00 00 00 00 00 00 00 00"
      "01 02 03 04 da 0a f8 0b 00 00 00 1f 02 00 00 00 00 00 00 00 4b 00 00 00 01 00 00 00 00 00 00 00 00 00 00 00 01"
      "00 00 00 02 68 69"
      "01 02 03 04 b9 c4 73 93 00 00 00 19 03 00 00 00 00 00 00 00 76 00 00 00 01 00 00 00 00 00 00 00 01 00 00 00 00");
}

TEST(MetadataLogFormat, TheWorkedExampleIsWhatIsWritten) {
  Bytes file = encode_log_header({"c1", kSalt, MetadataOffset(0), ControllerEpoch(0)});
  append_epoch_frame(file, kSalt, file.size(), ControllerEpoch(1), MetadataOffset(0));
  append_batch_frame(file, kSalt, file.size(), Batch{MetadataOffset(0), ControllerEpoch(1), {text("hi")}});
  append_seal_frame(file, kSalt, file.size(), ControllerEpoch(1), MetadataOffset(1));
  EXPECT_EQ(file, example());
}

TEST(MetadataLogFormat, TheWorkedExampleIsRead) {
  const auto log = parse_log(example());
  ASSERT_TRUE(log.has_value()) << log.error().message;
  EXPECT_EQ(log->header.cluster_id, "c1");
  ASSERT_EQ(log->batches.size(), 1U);
  EXPECT_EQ(log->batches[0].records, std::vector<Bytes>{text("hi")});
  EXPECT_EQ(log->end, MetadataOffset(1));
  EXPECT_EQ(log->epoch, ControllerEpoch(1));
  EXPECT_EQ(log->end_position, 0x76U);  // the seal's place
  EXPECT_FALSE(log->torn);
}

TEST(MetadataLogFormat, EveryCutIsReadUpToItsLastWholeFrame) {
  const Bytes whole = example();
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const auto log = parse_log(ByteView(whole).first(size));
    ASSERT_EQ(log.has_value(), size >= 0x26) << size;
    if (!log) continue;
    EXPECT_EQ(log->batches.size(), size >= 0x76 ? 1U : 0U) << size;
    EXPECT_LE(log->end_position, size);
  }
}

// Sectors of one unsynced write reach the disk in any order.
TEST(MetadataLogFormat, AWholeFrameBehindATornOneOfTheSameWriteIsNoWitness) {
  Bytes file = encode_log_header({"c1", kSalt, MetadataOffset(0), ControllerEpoch(0)});
  append_epoch_frame(file, kSalt, file.size(), ControllerEpoch(1), MetadataOffset(0));
  const std::size_t durable = file.size();
  append_batch_frame(file, kSalt, durable, Batch{MetadataOffset(0), ControllerEpoch(1), {text("first")}});
  const std::size_t second = file.size();
  append_batch_frame(file, kSalt, durable, Batch{MetadataOffset(1), ControllerEpoch(1), {text("second")}});
  Bytes torn = file;
  torn[durable + 20] ^= std::byte{1};
  const auto log = parse_log(torn);
  ASSERT_TRUE(log.has_value()) << log.error().message;
  EXPECT_TRUE(log->torn);
  EXPECT_EQ(log->end_position, durable);

  // The same with the next write behind it: now it was durable.
  append_batch_frame(torn, kSalt, torn.size(), Batch{MetadataOffset(2), ControllerEpoch(1), {text("third")}});
  EXPECT_EQ(parse_log(torn).error().code, Errc::kCorrupt);
  EXPECT_GT(second, durable);
}

TEST(MetadataLogFormat, NoiseIsRefusedOrCutAndNeverCrashes) {
  SimRandom random(8);
  for (int round = 0; round < 3000; ++round) {
    Bytes file = example();
    for (auto n = 1 + random.below(6); n > 0; --n) file[random.below(file.size())] = static_cast<std::byte>(random.below(256));
    if (random.chance(0.5)) file.resize(random.below(file.size()));
    (void)parse_log(file);
    (void)parse_snapshot(file);
  }
}

TEST(MetadataLogFormat, SnapshotsAreCheckedWhole) {
  const Bytes file = encode_snapshot({"c1", {MetadataOffset(7), ControllerEpoch(2)}, text("image")});
  const auto snapshot = parse_snapshot(file);
  ASSERT_TRUE(snapshot.has_value());
  EXPECT_EQ(snapshot->image, text("image"));
  EXPECT_EQ(snapshot->id.end, MetadataOffset(7));
  for (std::size_t size = 0; size < file.size(); ++size) EXPECT_FALSE(parse_snapshot(ByteView(file).first(size)).has_value());
}

TEST(MetadataLogFormat, NamesAreReadBack) {
  EXPECT_EQ(log_name(MetadataOffset(42)), "metadata-00000000000000000042.log");
  EXPECT_EQ(parse_log_name(log_name(MetadataOffset(42))), MetadataOffset(42));
  EXPECT_EQ(parse_snapshot_name(snapshot_name(MetadataOffset(7))), MetadataOffset(7));
  for (const char* other : {"metadata-1.log", "metadata-0000000000000000004x.log", "metadata-00000000000000000042.log.tmp", "lock"}) {
    EXPECT_EQ(parse_log_name(other), std::nullopt) << other;
  }
}

}  // namespace
}  // namespace barnabas::metadata::local
