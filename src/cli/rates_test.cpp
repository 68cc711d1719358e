#include "cli/rates.h"

#include <gtest/gtest.h>

namespace barnabas::cli {
namespace {

TEST(Rates, PartitionsFollowBytes) {
  // 100,000 records/s of 1 kB are 100 MB/s: ten partitions of 10 MB/s, twenty with headroom.
  const Advice advice = advise({{10, 10, 10}, 60, 100'000, 1000}, {});
  EXPECT_EQ(advice.partitions, 20);
}

TEST(Rates, SlowConsumersNeedMore) {
  const Advice advice = advise({{10, 10}, 60, 1000, 100}, {.consumer_records_per_s = 100});
  EXPECT_EQ(advice.partitions, 20);
}

TEST(Rates, NeverFewerThanThereAre) {
  EXPECT_EQ(advise({{10, 10, 10}, 60, 1, 1}, {}).partitions, 3);
  EXPECT_EQ(advise({{0, 0}, 60, 0, 0}, {}).partitions, 2);
}

TEST(Rates, ABusyPartitionIsNamed) {
  const Advice advice = advise({{1, 1, 98}, 60, 1, 1}, {});
  EXPECT_NE(advice.reasons.back().find("Partition 2 took 98 %"), std::string::npos) << advice.reasons.back();
}

}  // namespace
}  // namespace barnabas::cli
