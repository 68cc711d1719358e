#pragma once
// The language the group tests are written in: members that join, sync and beat against one pure Group, with a clock
// that only moves when told. Every reply is recorded by its token; asking for one that never came is a failure.
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "coordinator/group.h"

namespace barnabas::coordinator::testing {

inline Bytes text(std::string_view s) { return {as_bytes(s).begin(), as_bytes(s).end()}; }

// A consumer's subscription, version 0.
inline Bytes subscription(const std::vector<std::string>& topics) {
  Bytes out(6);
  store_be<std::int16_t>(out.data(), 0);
  store_be<std::int32_t>(out.data() + 2, static_cast<std::int32_t>(topics.size()));
  for (const std::string& topic : topics) {
    out.resize(out.size() + 2);
    store_be<std::int16_t>(out.data() + out.size() - 2, static_cast<std::int16_t>(topic.size()));
    out.insert(out.end(), as_bytes(topic).begin(), as_bytes(topic).end());
  }
  return out;
}

class GroupTest : public ::testing::Test {
 protected:
  struct Joining {
    std::string member_id;
    std::string fresh = "";  // the id to get; made up when empty
    std::optional<std::string> instance = std::nullopt;
    std::vector<GroupProtocol> protocols = {{"range", subscription({"orders"})}};
    std::int32_t session_ms = 10'000;
    std::int32_t rebalance_ms = 60'000;
    bool must_know_id = false;
    bool can_skip = true;
    std::string type = "consumer";
  };

  ReplyToken join(Joining how) {
    JoinRequest request;
    request.token = ++last_token_;
    request.member_id = how.member_id;
    request.fresh_member_id = how.fresh.empty() ? "m" + std::to_string(last_token_) : how.fresh;
    request.instance_id = how.instance;
    request.client_id = "client";
    request.client_host = "/127.0.0.1";
    request.session_timeout_ms = how.session_ms;
    request.rebalance_timeout_ms = how.rebalance_ms;
    request.protocol_type = how.type;
    request.protocols = how.protocols;
    request.must_know_member_id = how.must_know_id;
    request.can_skip_assignment = how.can_skip;
    step([&](Effects& effects) { group_.join(std::move(request), now_, effects); });
    return last_token_;
  }

  ReplyToken sync(const std::string& member, std::int32_t generation, std::vector<std::pair<std::string, Bytes>> plan = {},
                  std::optional<std::string> instance = std::nullopt) {
    SyncRequest request;
    request.token = ++last_token_;
    request.member_id = member;
    request.generation = generation;
    request.instance_id = instance;
    request.plan = std::move(plan);
    step([&](Effects& effects) { group_.sync(std::move(request), now_, effects); });
    return last_token_;
  }

  ErrorCode beat(const std::string& member, std::int32_t generation, std::optional<std::string> instance = std::nullopt) {
    HeartbeatRequest request{++last_token_, generation, member, std::move(instance)};
    step([&](Effects& effects) { group_.heartbeat(request, now_, effects); });
    return std::get<HeartbeatReply>(replies_.at(last_token_)).error;
  }

  LeaveReply leave(std::vector<LeavingMember> who) {
    LeaveRequest request{++last_token_, std::move(who)};
    step([&](Effects& effects) { group_.leave(request, now_, effects); });
    return std::get<LeaveReply>(replies_.at(last_token_));
  }

  // Lets time pass; deadlines run at their time.
  void pass_ms(std::int64_t ms) {
    const MonoTime end = now_.mono + std::chrono::milliseconds(ms);
    while (group_.next_deadline() <= end) {
      move_to(std::max(group_.next_deadline(), now_.mono));
      step([&](Effects& effects) { group_.expire(now_, effects); });
    }
    move_to(end);
  }

  bool answered(ReplyToken token) const { return replies_.contains(token); }
  const JoinReply& joined(ReplyToken token) const { return std::get<JoinReply>(replies_.at(token)); }
  const SyncReply& synced(ReplyToken token) const { return std::get<SyncReply>(replies_.at(token)); }

  // A stable group of one generation; the first id leads.
  void make_stable(const std::vector<std::string>& ids, const std::vector<std::string>& instances = {}) {
    settings_.initial_rebalance_delay_ms = 1;
    for (std::size_t i = 0; i < ids.size(); ++i) {
      join({.member_id = "", .fresh = ids[i], .instance = i < instances.size() ? std::optional(instances[i]) : std::nullopt});
    }
    pass_ms(2);  // once for the delay, once for those who came meanwhile
    ASSERT_EQ(group_.state(), GroupState::kCompletingRebalance);
    std::vector<std::pair<std::string, Bytes>> plan;
    for (const std::string& id : ids) plan.emplace_back(id, text("of " + id));
    for (std::size_t i = 1; i < ids.size(); ++i) sync(ids[i], group_.generation());
    sync(ids[0], group_.generation(), plan);
    ASSERT_EQ(group_.state(), GroupState::kStable);
    settings_.initial_rebalance_delay_ms = 3000;
  }

  template <class Step>
  void step(Step&& run) {
    Effects effects;
    const std::int32_t generation = group_.generation();
    run(effects);
    EXPECT_TRUE(group_.generation() == generation || group_.generation() == generation + 1);  // G10
    for (auto& [token, reply] : effects.replies) {
      EXPECT_TRUE(replies_.emplace(token, std::move(reply)).second) << "answered twice: " << token;
    }
    if (effects.store) {
      stored_ = group_.metadata();
      group_.mark_stored();
    }
  }

  void move_to(MonoTime to) {
    wall_ns_ += (to - now_.mono).count();
    now_ = {to, 1'700'000'000'000 + wall_ns_ / 1'000'000};
  }

  Now now_{{1'000'000'000}, 1'700'000'000'000};
  std::int64_t wall_ns_ = 0;
  GroupSettings settings_;
  Group group_{"g", settings_, now_};
  std::map<ReplyToken, Reply> replies_;
  std::optional<GroupMetadata> stored_;
  ReplyToken last_token_ = 0;
};

}  // namespace barnabas::coordinator::testing
