#include "coordinator/group_coordinator.h"

#include <gtest/gtest.h>

#include "coordinator/group_coordinator_test_support.h"
#include "coordinator/group_records.h"
#include "model/record_batch_builder.h"

namespace barnabas::coordinator::testing {
namespace {

// --- Offsets ----------------------------------------------------------------------------------------------------------

// G13
TEST_F(GroupCoordinatorTest, ACommittedOffsetIsFoundAgainAfterACrash) {
  EXPECT_EQ(error_of(commit("g", {.offset = 41})), ErrorCode::kNone);
  EXPECT_EQ(error_of(commit("g", {.offset = 42, .metadata = "m"})), ErrorCode::kNone);
  EXPECT_EQ(offset_of("g"), 42);
  restart();
  const auto answer = fetch("g");
  const auto& partition = answer->topics.at(0).partitions.at(0);
  EXPECT_EQ(partition.committed_offset, 42);
  EXPECT_EQ(partition.committed_leader_epoch, 4);
  EXPECT_EQ(partition.metadata, "m");
}

// G13
TEST_F(GroupCoordinatorTest, NothingIsAnsweredBeforeItIsCommitted) {
  log_->commit = MemoryLog::Commit::kByHand;
  const auto committed = commit("g", {.offset = 5});
  const auto fetched = fetch("g");
  const auto elsewhere = fetch("another");
  EXPECT_FALSE(committed.came());
  EXPECT_FALSE(fetched.came()) << "it has seen an offset that may still be lost";
  EXPECT_TRUE(elsewhere.came()) << "other groups do not wait";
  log_->commit_all();
  EXPECT_EQ(error_of(committed), ErrorCode::kNone);
  EXPECT_EQ(fetched->topics.at(0).partitions.at(0).committed_offset, 5);
}

// G14
TEST_F(GroupCoordinatorTest, ARefusedCommitChangesNothing) {
  commit("g", {.offset = 1});
  const std::pair<ErrorCode, ErrorCode> cases[] = {
      {ErrorCode::kUnknownTopicOrPartition, ErrorCode::kCoordinatorNotAvailable},
      {ErrorCode::kNotEnoughReplicas, ErrorCode::kCoordinatorNotAvailable},
      {ErrorCode::kRequestTimedOut, ErrorCode::kCoordinatorNotAvailable},
      {ErrorCode::kNotLeaderOrFollower, ErrorCode::kNotCoordinator},
      {ErrorCode::kKafkaStorageError, ErrorCode::kNotCoordinator},
      {ErrorCode::kMessageTooLarge, ErrorCode::kUnknownServerError},
      {ErrorCode::kRecordListTooLarge, ErrorCode::kUnknownServerError},
  };
  for (const auto& [refusal, told] : cases) {
    log_->refuse_next = refusal;
    EXPECT_EQ(error_of(commit("g", {.offset = 2})), told);
    EXPECT_EQ(offset_of("g"), 1);
    log_->refuse_next = refusal;
    EXPECT_EQ(error_of(commit("new", {.offset = 2})), told);
    EXPECT_EQ(offset_of("new"), -1);
  }
}

// G14
TEST_F(GroupCoordinatorTest, AnAppendWhoseOutcomeNobodyKnowsIsSettledByTheLog) {
  commit("g", {.offset = 1});
  const auto parked = join("waiting");
  log_->commit = MemoryLog::Commit::kByHand;
  const auto lost = commit("g", {.offset = 2});
  const auto fetched = fetch("g");
  log_->lose_all(ErrorCode::kNotEnoughReplicasAfterAppend);
  EXPECT_EQ(error_of(lost), ErrorCode::kCoordinatorNotAvailable);
  EXPECT_EQ(fetched.error(), ErrorCode::kCoordinatorNotAvailable);
  EXPECT_EQ(parked.error(), ErrorCode::kCoordinatorNotAvailable);
  EXPECT_EQ(join("g").error(), ErrorCode::kCoordinatorLoadInProgress);
  executor_.run_until_idle();
  EXPECT_EQ(offset_of("g"), 1);
}

TEST_F(GroupCoordinatorTest, ACommitThatTakesTooLongIsNotWaitedFor) {
  log_->commit = MemoryLog::Commit::kByHand;
  const auto slow = commit("g", {.offset = 5});
  pass_ms(4'999);
  EXPECT_FALSE(slow.came());
  pass_ms(1);
  EXPECT_EQ(error_of(slow), ErrorCode::kCoordinatorNotAvailable);
  const auto later = fetch("g");
  EXPECT_FALSE(later.came());
  log_->commit_all();
  EXPECT_EQ(later->topics.at(0).partitions.at(0).committed_offset, 5) << "it was late, not lost";
}

// G11
TEST_F(GroupCoordinatorTest, CommittingToAGroupThatDoesNotExist) {
  EXPECT_EQ(error_of(commit("none", {.v = 8}, {"m", 3})), ErrorCode::kIllegalGeneration);
  EXPECT_EQ(error_of(commit("none", {.v = 9}, {"m", 3})), ErrorCode::kGroupIdNotFound);
  EXPECT_EQ(error_of(commit("none", {.offset = 9})), ErrorCode::kNone);
  EXPECT_EQ(offset_of("none"), 9);
  EXPECT_EQ(error_of(commit("", {.offset = 3})), ErrorCode::kNone) << "G1: the empty group id is an old right";
  EXPECT_EQ(offset_of(""), 3);
}

// G12
TEST_F(GroupCoordinatorTest, ACommitIsCheckedPartitionByPartition) {
  EXPECT_EQ(error_of(commit("g", {.topic = "nowhere"})), ErrorCode::kUnknownTopicOrPartition);
  EXPECT_EQ(error_of(commit("g", {.topic = "nowhere", .v = 10})), ErrorCode::kUnknownTopicId);
  for (const std::int16_t v : {std::int16_t{8}, std::int16_t{10}}) {
    EXPECT_EQ(error_of(commit("g", {.partition = 4, .v = v})), ErrorCode::kUnknownTopicOrPartition);
    EXPECT_EQ(error_of(commit("g", {.partition = -1, .v = v})), ErrorCode::kUnknownTopicOrPartition);
  }
  EXPECT_EQ(error_of(commit("g", {.metadata = std::string(4097, 'x')})), ErrorCode::kOffsetMetadataTooLarge);
  EXPECT_EQ(log_->batch_count(), 0U);
  EXPECT_EQ(error_of(commit("g", {.offset = 1, .metadata = std::string(4096, 'x')})), ErrorCode::kNone);
  EXPECT_EQ(error_of(commit("g", {.topic = "bills", .offset = 6, .v = 10})), ErrorCode::kNone);
  EXPECT_EQ(offset_of("g", "bills"), 6);
}

TEST_F(GroupCoordinatorTest, OffsetsAreFetchedInEveryVersionsShape) {
  commit("g", {.offset = 1});
  commit("g", {.topic = "bills", .offset = 2});
  EXPECT_EQ(fetch("g", std::nullopt, 2)->topics.size(), 2U) << "null asks for all";
  EXPECT_EQ(fetch("g", "orders", 1)->topics.at(0).partitions.at(0).committed_offset, 1);
  EXPECT_EQ(fetch("nobody", std::nullopt, 7)->topics.size(), 0U);

  protocol::OffsetFetchRequest many;
  for (const char* id : {"g", "nobody", "g"}) {  // who asks twice is told once
    auto& group = many.groups.emplace_back();
    group.group_id = id;
    auto& topic = group.topics->emplace_back();
    topic.topic_id = topic_id(2);
    topic.partition_indexes = {0, 1, 0, 0};
    group.topics->emplace_back().topic_id = topic_id(77);
    group.topics->back().partition_indexes = {0};
  }
  Answer<OffsetFetchResponse> answer;
  groups_->fetch_offsets(many, version(10), answer.to());
  ASSERT_EQ(answer->groups.size(), 2U);
  ASSERT_EQ(answer->groups[0].topics[0].partitions.size(), 2U);
  EXPECT_EQ(answer->groups[0].topics[0].partitions[0].committed_offset, 2);
  EXPECT_EQ(answer->groups[0].topics[0].partitions[1].committed_offset, -1);
  EXPECT_EQ(answer->groups[0].topics[1].partitions[0].error_code, static_cast<std::int16_t>(ErrorCode::kUnknownTopicId));
  EXPECT_EQ(answer->groups[1].topics[0].partitions[0].committed_offset, -1);
  EXPECT_EQ(answer->groups[1].error_code, 0);
}

// G18
TEST_F(GroupCoordinatorTest, ADeletedTopicTakesItsOffsetsAlong) {
  commit("a", {.offset = 1});
  commit("b", {.offset = 2});
  commit("b", {.topic = "bills", .offset = 3});
  topics_.ids["orders"] = topic_id(11);  // deleted, and made again
  EXPECT_EQ(offset_of("b"), -1) << "even before anybody told the coordinator";
  EXPECT_EQ(fetch("b", std::nullopt)->topics.size(), 1U);
  commit("c", {.offset = 7});
  const DeletedTopic gone{topic_id(1), "orders"};
  groups_->on_topics_deleted(std::span(&gone, 1));
  EXPECT_EQ(offset_of("c"), 7) << "the new topic's offset is not the old one's";
  restart();
  EXPECT_EQ(offset_of("a"), -1);
  EXPECT_EQ(offset_of("b", "bills"), 3);
  EXPECT_EQ(offset_of("c"), 7);
}

// G17
TEST_F(GroupCoordinatorTest, OffsetsExpireByTheGroupsState) {
  constexpr std::int64_t kDay = 86'400'000;
  commit("simple", {.offset = 1});
  commit("brief", {.offset = 2, .v = 4, .retention_ms = kDay});
  Member member = make_stable("busy");
  EXPECT_EQ(error_of(commit("busy", {.offset = 3}, member)), ErrorCode::kNone);
  for (int beats = 0; beats < 2 * 86'400 / 9; ++beats) {
    pass_ms(9000);
    EXPECT_EQ(beat("busy", member).error(), ErrorCode::kNone);
  }
  EXPECT_EQ(offset_of("brief"), -1) << "its client asked for one day";
  EXPECT_EQ(offset_of("simple"), 1);
  pass_ms(6 * kDay);  // and nobody beats any more: busy is Empty since the begin of these days
  EXPECT_EQ(offset_of("simple"), -1);
  EXPECT_EQ(offset_of("busy"), 3);
  pass_ms(2 * kDay);
  EXPECT_EQ(offset_of("busy"), -1);
  restart();
  EXPECT_EQ(fetch("busy", std::nullopt)->topics.size(), 0U);
}

// --- Membership -------------------------------------------------------------------------------------------------------

// G1, G2
TEST_F(GroupCoordinatorTest, RequestsThatMakeNoSense) {
  EXPECT_EQ(join("").error(), ErrorCode::kInvalidGroupId);
  EXPECT_EQ(sync("", {}).error(), ErrorCode::kInvalidGroupId);
  EXPECT_EQ(beat("", {}).error(), ErrorCode::kInvalidGroupId);
  protocol::JoinGroupRequest request;
  request.group_id = "g";
  for (const std::int32_t timeout : {5'999, 1'800'001, -1, std::numeric_limits<std::int32_t>::max()}) {
    request.session_timeout_ms = timeout;
    Answer<protocol::JoinGroupResponse> answer;
    groups_->join(request, version(9), answer.to());
    EXPECT_EQ(answer.error(), ErrorCode::kInvalidSessionTimeout);
  }
}

TEST_F(GroupCoordinatorTest, AGroupOutlivesTheBroker) {
  const Member member = make_stable("g");
  EXPECT_EQ(member.id.substr(0, 7), "client-");
  EXPECT_EQ(member.id.size(), 7U + 36U);
  commit("g", {.offset = 3}, member);
  restart();
  EXPECT_EQ(beat("g", member).error(), ErrorCode::kNone);
  EXPECT_EQ(error_of(commit("g", {.offset = 4}, member)), ErrorCode::kNone);
  EXPECT_EQ(error_of(commit("g", {.offset = 4}, {member.id, member.generation - 1})), ErrorCode::kIllegalGeneration);
  pass_ms(10'000);
  EXPECT_EQ(beat("g", member).error(), ErrorCode::kUnknownMemberId) << "its session went on running";
}

// G14
TEST_F(GroupCoordinatorTest, APlanThatCannotBeStoredCanBeSentAgain) {
  auto a = join("g");
  pass_ms(3000);
  const Member member{a->member_id, a->generation_id};
  log_->refuse_next = ErrorCode::kNotEnoughReplicas;
  EXPECT_EQ(sync("g", member).error(), ErrorCode::kCoordinatorNotAvailable);
  EXPECT_EQ(log_->batch_count(), 0U);
  EXPECT_EQ(sync("g", member).error(), ErrorCode::kNone);
  EXPECT_EQ(log_->batch_count(), 1U) << "what was answered is stored";
  EXPECT_EQ(beat("g", member).error(), ErrorCode::kNone);
}

// G14
TEST_F(GroupCoordinatorTest, AStaticMemberThatCannotBeReplacedStays) {
  const Member member = make_stable("g", "i");
  log_->refuse_next = ErrorCode::kNotLeaderOrFollower;
  EXPECT_EQ(join("g", {"", -1, "i"}, 9).error(), ErrorCode::kNotCoordinator);
  EXPECT_EQ(beat("g", member).error(), ErrorCode::kNone) << "not fenced";
  EXPECT_EQ(join("g", {"", -1, "i"}, 9).error(), ErrorCode::kNone);
  EXPECT_EQ(beat("g", member).error(), ErrorCode::kFencedInstanceId);
}

// G14
TEST_F(GroupCoordinatorTest, ADeathThatCannotBeStoredIsTriedAgain) {
  const Member member = make_stable("g");
  log_->refuse_next = ErrorCode::kNotEnoughReplicas;
  pass_ms(10'000);
  EXPECT_EQ(beat("g", member).error(), ErrorCode::kNone) << "still there";
  const std::size_t appends = log_->appends();
  pass_ms(10'000);
  EXPECT_EQ(log_->appends(), appends + 1);
  EXPECT_EQ(beat("g", member).error(), ErrorCode::kUnknownMemberId);
}

TEST_F(GroupCoordinatorTest, LeavingBeforeVersion3HasOneErrorForOneMember) {
  const Member member = make_stable("g");
  protocol::LeaveGroupRequest request;
  request.group_id = "g";
  request.member_id = "stranger";
  Answer<protocol::LeaveGroupResponse> stranger;
  groups_->leave(request, version(2), stranger.to());
  EXPECT_EQ(stranger.error(), ErrorCode::kUnknownMemberId);
  request.member_id = member.id;
  Answer<protocol::LeaveGroupResponse> left;
  groups_->leave(request, version(0), left.to());
  EXPECT_EQ(left.error(), ErrorCode::kNone);
  EXPECT_EQ(beat("g", member).error(), ErrorCode::kUnknownMemberId);
}

TEST_F(GroupCoordinatorTest, AMemberIdIsNeverTooLongForAMessage) {
  protocol::JoinGroupRequest request;
  request.group_id = "g";
  request.session_timeout_ms = 10'000;
  request.protocol_type = "consumer";
  request.protocols.emplace_back().name = "range";
  Answer<protocol::JoinGroupResponse> answer;
  groups_->join(request, {4, std::string(1023, 'c') + "ü" + std::string(31'000, 'c'), ""}, answer.to());
  EXPECT_EQ(answer.error(), ErrorCode::kMemberIdRequired);
  EXPECT_EQ(answer->member_id.size(), 1023U + 1 + 36) << "and no half character";
}

// --- Coming and going ---------------------------------------------------------------------------------------------------

TEST_F(GroupCoordinatorTest, WhileItLoadsItAsksForPatience) {
  log_->fail_reads = ErrorCode::kKafkaStorageError;
  commit("g", {.offset = 1});
  groups_->load(kOnly, log_);
  executor_.run_until_idle();
  EXPECT_EQ(join("g").error(), ErrorCode::kCoordinatorLoadInProgress);
  EXPECT_EQ(error_of(commit("g", {.offset = 2})), ErrorCode::kCoordinatorLoadInProgress);
  EXPECT_EQ(fetch("g").error(), ErrorCode::kCoordinatorLoadInProgress);
  EXPECT_EQ(beat("g", {"m", 1}).error(), ErrorCode::kNone) << "no reason to rejoin";
  EXPECT_EQ(sync("g", {"m", 1}).error(), ErrorCode::kRebalanceInProgress) << "Java's consumer would die of a 14";
  log_->fail_reads = ErrorCode::kNone;
  pass_ms(1000);
  EXPECT_EQ(offset_of("g"), 1);
}

TEST_F(GroupCoordinatorTest, ALoadWaitsForTheHighWatermark) {
  log_->commit = MemoryLog::Commit::kByHand;
  const auto early = commit("g", {.offset = 1});
  groups_->load(kOnly, log_);
  EXPECT_EQ(error_of(early), ErrorCode::kNotCoordinator);
  pass_ms(100);
  EXPECT_FALSE(groups_->is_loaded(kOnly)) << "the record may still be taken back";
  log_->commit_all();
  pass_ms(10);
  EXPECT_EQ(offset_of("g"), 1);
}

TEST_F(GroupCoordinatorTest, UnloadingAnswersWhoeverWaits) {
  const auto parked = join("g");
  EXPECT_FALSE(parked.came());
  groups_->unload(kOnly);
  EXPECT_EQ(parked.error(), ErrorCode::kNotCoordinator);
  EXPECT_EQ(join("g").error(), ErrorCode::kNotCoordinator);
  groups_->stop();
  EXPECT_EQ(join("g").error(), ErrorCode::kCoordinatorNotAvailable);
  EXPECT_EQ(fetch("g").error(), ErrorCode::kCoordinatorNotAvailable);
  pass_ms(1'000'000);  // no timer bites
}

// W6: between somebody else's election and our unloading
TEST_F(GroupCoordinatorTest, WhoDoesNotLeadAnyMoreTellsNothing) {
  commit("g", {.offset = 1});
  log_->commit = MemoryLog::Commit::kByHand;
  const auto committed = commit("g", {.offset = 2});
  const auto fetched = fetch("g");
  log_->is_leader = false;
  EXPECT_EQ(fetch("other").error(), ErrorCode::kNotCoordinator);
  EXPECT_EQ(join("g").error(), ErrorCode::kNotCoordinator);
  EXPECT_FALSE(committed.came() || fetched.came());
  log_->commit_all();
  EXPECT_EQ(error_of(committed), ErrorCode::kNotCoordinator) << "the next leader's log may lack it";
  EXPECT_EQ(fetched.error(), ErrorCode::kNotCoordinator);
}

TEST_F(GroupCoordinatorTest, WhatCannotBeReadIsNotServed) {
  commit("g", {.offset = 1});
  log_->batches().front().back() ^= std::byte{1};
  groups_->load(kOnly, log_);
  executor_.run_until_idle();
  EXPECT_FALSE(groups_->is_loaded(kOnly));
  EXPECT_EQ(fetch("g").error(), ErrorCode::kNotCoordinator);
}

TEST_F(GroupCoordinatorTest, RecordsOfOtherKindsArePassedOver) {
  RecordBatchBuilder builder;
  Bytes foreign(4);
  foreign[1] = std::byte{3};
  builder.add({.timestamp_ms = 1, .key = ByteView(foreign), .value = ByteView(foreign)});
  ASSERT_TRUE(log_->append(std::move(builder).build(), [](ErrorCode) {}));
  commit("g", {.offset = 1});
  restart();
  EXPECT_EQ(offset_of("g"), 1);
}

// The numbers are Java's.
TEST(GroupPartitionTest, GroupsLiveWhereKafkaKeepsThem) {
  EXPECT_EQ(group_partition("", 50), 0);
  EXPECT_EQ(group_partition("g", 50), 3);
  EXPECT_EQ(group_partition("my-group", 50), 36);
  EXPECT_EQ(group_partition("grüße", 50), 23);
  EXPECT_EQ(group_partition("日本", 50), 47);
  EXPECT_EQ(group_partition("😀", 50), 49);
  EXPECT_EQ(group_partition("connect-cluster", 50), 13);
  EXPECT_EQ(group_partition("zzzzzzzzzzzzzzzzzzzz", 50), 18);
}

// --- Replay -----------------------------------------------------------------------------------------------------------------

// G13
TEST_F(GroupCoordinatorTest, TheStateAfterReplayIsTheStateBefore) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SimRandom dice(seed);
    log_ = std::make_shared<MemoryLog>();
    restart();
    std::map<std::string, Member> members;
    for (int i = 0; i < 150; ++i) {
      const std::string group = "g" + std::to_string(dice.below(4));
      if (dice.chance(0.1)) log_->refuse_next = ErrorCode::kNotEnoughReplicas;
      const auto of = members.contains(group) ? members[group] : Member{};
      switch (dice.below(5)) {
        case 0:
        case 1: commit(group, {.topic = dice.chance(0.5) ? "orders" : "bills", .offset = i}, of); break;
        case 2: {
          const auto joined = join(group, {"", -1, "i"}, 9);
          if (dice.chance(0.5)) pass_ms(3000);
          if (joined.came() && joined.error() == ErrorCode::kNone) members[group] = {joined->member_id, joined->generation_id, "i"};
          break;
        }
        case 3: sync(group, of); break;
        default: pass_ms(static_cast<std::int64_t>(dice.below(9000))); break;
      }
    }
    log_->refuse_next = ErrorCode::kNone;
    const auto offsets_of = [&](const std::string& group) { return fetch(group, std::nullopt)->topics; };
    std::map<std::string, decltype(offsets_of(""))> before;
    for (int g = 0; g < 4; ++g) before["g" + std::to_string(g)] = offsets_of("g" + std::to_string(g));
    restart();
    for (const auto& [group, topics] : before) EXPECT_EQ(offsets_of(group), topics) << group << " seed " << seed;
  }
}

}  // namespace
}  // namespace barnabas::coordinator::testing
