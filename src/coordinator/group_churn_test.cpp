// A day of clients that come, work and go in every way there is, in simulated time: what is remembered of them stays
// bounded, and when all are gone nothing is left.
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <queue>
#include <string>

#include "base/sim_clock.h"
#include "coordinator/group_shard.h"

namespace barnabas::coordinator::testing {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr int kClients = 20;
constexpr int kSharedGroups = 3;
constexpr seconds kBeat{3};

class GroupChurn : public ::testing::Test {
 protected:
  GroupChurn() {
    settings_.group.initial_rebalance_delay_ms = 500;
    settings_.offsets_retention_ms = 3'600'000;
    shard_ = std::make_unique<GroupShard>(settings_);
    shard_->loaded(now_);
  }

  struct Client {
    std::string group;
    std::string id;
    std::int32_t generation = -1;
    bool commits = false;
    std::uint64_t life = 0;  // an answer of an earlier life is nobody's
    MonoTime ends;
  };

  // Every append is taken and committed at once.
  static void settle(Outcome outcome) {
    for (Delivery& answer : outcome.taken()) answer(ErrorCode::kNone);
  }
  void at(MonoTime when, std::function<void()> what) { events_.push({when, ++last_event_, std::move(what)}); }
  void after(std::chrono::nanoseconds wait, std::function<void()> what) { at(now_.mono + wait, std::move(what)); }

  void move_to(MonoTime to) {
    now_.wall_ms += (to - now_.mono) / std::chrono::milliseconds(1);
    now_.mono = to;
  }
  void run_until(MonoTime end) {
    for (;;) {
      const MonoTime event = events_.empty() ? kNever : events_.top().at;
      const MonoTime next = std::min(event, shard_->next_deadline());
      if (next > end) break;
      move_to(std::max(next, now_.mono));
      if (event <= now_.mono) {
        const auto what = events_.top().what;
        events_.pop();
        what();
      } else if (auto outcome = shard_->expire(now_)) {
        settle(std::move(*outcome));
      }
    }
    move_to(end);
  }

  void begin_life(int who) {
    Client& me = clients_[who];
    if (closing_) return;
    ++lives_;
    ++me.life;
    me.id.clear();
    me.commits = dice_.chance(0.5);
    me.group = dice_.chance(0.5) ? "shared-" + std::to_string(dice_.below(kSharedGroups)) : "once-" + std::to_string(lives_);
    me.ends = now_.mono + seconds(10 + dice_.below(600));
    join(who);
  }
  void join(int who) {
    Client& me = clients_[who];
    JoinRequest request;
    request.member_id = me.id;
    request.fresh_member_id = "m" + std::to_string(++ids_);
    request.session_timeout_ms = 10'000;
    request.rebalance_timeout_ms = 20'000;
    request.protocol_type = "consumer";
    request.protocols.push_back({"range", Bytes(20)});
    request.must_know_member_id = true;
    settle(shard_->join(
        me.group, std::move(request), [this, who, life = me.life](const Reply& reply) { joined(who, life, std::get<JoinReply>(reply)); },
        now_));
  }
  void joined(int who, std::uint64_t life, const JoinReply& reply) {
    Client& me = clients_[who];
    if (life != me.life) return;
    if (reply.error == ErrorCode::kMemberIdRequired) {
      me.id = reply.member_id;
      if (dice_.chance(0.1)) return end_life(who);  // and never comes back with it
      return after(seconds(0), [this, who, life] { same_life(who, life, &GroupChurn::join); });
    }
    if (reply.error != ErrorCode::kNone) return end_life(who);
    me.generation = reply.generation;
    after(seconds(0), [this, who, life, reply] {
      if (life != clients_[who].life) return;
      SyncRequest request;
      request.member_id = clients_[who].id;
      request.generation = clients_[who].generation;
      for (const JoinedMember& member : reply.members) request.plan.emplace_back(member.id, Bytes(30));
      settle(shard_->sync(
          clients_[who].group, std::move(request),
          [this, who, life](const Reply& answer) { synced(who, life, std::get<SyncReply>(answer)); }, now_));
    });
  }
  void synced(int who, std::uint64_t life, const SyncReply& reply) {
    if (life != clients_[who].life) return;
    if (reply.error == ErrorCode::kRebalanceInProgress)
      return after(seconds(0), [this, who, life] { same_life(who, life, &GroupChurn::join); });
    if (reply.error != ErrorCode::kNone) return end_life(who);
    ++assignments_;
    after(kBeat, [this, who, life] { same_life(who, life, &GroupChurn::work); });
  }
  void work(int who) {
    Client& me = clients_[who];
    if (now_.mono >= me.ends) {
      if (dice_.chance(0.6)) settle(shard_->leave(me.group, {kNoReply, {{me.id, std::nullopt}}}, [](const Reply&) {}, now_));
      return end_life(who);  // else it just falls silent
    }
    if (me.commits) commit(me);
    ErrorCode told = ErrorCode::kNone;
    settle(shard_->heartbeat(
        me.group, {kNoReply, me.generation, me.id, std::nullopt}, [&](const Reply& reply) { told = std::get<HeartbeatReply>(reply).error; },
        now_));
    if (told == ErrorCode::kRebalanceInProgress) return join(who);
    if (told != ErrorCode::kNone) return end_life(who);
    after(kBeat, [this, who, life = me.life] { same_life(who, life, &GroupChurn::work); });
  }
  void commit(const Client& me) {
    CommitRequest request;
    request.who = {me.id, me.generation, std::nullopt, false};
    OffsetToCommit& offset = request.offsets.emplace_back();
    offset.topic = "orders";
    offset.partition = static_cast<PartitionIndex>(dice_.below(4));
    offset.value.offset = 1;
    settle(shard_->commit(me.group, std::move(request), [](const std::vector<ErrorCode>&) {}, now_));
  }
  void same_life(int who, std::uint64_t life, void (GroupChurn::*step)(int)) {
    if (life == clients_[who].life) (this->*step)(who);
  }
  void end_life(int who) {
    ++clients_[who].life;
    after(seconds(1 + dice_.below(60)), [this, who] { begin_life(who); });
  }

  struct Event {
    MonoTime at;
    std::uint64_t order;
    std::function<void()> what;
    bool operator<(const Event& other) const { return std::pair(other.at, other.order) < std::pair(at, order); }
  };
  GroupShardSettings settings_;
  std::unique_ptr<GroupShard> shard_;
  Now now_{MonoTime{1'000'000'000}, 1'700'000'000'000};
  SimRandom dice_{11};
  std::priority_queue<Event> events_;
  std::uint64_t last_event_ = 0;
  Client clients_[kClients];
  std::uint64_t lives_ = 0, ids_ = 0, assignments_ = 0;
  bool closing_ = false;
};

TEST_F(GroupChurn, ADayOfItLeavesNothingBehind) {
  for (int who = 0; who < kClients; ++who) begin_life(who);
  std::size_t most = 0;
  for (int hour = 1; hour <= 24; ++hour) {
    run_until(now_.mono + hours(1));
    EXPECT_LE(shard_->parked_count(), static_cast<std::size_t>(2 * kClients)) << "hour " << hour;
    // Groups of one client live for an hour after their last member, for their offsets' sake.
    if (hour <= 3) most = std::max(most, shard_->group_count());
    EXPECT_LE(shard_->group_count(), 2 * most) << "hour " << hour;
    std::size_t members = 0;
    for (int group = 0; group < kSharedGroups; ++group) {
      const Group* shared = shard_->find_group("shared-" + std::to_string(group));
      if (shared != nullptr) members += shared->members().size() + shared->pending_count();
    }
    EXPECT_LE(members, static_cast<std::size_t>(3 * kClients)) << "hour " << hour;
  }
  EXPECT_GT(lives_, 3'000U);
  EXPECT_GT(assignments_, lives_ / 2);

  closing_ = true;
  run_until(now_.mono + hours(3));
  EXPECT_EQ(shard_->group_count(), 0U);
  EXPECT_EQ(shard_->parked_count(), 0U);
  EXPECT_GE(shard_->next_deadline(), now_.mono) << "nothing but the next look at what may have expired";
  EXPECT_LE(shard_->next_deadline(), now_.mono + minutes(10));
}

}  // namespace
}  // namespace barnabas::coordinator::testing
