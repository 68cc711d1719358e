#include "cli/partitions.h"

#include <gtest/gtest.h>

namespace barnabas::cli {
namespace {

TEST(Partitions, AllOrSome) {
  EXPECT_EQ(parse_partitions("orders")->topic, "orders");
  EXPECT_TRUE(parse_partitions("orders")->partitions.empty());
  EXPECT_EQ(parse_partitions("orders:2")->partitions, std::vector<PartitionIndex>{2});
  EXPECT_EQ(parse_partitions("orders:0,2,10")->partitions, (std::vector<PartitionIndex>{0, 2, 10}));
  for (const char* text : {"", ":0", "orders:", "orders:x", "orders:1,", "orders:-1", "orders:1;2", "orders:99999999999"}) {
    EXPECT_FALSE(parse_partitions(text)) << text;
  }
}

TEST(Partitions, AreWrittenByTopic) {
  EXPECT_EQ(partitions_text({{"bills", 1}, {"orders", 0}, {"orders", 2}}), "bills:1 orders:0,2");
  EXPECT_EQ(partitions_text({}), "");
}

}  // namespace
}  // namespace barnabas::cli
