#pragma once
// The language the coordinator's tests are written in: a coordinator over one partition in memory, on simulated time, and
// requests as short words. An answer knows whether it came, and fails the test when it comes twice.
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/sim_clock.h"
#include "coordinator/group_coordinator.h"
#include "coordinator/memory_log.h"

namespace barnabas::coordinator::testing {

using protocol::OffsetCommitResponse;
using protocol::OffsetFetchResponse;

inline constexpr PartitionIndex kOnly = 0;

class TestTopics final : public Topics {
 public:
  std::optional<KnownTopic> find(std::string_view topic) const override {
    const auto found = ids.find(topic);
    return found == ids.end() ? std::nullopt : std::optional(KnownTopic{found->first, found->second, partitions});
  }
  std::optional<KnownTopic> find(const TopicId& id) const override {
    for (const auto& [topic, known] : ids) {
      if (known == id) return KnownTopic{topic, known, partitions};
    }
    return std::nullopt;
  }
  std::int32_t partitions = 4;  // of every topic
  std::map<std::string, TopicId, std::less<>> ids;
};

inline TopicId topic_id(int n) {
  TopicId id;
  id.bytes[15] = static_cast<std::byte>(n);
  return id;
}

template <class Response>
struct Answer {
  std::shared_ptr<std::optional<Response>> at = std::make_shared<std::optional<Response>>();
  ReplyTo<Response> to() {
    return [to = at](Response response) {
      ASSERT_FALSE(to->has_value()) << "answered twice";
      *to = std::move(response);
    };
  }
  bool came() const { return at->has_value(); }
  const Response& operator*() const { return at->value(); }
  const Response* operator->() const { return &at->value(); }
  ErrorCode error() const { return static_cast<ErrorCode>(at->value().error_code); }
};

struct Member {
  std::string id;
  std::int32_t generation = -1;
  std::optional<std::string> instance = std::nullopt;
};

struct Commit {
  std::string topic = "orders";
  PartitionIndex partition = 0;
  std::int64_t offset = 0;
  std::string metadata = "";
  std::int16_t v = 8;
  std::int64_t retention_ms = -1;
};

class GroupCoordinatorTest : public ::testing::Test {
 protected:
  GroupCoordinatorTest() {
    topics_.ids["orders"] = topic_id(1);
    topics_.ids["bills"] = topic_id(2);
    settings_.partitions = 1;
    start();
  }
  ~GroupCoordinatorTest() override { groups_->stop(); }

  void start() {
    groups_ = std::make_unique<GroupCoordinator>(settings_, clock_, random_, executor_, topics_);
    groups_->load(kOnly, log_);
    executor_.run_until_idle();
  }
  // As after kill -9: whatever was committed is in the log, nothing else is anywhere.
  void restart() {
    groups_->stop();
    executor_.drop_everything();
    start();
    ASSERT_TRUE(groups_->is_loaded(kOnly));
  }
  void pass_ms(std::int64_t ms) { executor_.advance(std::chrono::milliseconds(ms)); }

  static RequestContext version(std::int16_t v) { return {v, "client", "/127.0.0.1"}; }

  Answer<protocol::JoinGroupResponse> join(const std::string& group, const Member& member = {}, std::int16_t v = 3) {
    protocol::JoinGroupRequest request;
    request.group_id = group;
    request.session_timeout_ms = 10'000;
    request.rebalance_timeout_ms = 20'000;
    request.member_id = member.id;
    request.group_instance_id = member.instance;
    request.protocol_type = "consumer";
    request.protocols.emplace_back().name = "range";
    Answer<protocol::JoinGroupResponse> answer;
    groups_->join(request, version(v), answer.to());
    return answer;
  }
  Answer<protocol::SyncGroupResponse> sync(const std::string& group, const Member& member) {
    protocol::SyncGroupRequest request;
    request.group_id = group;
    request.member_id = member.id;
    request.generation_id = member.generation;
    request.group_instance_id = member.instance;
    Answer<protocol::SyncGroupResponse> answer;
    groups_->sync(request, version(5), answer.to());
    return answer;
  }
  Answer<protocol::HeartbeatResponse> beat(const std::string& group, const Member& member) {
    protocol::HeartbeatRequest request;
    request.group_id = group;
    request.member_id = member.id;
    request.generation_id = member.generation;
    request.group_instance_id = member.instance;
    Answer<protocol::HeartbeatResponse> answer;
    groups_->heartbeat(request, version(4), answer.to());
    return answer;
  }
  Member make_stable(const std::string& group, std::optional<std::string> instance = std::nullopt) {
    auto joined = join(group, {"", -1, instance});
    pass_ms(3000);
    Member member{joined->member_id, joined->generation_id, instance};
    EXPECT_EQ(sync(group, member).error(), ErrorCode::kNone);
    return member;
  }

  Answer<OffsetCommitResponse> commit(const std::string& group, Commit what, const Member& member = {}) {
    protocol::OffsetCommitRequest request;
    request.group_id = group;
    request.member_id = member.id;
    request.generation_id_or_member_epoch = member.generation;
    request.group_instance_id = member.instance;
    request.retention_time_ms = what.retention_ms;
    auto& topic = request.topics.emplace_back();
    if (what.v < 10) topic.name = what.topic;
    if (what.v >= 10) topic.topic_id = topics_.find(what.topic).value_or(KnownTopic{"", topic_id(99)}).id;
    auto& partition = topic.partitions.emplace_back();
    partition.partition_index = what.partition;
    partition.committed_offset = what.offset;
    partition.committed_leader_epoch = 4;
    partition.committed_metadata = what.metadata;
    Answer<OffsetCommitResponse> answer;
    groups_->commit_offsets(request, version(what.v), answer.to());
    return answer;
  }
  static ErrorCode error_of(const Answer<OffsetCommitResponse>& answer) {
    return static_cast<ErrorCode>(answer->topics.at(0).partitions.at(0).error_code);
  }

  Answer<OffsetFetchResponse> fetch(const std::string& group, std::optional<std::string> topic = "orders", std::int16_t v = 7) {
    protocol::OffsetFetchRequest request;
    request.group_id = group;
    if (topic) {
      auto& to = request.topics->emplace_back();
      to.name = *topic;
      to.partition_indexes = {0};
    } else {
      request.topics.reset();
    }
    Answer<OffsetFetchResponse> answer;
    groups_->fetch_offsets(request, version(v), answer.to());
    return answer;
  }
  std::int64_t offset_of(const std::string& group, const std::string& topic = "orders") {
    auto answer = fetch(group, topic);
    EXPECT_TRUE(answer.came());
    EXPECT_EQ(answer.error(), ErrorCode::kNone);
    return answer->topics.at(0).partitions.at(0).committed_offset;
  }

  SimClock clock_;
  SimRandom random_{7};
  SimExecutor executor_{clock_};
  TestTopics topics_;
  GroupCoordinatorSettings settings_;
  std::shared_ptr<MemoryLog> log_ = std::make_shared<MemoryLog>();
  std::unique_ptr<GroupCoordinator> groups_;
};

}  // namespace barnabas::coordinator::testing
