#include "broker/partition_log_port.h"

#include <gtest/gtest.h>

#include "storage/log_test_support.h"

namespace barnabas::broker {
namespace {

class PartitionLogPortTest : public storage::LogTest {
 protected:
  PartitionLogPortTest() {
    create();
    partition_ = std::make_shared<replication::Partition>(TopicPartition{topic_id_, 0}, "t", log_,
                                                          std::make_shared<replication::TopicSettings>(), Durability::kPageCache);
  }
  ~PartitionLogPortTest() override { partition_.reset(); }

  std::shared_ptr<replication::Partition> partition_;
};

// W6
TEST_F(PartitionLogPortTest, ItSpeaksForItsOwnEpochOnly) {
  partition_->become_leader(LeaderEpoch(3));
  const PartitionLogPort port(partition_, LeaderEpoch(3), clock_);
  const PartitionLogPort of_later(partition_, LeaderEpoch(4), clock_);
  EXPECT_TRUE(port.leads());
  EXPECT_FALSE(of_later.leads());
  partition_->become_leader(LeaderEpoch(4));
  EXPECT_FALSE(port.leads());
  EXPECT_TRUE(of_later.leads());
  partition_->stop(ErrorCode::kUnknownTopicOrPartition);
  EXPECT_FALSE(of_later.leads());
}

}  // namespace
}  // namespace barnabas::broker
