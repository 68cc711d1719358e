#include "base/metrics.h"

#include <gtest/gtest.h>

namespace barnabas::metrics {
namespace {

TEST(MetricsTest, AValueFallsIntoTheFirstBucketThatHoldsIt) {
  LatencyTally latency;
  latency.record(10'000);          // a bound belongs to its bucket
  latency.record(10'001);          // the next one
  latency.record(99'000'000'000);  // above all
  latency.record(-5);              // two readings of a clock in the wrong order
  const HistogramReading reading = latency.read();
  EXPECT_EQ(reading.counts[0], 2u);
  EXPECT_EQ(reading.counts[1], 1u);
  EXPECT_EQ(reading.counts[kLatencyBounds.size()], 1u);
  EXPECT_EQ(reading.count(), 4u);
  EXPECT_EQ(reading.sum, 99'000'020'001u);
}

TEST(MetricsTest, HistogramsOfSeveralLoopsAddUp) {
  std::array<CountCounter, 2> loops;
  loops[0].record(1);
  loops[1].record(3);
  loops[1].record(4);
  HistogramReading all;
  for (const CountCounter& loop : loops) all.add(loop.read());
  EXPECT_EQ(all.buckets, &kCounts);
  EXPECT_EQ(all.counts[0], 1u);
  EXPECT_EQ(all.counts[2], 2u);
  EXPECT_EQ(all.sum, 8u);
}

}  // namespace
}  // namespace barnabas::metrics
