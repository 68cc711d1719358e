#include "console/exposition.h"

#include <gtest/gtest.h>

namespace barnabas::console {
namespace {

TEST(ExpositionTest, SamplesStandBehindTheirMetric) {
  Exposition out;
  out.begin(family("kafka_brokers"));  // without a sample: not there
  out.begin(family("kafka_topic_partitions"));
  out.sample({{"topic", "a\"b\\c"}}, 3);
  out.one(family("barnabas_records_in_total"), 12'345'678'901'234);
  const std::string text = out.finish();
  EXPECT_FALSE(text.contains("kafka_brokers"));
  EXPECT_TRUE(text.contains("# TYPE kafka_topic_partitions gauge\nkafka_topic_partitions{topic=\"a\\\"b\\\\c\"} 3\n")) << text;
  EXPECT_TRUE(text.contains("# TYPE barnabas_records_in_total counter\nbarnabas_records_in_total 12345678901234\n")) << text;
}

TEST(ExpositionTest, BucketsAreCumulativeAndInTheShownUnit) {
  metrics::LatencyTally latency;
  latency.record(15'000);
  latency.record(15'000'000'000);
  Exposition out;
  out.begin(family("barnabas_request_seconds"));
  out.sample({{"api", "Fetch"}}, latency.read());
  const std::string text = out.finish();
  for (const char* line : {"_bucket{api=\"Fetch\",le=\"1e-05\"} 0\n", "_bucket{api=\"Fetch\",le=\"2e-05\"} 1\n", ",le=\"10\"} 1\n",
                           ",le=\"+Inf\"} 2\n", "_count{api=\"Fetch\"} 2\n", "_sum{api=\"Fetch\"} 15.00001"}) {
    EXPECT_TRUE(text.contains(line)) << line << text;
  }
}

// D10
TEST(ExpositionTest, AClientsNameCannotBreakTheText) {
  EXPECT_EQ(label_text("orders"), "orders");
  EXPECT_EQ(label_text("a\n\xff\x00z"), "a\\x0a\\xff");
  EXPECT_EQ(label_text("a\\x0a"), "a\\x5cx0a");  // no two names have one label: a scrape with a series twice is refused
  const std::string one = label_text(std::string(300, 'x') + "1"), other = label_text(std::string(300, 'x') + "2");
  EXPECT_LT(one.size(), 256u);
  EXPECT_NE(one, other);
}

}  // namespace
}  // namespace barnabas::console
