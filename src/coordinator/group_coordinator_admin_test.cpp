// DescribeGroups, ListGroups, DeleteGroups and OffsetDelete, and that what they delete stays deleted.
#include "coordinator/group_coordinator_test_support.h"
#include "coordinator/group_harness.h"

namespace barnabas::coordinator::testing {
namespace {

class GroupAdminTest : public GroupCoordinatorTest {
 protected:
  Answer<protocol::DescribeGroupsResponse> ask(const std::string& group, std::int16_t v = 6) {
    protocol::DescribeGroupsRequest request;
    request.groups = {group};
    Answer<protocol::DescribeGroupsResponse> answer;
    groups_->describe_groups(request, version(v), answer.to());
    return answer;
  }
  std::string state_of(const std::string& group) { return ask(group)->groups.at(0).group_state; }

  std::vector<std::string> list(std::vector<std::string> states = {}, std::vector<std::string> types = {}) {
    protocol::ListGroupsRequest request;
    request.states_filter = std::move(states);
    request.types_filter = std::move(types);
    Answer<protocol::ListGroupsResponse> answer;
    groups_->list_groups(request, version(5), answer.to());
    EXPECT_EQ(answer.error(), ErrorCode::kNone);
    std::vector<std::string> ids;
    for (const auto& group : answer->groups) ids.push_back(group.group_id);
    return ids;
  }

  Answer<protocol::DeleteGroupsResponse> remove(std::vector<std::string> groups) {
    protocol::DeleteGroupsRequest request;
    request.groups_names = std::move(groups);
    Answer<protocol::DeleteGroupsResponse> answer;
    groups_->delete_groups(request, version(2), answer.to());
    return answer;
  }
  ErrorCode remove_one(const std::string& group) {
    const auto answer = remove({group});
    return static_cast<ErrorCode>(answer->results.at(0).error_code);
  }

  Answer<protocol::OffsetDeleteResponse> remove_offset(const std::string& group, const std::string& topic) {
    protocol::OffsetDeleteRequest request;
    request.group_id = group;
    auto& to = request.topics.emplace_back();
    to.name = topic;
    to.partitions.emplace_back().partition_index = 0;
    Answer<protocol::OffsetDeleteResponse> answer;
    groups_->delete_offsets(request, version(0), answer.to());
    return answer;
  }
  static ErrorCode error_of_partition(const Answer<protocol::OffsetDeleteResponse>& answer) {
    return static_cast<ErrorCode>(answer->topics.at(0).partitions.at(0).error_code);
  }

  // A stable group of one consumer that reads "orders".
  Member make_reader(const std::string& group, const std::string& type = "consumer") {
    protocol::JoinGroupRequest request;
    request.group_id = group;
    request.session_timeout_ms = 10'000;
    request.rebalance_timeout_ms = 20'000;
    request.protocol_type = type;
    auto& protocol = request.protocols.emplace_back();
    protocol.name = "range";
    const Bytes reads = subscription({"orders"});
    protocol.metadata = reads;
    Answer<protocol::JoinGroupResponse> answer;
    groups_->join(request, version(3), answer.to());
    pass_ms(3000);
    Member member{answer->member_id, answer->generation_id};
    EXPECT_EQ(sync(group, member).error(), ErrorCode::kNone);
    return member;
  }
};

TEST_F(GroupAdminTest, AGroupIsDescribedAsItStands) {
  EXPECT_EQ(state_of("g"), "Dead");
  EXPECT_EQ(ask("g")->groups[0].error_code, wire(ErrorCode::kGroupIdNotFound));
  EXPECT_EQ(ask("g", 5)->groups[0].error_code, 0) << "older clients know it by the state";
  const auto pending = join("g", {}, 4);
  EXPECT_EQ(pending.error(), ErrorCode::kMemberIdRequired);
  EXPECT_EQ(state_of("g"), "Dead") << "an id that was given out makes no group";
  EXPECT_TRUE(list().empty());

  const auto joined = join("g", {pending->member_id});
  EXPECT_EQ(state_of("g"), "PreparingRebalance");
  pass_ms(3000);
  const auto completing = ask("g");
  EXPECT_EQ(completing->groups[0].group_state, "CompletingRebalance");
  EXPECT_EQ(completing->groups[0].members.size(), 1U);
  EXPECT_EQ(completing->groups[0].protocol_data, "") << "told of a stable group only";
  sync("g", {joined->member_id, joined->generation_id});
  const auto stable = ask("g");
  EXPECT_EQ(stable->groups[0].group_state, "Stable");
  EXPECT_EQ(stable->groups[0].protocol_data, "range");
  EXPECT_EQ(stable->groups[0].members[0].client_host, "/127.0.0.1");
  restart();
  EXPECT_EQ(state_of("g"), "Stable");

  protocol::DescribeGroupsRequest twice;
  twice.groups = {"g", "h", "g"};
  Answer<protocol::DescribeGroupsResponse> answer;
  groups_->describe_groups(twice, version(5), answer.to());
  ASSERT_EQ(answer->groups.size(), 2U) << "who asks twice is told once";
  EXPECT_EQ(answer->groups[1].group_id, "h");
}

TEST_F(GroupAdminTest, ADescriptionWaitsForWhatItTells) {
  const auto joined = join("g");
  pass_ms(3000);
  log_->commit = MemoryLog::Commit::kByHand;
  sync("g", {joined->member_id, joined->generation_id});
  const auto described = ask("g");
  EXPECT_FALSE(described.came()) << "stable only once that is stored";
  log_->commit_all();
  EXPECT_EQ(described->groups[0].group_state, "Stable");
}

TEST_F(GroupAdminTest, GroupsAreListedByStateAndType) {
  commit("simple", {.offset = 1});
  make_stable("busy");
  EXPECT_EQ(list(), (std::vector<std::string>{"busy", "simple"}));
  EXPECT_EQ(list({"stable"}), std::vector<std::string>{"busy"});
  EXPECT_EQ(list({"EMPTY", "Stable"}, {"Classic"}).size(), 2U);
  EXPECT_TRUE(list({"nonsense"}).empty());
  EXPECT_TRUE(list({}, {"consumer"}).empty());
}

// G16
TEST_F(GroupAdminTest, OnlyAnEmptyGroupIsDeleted) {
  commit("simple", {.offset = 1});
  const Member member = make_stable("busy");
  commit("busy", {.offset = 2}, member);
  const auto answer = remove({"simple", "busy", "none", "simple"});
  ASSERT_EQ(answer->results.size(), 3U) << "one named twice is answered once";
  EXPECT_EQ(remove_one("busy"), ErrorCode::kNonEmptyGroup);
  EXPECT_EQ(remove_one("simple"), ErrorCode::kGroupIdNotFound) << "it is gone already";
  pass_ms(10'000);  // the member dies
  EXPECT_EQ(state_of("busy"), "Empty");
  EXPECT_EQ(remove_one("busy"), ErrorCode::kNone);
  for (int life = 0; life < 2; ++life) {
    EXPECT_TRUE(list().empty());
    EXPECT_EQ(offset_of("busy"), -1);
    EXPECT_EQ(offset_of("simple"), -1);
    restart();
  }
}

// G14
TEST_F(GroupAdminTest, ADeletionThatCannotBeStoredDidNotHappen) {
  commit("g", {.offset = 1});
  log_->refuse_next = ErrorCode::kNotEnoughReplicas;
  EXPECT_EQ(remove_one("g"), ErrorCode::kCoordinatorNotAvailable);
  EXPECT_EQ(offset_of("g"), 1);
  log_->refuse_next = ErrorCode::kNotLeaderOrFollower;
  EXPECT_EQ(static_cast<ErrorCode>(remove_offset("g", "orders")->error_code), ErrorCode::kNotCoordinator);
  EXPECT_EQ(offset_of("g"), 1);
  log_->commit = MemoryLog::Commit::kByHand;
  const auto removed = remove({"g"});
  EXPECT_FALSE(removed.came());
  log_->commit_all();
  EXPECT_EQ(removed->results[0].error_code, 0);
}

TEST_F(GroupAdminTest, AGroupOfManyOffsetsGoesInSeveralBatches) {
  topics_.partitions = 4000;
  protocol::OffsetCommitRequest request;
  request.group_id = "g";
  request.generation_id_or_member_epoch = -1;
  request.topics.emplace_back().name = "orders";
  for (int i = 0; i < 4000; ++i) request.topics[0].partitions.emplace_back().partition_index = i;
  Answer<protocol::OffsetCommitResponse> committed;
  groups_->commit_offsets(request, version(8), committed.to());
  const std::size_t before = log_->batch_count();
  log_->refuse_next = ErrorCode::kNotEnoughReplicas;
  EXPECT_EQ(remove_one("g"), ErrorCode::kCoordinatorNotAvailable);
  EXPECT_EQ(log_->batch_count(), before);
  EXPECT_EQ(remove_one("g"), ErrorCode::kNone);
  EXPECT_GT(log_->batch_count(), before + 1);
  restart();
  EXPECT_TRUE(list().empty());
  EXPECT_EQ(fetch("g", std::nullopt)->topics.size(), 0U);
}

// G16
TEST_F(GroupAdminTest, OffsetsOfATopicThatIsReadAreKept) {
  EXPECT_EQ(remove_offset("none", "orders").error(), ErrorCode::kGroupIdNotFound);
  const Member reader = make_reader("g");
  commit("g", {.topic = "orders", .offset = 1}, reader);
  commit("g", {.topic = "bills", .offset = 2}, reader);
  EXPECT_EQ(error_of_partition(remove_offset("g", "orders")), ErrorCode::kGroupSubscribedToTopic);
  EXPECT_EQ(error_of_partition(remove_offset("g", "bills")), ErrorCode::kNone);
  EXPECT_EQ(error_of_partition(remove_offset("g", "bills")), ErrorCode::kNone) << "nothing there is no error";
  EXPECT_EQ(error_of_partition(remove_offset("g", "nowhere")), ErrorCode::kUnknownTopicOrPartition);
  restart();
  EXPECT_EQ(offset_of("g", "orders"), 1);
  EXPECT_EQ(offset_of("g", "bills"), -1);
  pass_ms(10'000);
  EXPECT_EQ(error_of_partition(remove_offset("g", "orders")), ErrorCode::kNone) << "nobody reads it any more";

  make_reader("connect", "connect");
  EXPECT_EQ(remove_offset("connect", "bills").error(), ErrorCode::kNonEmptyGroup) << "who knows what it reads";
}

// G13, G17: whatever happens to groups, a broker that reads the log again knows the same groups and offsets.
TEST_F(GroupAdminTest, ReplayEndsInTheSameState) {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    SimRandom dice(seed);
    log_ = std::make_shared<MemoryLog>();
    restart();
    std::map<std::string, Member> members;
    for (int i = 0; i < 120; ++i) {
      const std::string group = "g" + std::to_string(dice.below(3));
      const auto of = members.contains(group) ? members[group] : Member{};
      if (dice.chance(0.05)) log_->refuse_next = ErrorCode::kNotEnoughReplicas;
      switch (dice.below(8)) {
        case 0:
        case 1: commit(group, {.topic = dice.chance(0.5) ? "orders" : "bills", .offset = i}, dice.chance(0.5) ? of : Member{}); break;
        case 2: {
          const auto joined = join(group, {"", -1, "i"}, 9);
          pass_ms(3000);
          if (joined.came() && joined.error() == ErrorCode::kNone) {
            members[group] = {joined->member_id, joined->generation_id, "i"};
            sync(group, members[group]);
          }
          break;
        }
        case 3: remove({group}); break;
        case 4: remove_offset(group, "orders"); break;
        case 5: pass_ms(dice.chance(0.1) ? 8 * 86'400'000LL : 12'000); break;  // all expires, or the members die
        default: beat(group, of); break;
      }
    }
    log_->refuse_next = ErrorCode::kNone;
    pass_ms(60'000);  // no group is left in the middle of a rebalance
    const auto groups = list();
    std::map<std::string, std::pair<std::string, std::vector<protocol::OffsetFetchResponse::OffsetFetchResponseTopic>>> before;
    for (const std::string& group : groups) before[group] = {state_of(group), fetch(group, std::nullopt)->topics};
    restart();
    EXPECT_EQ(list(), groups) << "seed " << seed;
    for (const auto& [group, state] : before) {
      EXPECT_EQ(state_of(group), state.first) << group << " seed " << seed;
      EXPECT_EQ(fetch(group, std::nullopt)->topics, state.second) << group << " seed " << seed;
    }
  }
}

}  // namespace
}  // namespace barnabas::coordinator::testing
