// The driver: answers after the commit, many decisions in flight, and what happens when an append fails.
#include "controller/controller.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/sim_clock.h"
#include "base/sim_disk.h"
#include "metadata/local_log.h"

namespace barnabas::controller {
namespace {

class ControllerTest : public ::testing::Test {
 protected:
  ControllerTest() {
    settings_ = *Settings::load({.file_name = "", .file_text = "log.dirs=/data\n", .environment = {}, .overrides = {}, .cores = 1});
    queue_.set_sync_delay(std::chrono::milliseconds(2));
    start();
    register_broker();
  }
  ~ControllerTest() override { stop(); }

  void start() {
    loader_ = std::make_unique<metadata::MetadataLoader>("cluster", [this](std::string reason) { fatal_ = std::move(reason); });
    log_ = metadata::make_local_log({.directory = "/data/metadata", .cluster_id = "cluster", .node = 1, .limits = {}}, disk_, queue_,
                                    executor_, random_);
    controller_ = std::make_unique<Controller>(*log_, loader_->holder(), executor_, random_, Policy::of(settings_), [this] { ++active_; });
    loader_->set_leadership_listener(*controller_);
    log_->start(*loader_);
  }
  void stop() {
    if (log_ == nullptr) return;
    log_->close([] {});
    settle();
    controller_.reset();
    log_.reset();
    settle();
    loader_.reset();
  }
  void settle() {
    while (executor_.step()) executor_.run_until_idle();
  }
  void register_broker() {
    RegisterBroker wish;
    wish.id = 1;
    wish.incarnation = Uuid::random(random_);
    settle();
    controller_->submit(wish, [](Outcome<RegisteredBroker> outcome) { EXPECT_TRUE(outcome.has_value()); });
    settle();
  }
  void create(const std::string& name, std::int32_t partitions = 1) {
    CreateTopics wish;
    wish.topics.push_back({name, partitions, 1, {}, {}});
    controller_->submit(std::move(wish), [this, name](Outcome<CreateTopics::Response> outcome) {
      const ErrorCode code = outcome ? outcome->front().verdict.code : outcome.error().code;
      if (code == ErrorCode::kNone) {
        EXPECT_NE(image()->find_topic(std::string_view(name)), nullptr) << "answered before the topic is there";
      }
      answers_.emplace_back(name, code);
    });
  }
  metadata::ImagePtr image() const { return loader_->holder().current(); }

  SimClock clock_;
  SimExecutor executor_{clock_};
  SimDisk disk_;
  SimDiskQueue queue_{executor_, clock_};
  SimRandom random_{12};
  Settings settings_;
  std::string fatal_;
  int active_ = 0;
  std::unique_ptr<metadata::MetadataLoader> loader_;
  std::unique_ptr<metadata::MetadataLog> log_;
  std::unique_ptr<Controller> controller_;
  std::vector<std::pair<std::string, ErrorCode>> answers_;
};

TEST_F(ControllerTest, ANewClusterFinalizesItsLevelOnce) {
  EXPECT_EQ(image()->feature(metadata::kMetadataVersionFeature), metadata::kMetadataVersion);
  EXPECT_EQ(active_, 1);
  const auto end = image()->end();
  stop();
  start();
  settle();
  EXPECT_EQ(image()->end(), end);
  EXPECT_EQ(active_, 2);
  EXPECT_EQ(image()->controller(), 1);
}

TEST_F(ControllerTest, AnAnswerComesWhenThisNodesImageHoldsTheTopic) {
  create("a");
  EXPECT_TRUE(answers_.empty());
  executor_.run_until_idle();
  EXPECT_TRUE(answers_.empty()) << "answered before it was durable";
  EXPECT_EQ(image()->topic_count(), 0U);
  settle();
  ASSERT_EQ(answers_.size(), 1U);
  EXPECT_EQ(answers_[0].second, ErrorCode::kNone);
}

TEST_F(ControllerTest, DecisionsSeeWhatIsInFlightAndAnswersKeepTheirOrder) {
  create("a");
  create("a");  // refused because of what is not committed yet: it must not be answered before that is
  create("b");
  executor_.run_until_idle();
  EXPECT_TRUE(answers_.empty());
  settle();
  EXPECT_EQ(answers_, (std::vector<std::pair<std::string, ErrorCode>>{
                          {"a", ErrorCode::kNone}, {"a", ErrorCode::kTopicAlreadyExists}, {"b", ErrorCode::kNone}}));
}

TEST_F(ControllerTest, AThousandWishesShareAFewSyncs) {
  disk_.reset_counts();
  for (int i = 0; i < 1000; ++i) create("topic-" + std::to_string(i));
  settle();
  EXPECT_EQ(answers_.size(), 1000U);
  EXPECT_LE(disk_.count(DiskOp::kSync), 4U);
  EXPECT_EQ(image()->topic_count(), 1000U);
}

TEST_F(ControllerTest, WhatWasDecidedSurvivesAPowerCutWithItsIds) {
  create("a", 3);
  create("b");
  settle();
  const TopicId id = image()->find_topic(std::string_view("a"))->id;
  SimRandom chance(1);
  controller_.reset();
  log_.reset();
  settle();
  loader_.reset();
  disk_.power_cut(PowerCut::kLoseAll, chance);
  start();
  settle();
  EXPECT_EQ(fatal_, "");
  EXPECT_EQ(image()->find_topic(std::string_view("a"))->id, id);
  EXPECT_EQ(image()->partition_count(), 4);
}

TEST_F(ControllerTest, AFullDiskRefusesWhatWasDecidedAndNothingOfItStays) {
  create("before");
  settle();
  disk_.inject({.op = DiskOp::kWrite, .path_contains = "metadata-", .times = 1, .sys_errno = 28});
  create("a");
  create("a.b");
  executor_.run_until_idle();
  create("a_b");
  settle();
  ASSERT_EQ(answers_.size(), 4U);
  EXPECT_EQ(answers_[1], (std::pair<std::string, ErrorCode>{"a", ErrorCode::kKafkaStorageError}));
  for (std::size_t i = 2; i < 4; ++i) {
    if (answers_[i].second == ErrorCode::kNone) continue;
    EXPECT_TRUE(answers_[i].second == ErrorCode::kKafkaStorageError || answers_[i].second == ErrorCode::kNotController);
  }
  create("a");  // its first try has left no trace
  settle();
  EXPECT_EQ(answers_.back().second, ErrorCode::kNone);
  EXPECT_TRUE(fatal_.empty());
}

TEST_F(ControllerTest, AfterAFailedSyncEveryWishIsSentElsewhere) {
  disk_.inject({.op = DiskOp::kSync, .path_contains = "metadata-"});
  create("a");
  create("b");
  settle();
  create("c");
  settle();
  ASSERT_EQ(answers_.size(), 3U);
  for (const auto& [name, code] : answers_) EXPECT_EQ(code, ErrorCode::kNotController) << name;  // A10
  EXPECT_FALSE(fatal_.empty());
}

TEST_F(ControllerTest, EverybodyIsAnsweredWhenTheNodeStops) {
  for (int i = 0; i < 10; ++i) create("t" + std::to_string(i));
  executor_.run_until_idle();
  stop();
  EXPECT_EQ(answers_.size(), 10U);
}

TEST_F(ControllerTest, TenThousandPartitionsAreOneBatch) {
  create("wide", 9'999);
  settle();
  EXPECT_EQ(answers_.back().second, ErrorCode::kNone);
  EXPECT_EQ(image()->partition_count(), 9'999);
}

// Random wishes, failing disks and restarts against a model of what was answered.
TEST_F(ControllerTest, WhatWasAnsweredIsWhatIsThere) {
  std::map<std::string, bool> model;  // by name: there; unknown ones are taken out
  for (int round = 0; round < 40; ++round) {
    std::set<std::string> unsure;
    const auto settled = [&](const std::string& name, bool there) {
      return [&, name, there](const auto& outcome) {
        if (!outcome) {
          unsure.insert(name);
        } else if (outcome->front().verdict.ok()) {
          model[name] = there;
        }
      };
    };
    if (random_.chance(0.3))
      disk_.inject({.op = DiskOp::kWrite, .path_contains = "metadata-", .skip = static_cast<int>(random_.below(4)), .sys_errno = 28});
    for (int i = 0; i < 30; ++i) {
      const std::string name = "t" + std::to_string(random_.below(12));
      if (random_.chance(0.5)) {
        CreateTopics wish;
        wish.topics.push_back({name, 1, 1, {}, {}});
        controller_->submit(std::move(wish), settled(name, true));
      } else {
        controller_->submit(DeleteTopics{{{name, {}}}}, settled(name, false));
      }
      if (random_.chance(0.4)) executor_.step();
    }
    settle();
    disk_.clear_faults();
    if (random_.chance(0.3)) {
      stop();
      start();
      settle();
    }
    ASSERT_EQ(fatal_, "");
    for (const auto& [name, there] : model) {
      // A refused append left nothing, so even then the model is exact.
      EXPECT_EQ(image()->find_topic(std::string_view(name)) != nullptr, there) << name << " in round " << round;
    }
  }
}

}  // namespace
}  // namespace barnabas::controller
