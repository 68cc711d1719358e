#include "broker/fetch_session.h"

#include <gtest/gtest.h>

#include "base/sim_clock.h"

namespace barnabas::broker {
namespace {

constexpr std::int16_t kByName = 12, kById = 13;

class FetchSessionTest : public ::testing::Test {
 protected:
  static protocol::FetchRequest request(std::int32_t id, std::int32_t epoch, const std::vector<PartitionIndex>& partitions = {},
                                        std::int64_t offset = 0) {
    protocol::FetchRequest request;
    request.session_id = id;
    request.session_epoch = epoch;
    if (partitions.empty()) return request;
    request.topics.emplace_back().topic = "t";
    for (const PartitionIndex partition : partitions) {
      auto& asked = request.topics.back().partitions.emplace_back();
      asked.partition = partition;
      asked.fetch_offset = offset;
      asked.partition_max_bytes = 100;
    }
    return request;
  }
  static protocol::FetchRequest forgetting(std::int32_t id, std::int32_t epoch, const std::vector<PartitionIndex>& partitions) {
    auto request = FetchSessionTest::request(id, epoch);
    request.forgotten_topics_data.emplace_back().topic = "t";
    request.forgotten_topics_data.back().partitions = partitions;
    return request;
  }
  static std::vector<PartitionIndex> partitions_of(const FetchContext& context) {
    std::vector<PartitionIndex> partitions;
    for (const FetchTarget& target : context.targets) partitions.push_back(target.partition);
    return partitions;
  }
  std::int32_t open(const std::vector<PartitionIndex>& partitions = {0}) {
    const FetchContext context = sessions_.begin(request(0, 0, partitions), kByName);
    return context.session == nullptr ? 0 : context.session->id();
  }
  FetchContext go_on(std::int32_t id, std::int32_t epoch) { return sessions_.begin(request(id, epoch), kByName); }

  SimClock clock_;
  SimRandom random_{1};
  FetchSessions sessions_{2, clock_, random_};
};

TEST_F(FetchSessionTest, ASessionBeginsWithEverythingAndGoesOnWithWhatChanged) {  // V20
  const FetchContext first = sessions_.begin(request(0, 0, {0, 1, 2}), kByName);
  ASSERT_NE(first.session, nullptr);
  EXPECT_GT(first.session->id(), 0);
  EXPECT_FALSE(first.incremental);
  EXPECT_EQ(partitions_of(first), (std::vector<PartitionIndex>{0, 1, 2}));

  const FetchContext second = sessions_.begin(request(first.session->id(), 1, {1, 3}, 50), kByName);
  EXPECT_EQ(second.error, ErrorCode::kNone);
  EXPECT_EQ(second.session, first.session);
  EXPECT_TRUE(second.incremental);
  EXPECT_EQ(partitions_of(second), (std::vector<PartitionIndex>{0, 1, 2, 3}));
  EXPECT_EQ(second.targets[0].offset, Offset(0));
  EXPECT_EQ(second.targets[1].offset, Offset(50));
  EXPECT_EQ(second.targets[3].offset, Offset(50));
}

TEST_F(FetchSessionTest, EpochsStepByOneAndAWrongOneChangesNothing) {  // V20
  const std::int32_t id = open();
  EXPECT_EQ(go_on(id, 2).error, ErrorCode::kInvalidFetchSessionEpoch);
  EXPECT_EQ(sessions_.begin(request(id, 5, {7}), kByName).error, ErrorCode::kInvalidFetchSessionEpoch);
  EXPECT_EQ(partitions_of(go_on(id, 1)), std::vector<PartitionIndex>{0});
  EXPECT_EQ(go_on(id, 1).error, ErrorCode::kInvalidFetchSessionEpoch);  // a repetition
  EXPECT_EQ(go_on(id, 2).error, ErrorCode::kNone);
}

TEST_F(FetchSessionTest, AfterTheLargestEpochComesOne) {  // V20
  const FetchContext context = sessions_.begin(request(0, 0, {0}), kByName);
  context.session->next_epoch = INT32_MAX;
  EXPECT_EQ(go_on(context.session->id(), INT32_MAX).error, ErrorCode::kNone);
  EXPECT_EQ(context.session->next_epoch, 1);
  EXPECT_EQ(go_on(context.session->id(), 1).error, ErrorCode::kNone);
}

TEST_F(FetchSessionTest, AnUnknownSessionIsNotFound) {  // V20
  const std::int32_t id = open();
  EXPECT_EQ(go_on(id + 1, 1).error, ErrorCode::kFetchSessionIdNotFound);
  EXPECT_EQ(go_on(0, 1).error, ErrorCode::kFetchSessionIdNotFound);
}

TEST_F(FetchSessionTest, EpochZeroReplacesTheSessionAndMinusOneEndsIt) {  // V20
  const std::int32_t old = open();
  const FetchContext replaced = sessions_.begin(request(old, 0, {4}), kByName);
  ASSERT_NE(replaced.session, nullptr);
  EXPECT_EQ(partitions_of(replaced), std::vector<PartitionIndex>{4});
  EXPECT_EQ(sessions_.size(), 1U);
  EXPECT_EQ(go_on(old, 1).error, ErrorCode::kFetchSessionIdNotFound);

  const FetchContext last = sessions_.begin(request(replaced.session->id(), -1, {5}), kByName);
  EXPECT_EQ(last.error, ErrorCode::kNone);
  EXPECT_EQ(last.session, nullptr);
  EXPECT_EQ(partitions_of(last), std::vector<PartitionIndex>{5});
  EXPECT_EQ(sessions_.size(), 0U);
}

TEST_F(FetchSessionTest, WhatIsForgottenIsNotServedAndAnEmptySessionEnds) {  // V20
  const std::int32_t id = open({0, 1, 2});
  EXPECT_EQ(partitions_of(sessions_.begin(forgetting(id, 1, {1, 9}), kByName)), (std::vector<PartitionIndex>{0, 2}));
  const FetchContext empty = sessions_.begin(forgetting(id, 2, {0, 2}), kByName);
  EXPECT_EQ(empty.error, ErrorCode::kNone);
  EXPECT_EQ(empty.session, nullptr);
  EXPECT_TRUE(empty.targets.empty());
  EXPECT_EQ(sessions_.size(), 0U);
}

TEST_F(FetchSessionTest, ASessionKeepsToNamesOrToIds) {  // V20
  const std::int32_t id = open();
  EXPECT_EQ(sessions_.begin(request(id, 1), kById).error, ErrorCode::kFetchSessionTopicIdError);
  EXPECT_EQ(go_on(id, 1).error, ErrorCode::kNone);
}

TEST_F(FetchSessionTest, ASessionInUseIsNotPushedOutAndAnIdleOneIs) {
  const std::int32_t first = open(), second = open();
  EXPECT_EQ(open(), 0);  // full: served without a session
  EXPECT_EQ(sessions_.size(), 2U);
  clock_.advance(std::chrono::seconds(90));
  EXPECT_EQ(go_on(first, 1).error, ErrorCode::kNone);
  clock_.advance(std::chrono::seconds(31));
  EXPECT_NE(open(), 0);  // the second had been idle for two minutes
  EXPECT_EQ(go_on(second, 1).error, ErrorCode::kFetchSessionIdNotFound);
  EXPECT_EQ(go_on(first, 2).error, ErrorCode::kNone);
  EXPECT_EQ(sessions_.size(), 2U);
}

TEST_F(FetchSessionTest, NothingToFollowNeedsNoSession) {
  EXPECT_EQ(sessions_.begin(request(0, 0), kByName).session, nullptr);
  EXPECT_EQ(sessions_.size(), 0U);
}

TEST_F(FetchSessionTest, WhoGotDataGoesToTheEndAndWhatWasToldIsRemembered) {
  const FetchContext first = sessions_.begin(request(0, 0, {0, 1, 2}), kByName);
  first.session->sent(first.targets[0], Offset(10), Offset(2), /*failed=*/false, /*data=*/true);
  first.session->sent(first.targets[1], Offset(20), Offset(0), /*failed=*/true, /*data=*/false);
  const FetchContext second = go_on(first.session->id(), 1);
  EXPECT_EQ(partitions_of(second), (std::vector<PartitionIndex>{1, 2, 0}));
  EXPECT_EQ(second.targets[2].sent_high_watermark, Offset(10));
  EXPECT_EQ(second.targets[2].sent_log_start, Offset(2));
  EXPECT_EQ(second.targets[0].sent_high_watermark, Offset(-1));  // after an error everything is news
  // A new position of the reader does not make old news new.
  const FetchContext third = sessions_.begin(request(first.session->id(), 2, {0}, 10), kByName);
  EXPECT_EQ(third.targets[2].sent_high_watermark, Offset(10));
  EXPECT_EQ(third.targets[2].offset, Offset(10));
}

TEST_F(FetchSessionTest, AnAnswerAboutWhatWasForgottenMeanwhileIsNoTrouble) {
  const FetchContext first = sessions_.begin(request(0, 0, {0, 1}), kByName);
  sessions_.begin(forgetting(first.session->id(), 1, {0}), kByName);
  first.session->sent(first.targets[0], Offset(10), Offset(0), false, true);
  EXPECT_EQ(partitions_of(go_on(first.session->id(), 2)), std::vector<PartitionIndex>{1});
}

}  // namespace
}  // namespace barnabas::broker
