// Random lives of a group: whatever happens in whatever order, every request is answered exactly once, generations grow
// one by one, nobody shares a partition within a generation, and no deadline is left behind.
#include <random>

#include "coordinator/group_harness.h"

namespace barnabas::coordinator::testing {
namespace {

class GroupPropertyTest : public GroupTest {
 protected:
  using Random = std::mt19937;
  int below(int bound) { return static_cast<int>(random_() % static_cast<unsigned>(bound)); }

  struct Client {
    std::string id;
    std::optional<std::string> instance;
    std::int32_t generation = -1;
    ReplyToken join = kNoReply;
    ReplyToken sync = kNoReply;
    std::int32_t sync_generation = -1;
  };

  void act(Client& client) {
    switch (below(10)) {
      case 0:
      case 1:
      case 2: return begin_join(client);
      case 3:
      case 4:
      case 5: return begin_sync(client);
      case 6: {
        if (client.id.empty()) return;
        HeartbeatRequest request{++last_token_, client.generation, client.id, client.instance};
        return step([&](Effects& effects) { group_.heartbeat(request, now_, effects); });
      }
      case 7:
        if (below(4) == 0 && !client.id.empty()) leave({{client.id, client.instance}});
        return;
      case 8:
        if (below(4) == 0) client.id.clear();  // crashed and came back
        return;
      default: return pass_ms(below(8000));
    }
  }

  void begin_join(Client& client) {
    std::vector<GroupProtocol> protocols = {{"range", subscription({"t" + std::to_string(below(2))})}};
    if (below(2) == 0) protocols.push_back({"sticky", text("s")});
    client.join = join({.member_id = client.id,
                        .instance = client.instance,
                        .protocols = protocols,
                        .session_ms = 6000 + below(6000),
                        .rebalance_ms = 3000 + below(20'000),
                        .must_know_id = below(2) == 0,
                        .can_skip = below(2) == 0});
  }

  void begin_sync(Client& client) {
    if (client.id.empty()) return;
    std::vector<std::pair<std::string, Bytes>> plan;
    for (const auto& [id, member] : group_.members()) plan.emplace_back(id, text(id));
    client.sync_generation = client.generation;
    client.sync = sync(client.id, client.generation, std::move(plan), client.instance);
  }

  // The client reads what came for it.
  void read_replies(Client& client) {
    if (client.join != kNoReply && answered(client.join)) {
      const JoinReply& reply = joined(client.join);
      client.join = kNoReply;
      if (reply.error == ErrorCode::kNone) {
        client.id = reply.member_id;
        client.generation = reply.generation;
        EXPECT_FALSE(reply.leader.empty());
      } else if (reply.error == ErrorCode::kMemberIdRequired) {
        client.id = reply.member_id;
      } else if (reply.error != ErrorCode::kRebalanceInProgress) {
        client.id.clear();
      }
    }
    if (client.sync != kNoReply && answered(client.sync)) {
      const SyncReply& reply = synced(client.sync);
      client.sync = kNoReply;
      if (reply.error != ErrorCode::kNone) return;
      // G20: within a generation an assignment belongs to one member, the one the plan named.
      const std::string owner(as_text(reply.assignment));
      if (owner.empty()) return;
      const auto [known, is_first] = owners_.emplace(std::pair(client.sync_generation, owner), client.instance.value_or(client.id));
      EXPECT_EQ(known->second, client.instance.value_or(client.id)) << "two members own " << owner;
    }
  }

  void check() {
    for (const auto& [id, member] : group_.members()) {
      const bool parked = member.join != kNoReply || member.sync != kNoReply;
      EXPECT_TRUE(parked || member.session_deadline != kNever) << id << " could never be lost";
      EXPECT_LE(group_.next_deadline(), member.session_deadline);
    }
    EXPECT_TRUE(group_.members().empty() || (group_.leader() && group_.members().contains(*group_.leader())));
  }

  Random random_{1};
  std::map<std::pair<std::int32_t, std::string>, std::string> owners_;
};

// G10, G20
TEST_F(GroupPropertyTest, NoRequestIsLostAndNoGenerationSkipped) {
  for (unsigned seed = 1; seed <= 150; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    random_.seed(seed);
    replies_.clear();
    owners_.clear();
    last_token_ = 0;
    settings_.initial_rebalance_delay_ms = below(2) * 3000;
    settings_.max_size = below(4) == 0 ? 4 : 100;
    group_ = Group("g", settings_, now_);
    std::vector<Client> clients(6);
    clients[0].instance = "i0";
    clients[1].instance = "i1";
    for (int i = 0; i < 300; ++i) {
      act(clients[static_cast<std::size_t>(below(6))]);
      for (Client& each : clients) read_replies(each);
      check();
    }
    pass_ms(10'000'000);  // everybody falls silent
    EXPECT_EQ(group_.state(), GroupState::kEmpty);
    EXPECT_EQ(group_.next_deadline(), kNever);
    for (ReplyToken token = 1; token <= last_token_; ++token) EXPECT_TRUE(answered(token)) << token;
    if (HasFailure()) return;
  }
}

// Decide, append, undo: a copy of the group is a complete way back, and what is stored restores to the same.
TEST_F(GroupPropertyTest, WhatIsStoredAlwaysRestores) {
  for (unsigned seed = 1; seed <= 50; ++seed) {
    random_.seed(seed);
    group_ = Group("g", settings_, now_);
    std::vector<Client> clients(4);
    clients[0].instance = "i0";
    for (int i = 0; i < 200; ++i) {
      stored_.reset();
      act(clients[static_cast<std::size_t>(below(4))]);
      for (Client& each : clients) read_replies(each);
      if (stored_) EXPECT_EQ(Group::restore("g", *stored_, settings_, now_).metadata(), *stored_);
    }
  }
}

}  // namespace
}  // namespace barnabas::coordinator::testing
