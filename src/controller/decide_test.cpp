// What is decided, by its records and its answers.
#include "controller/decide.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "base/sim_clock.h"
#include "metadata/image_builder.h"

namespace barnabas::controller {
namespace {

using metadata::ConfigRecord;
using metadata::PartitionRecord;
using metadata::RemoveTopicRecord;
using metadata::TopicRecord;

CreateTopics::Topic topic(std::string name, std::int32_t partitions = 1, std::int16_t factor = 1) {
  CreateTopics::Topic wish;
  wish.name = std::move(name);
  wish.partitions = partitions;
  wish.replication_factor = factor;
  return wish;
}

class DecideTest : public ::testing::Test {
 protected:
  DecideTest() {
    settings_ = *Settings::load({.file_name = "", .file_text = "log.dirs=/data\n", .environment = {}, .overrides = {}, .cores = 1});
    policy_ = Policy::of(settings_);
    register_brokers(1);
  }

  void register_brokers(int count) {
    for (BrokerId id = 1; id <= count; ++id) {
      RegisterBroker wish;
      wish.id = id;
      wish.incarnation = Uuid::random(random_);
      ASSERT_TRUE(commit(wish));
    }
  }
  template <class Wish>
  Decided<Wish> ask(const Wish& wish) {
    return decide(Context{builder_.peek(), policy_, random_}, wish);
  }
  // Decides, applies, answers.
  template <class Wish>
  Outcome<typename Wish::Response> commit(const Wish& wish) {
    auto decision = ask(wish);
    if (!decision) return std::unexpected(decision.error());
    for (const metadata::Record& record : decision->records) {
      const auto applied = builder_.apply(record, builder_.peek().end());
      EXPECT_TRUE(applied.has_value()) << applied.error().message;
    }
    return std::move(decision->response);
  }
  CreatedTopic create(CreateTopics::Topic wish) { return commit(CreateTopics{{std::move(wish)}})->front(); }
  ErrorCode create_error(CreateTopics::Topic wish) { return create(std::move(wish)).verdict.code; }
  const metadata::Image& image() { return builder_.peek(); }

  SimRandom random_{4};
  Settings settings_;
  Policy policy_;
  metadata::ImageBuilder builder_{metadata::Image("cluster")};
};

TEST_F(DecideTest, ATopicBecomesItsRecordAndOneForEachPartition) {
  const auto decision = ask(CreateTopics{{topic("orders", 2)}});
  ASSERT_EQ(decision->records.size(), 3U);
  const auto& made = std::get<TopicRecord>(decision->records[0]);
  EXPECT_EQ(made.name, "orders");
  EXPECT_EQ(made.topic_id, decision->response[0].id);
  EXPECT_FALSE(made.topic_id.is_zero());
  for (PartitionIndex p = 0; p < 2; ++p) {
    const auto& partition = std::get<PartitionRecord>(decision->records[1 + static_cast<std::size_t>(p)]);
    EXPECT_EQ(partition.topic_id, made.topic_id);
    EXPECT_EQ(partition.partition, p);
    EXPECT_EQ(partition.replicas, std::vector<BrokerId>{1});
    EXPECT_EQ(partition.isr, partition.replicas);
    EXPECT_EQ(partition.leader, 1);
    EXPECT_EQ(partition.leader_epoch, 0);
  }
  EXPECT_EQ(decision->response[0].partitions, 2);
  EXPECT_EQ(decision->response[0].replication_factor, 1);
}

// A6
TEST_F(DecideTest, NamesKafkaDoesNotTakeAreRefused) {
  for (const std::string& name :
       {std::string(), std::string("."), std::string(".."), std::string(250, 'a'), std::string("a b"), std::string("a/b")}) {
    EXPECT_EQ(create_error(topic(name)), ErrorCode::kInvalidTopicException) << name;
  }
  EXPECT_EQ(create_error(topic(std::string(249, 'a'))), ErrorCode::kNone);
  create(topic("a.b"));
  EXPECT_EQ(create_error(topic("a_b")), ErrorCode::kInvalidTopicException);
  EXPECT_EQ(create_error(topic("a.b")), ErrorCode::kTopicAlreadyExists);
  const auto both = commit(CreateTopics{{topic("x.y"), topic("x_y")}});
  EXPECT_EQ(both->at(0).verdict.code, ErrorCode::kNone);
  EXPECT_EQ(both->at(1).verdict.code, ErrorCode::kInvalidTopicException);
}

// A6
TEST_F(DecideTest, CountsAreCheckedAndMinusOneIsTheDefault) {
  EXPECT_EQ(create_error(topic("a", 0)), ErrorCode::kInvalidPartitions);
  EXPECT_EQ(create_error(topic("a", -2)), ErrorCode::kInvalidPartitions);
  EXPECT_EQ(create_error(topic("a", 1, 0)), ErrorCode::kInvalidReplicationFactor);
  EXPECT_EQ(create_error(topic("a", 1, -2)), ErrorCode::kInvalidReplicationFactor);
  EXPECT_EQ(create_error(topic("a", 1, 2)), ErrorCode::kInvalidReplicationFactor);
  policy_.num_partitions = 3;
  const CreatedTopic made = create(topic("a", -1, -1));
  EXPECT_EQ(made.partitions, 3);
  EXPECT_EQ(made.replication_factor, 1);
}

// A6
TEST_F(DecideTest, AManualAssignmentIsTakenOrRefusedWithItsReason) {
  register_brokers(3);
  auto wish = topic("a", -1, -1);
  wish.assignments = {{1, {2, 3}}, {0, {1, 2}}};
  const CreatedTopic made = create(wish);
  EXPECT_EQ(made.verdict.code, ErrorCode::kNone) << made.verdict.message;
  EXPECT_EQ(made.replication_factor, 2);
  EXPECT_EQ(image().find_partition("a", 0)->replicas, (std::vector<BrokerId>{1, 2}));
  EXPECT_EQ(image().find_partition("a", 1)->leader, 2);

  const std::vector<std::vector<ManualAssignment>> bad{{{0, {1}}, {2, {1}}}, {{0, {1}}, {0, {2}}},   {{-1, {1}}}, {{0, {}}}, {{0, {1, 1}}},
                                                       {{0, {9}}},           {{0, {1}}, {1, {1, 2}}}};
  for (const auto& assignments : bad) {
    auto refused = topic("b", -1, -1);
    refused.assignments = assignments;
    EXPECT_EQ(create_error(refused), ErrorCode::kInvalidReplicaAssignment);
  }
  auto both = topic("b", 1, -1);
  both.assignments = {{0, {1}}};
  EXPECT_EQ(create_error(both), ErrorCode::kInvalidRequest);
}

// A6
TEST_F(DecideTest, ATopicNamedTwiceIsAnsweredOnceAndNotMade) {
  const auto answers = commit(CreateTopics{{topic("a"), topic("b"), topic("a")}});
  ASSERT_EQ(answers->size(), 2U);
  EXPECT_EQ(answers->at(0).verdict.code, ErrorCode::kInvalidRequest);
  EXPECT_EQ(answers->at(1).verdict.code, ErrorCode::kNone);
  EXPECT_EQ(image().topic_count(), 1U);
}

// A6
TEST_F(DecideTest, ConfigsAreCheckedAndKept) {
  auto wish = topic("a");
  wish.configs = {{"retention.ms", "1000"}};
  EXPECT_EQ(create(wish).configs.at("retention.ms"), "1000");
  EXPECT_EQ(image().topic_configs("a").at("retention.ms"), "1000");
  for (const ConfigEntry& bad :
       {ConfigEntry{"retention.ms", "soon"}, ConfigEntry{"no.such.config", "1"}, ConfigEntry{"retention.ms", std::nullopt}}) {
    auto refused = topic("b");
    refused.configs = {bad};
    EXPECT_EQ(create_error(refused), ErrorCode::kInvalidConfig) << bad.name;
  }
}

TEST_F(DecideTest, ValidateOnlyAnswersTheSameAndMakesNothing) {
  CreateTopics wish{{topic("a", 2), topic("a b")}, true};
  const auto decision = ask(wish);
  EXPECT_TRUE(decision->records.empty());
  EXPECT_EQ(decision->response[0].verdict.code, ErrorCode::kNone);
  EXPECT_EQ(decision->response[0].partitions, 2);
  EXPECT_EQ(decision->response[1].verdict.code, ErrorCode::kInvalidTopicException);
}

// A8
TEST_F(DecideTest, MoreThanTenThousandRecordsAreRefusedWhole) {
  EXPECT_EQ(ask(CreateTopics{{topic("small"), topic("huge", 2'000'000'000)}}).error().code, ErrorCode::kPolicyViolation);
  EXPECT_EQ(ask(CreateTopics{{topic("a", 5000), topic("b", 5000)}}).error().code, ErrorCode::kPolicyViolation);
  EXPECT_TRUE(ask(CreateTopics{{topic("a", 9'999)}}).has_value());
  create(topic("a"));
  EXPECT_EQ(ask(CreatePartitions{{{"a", 2'000'000'000, std::nullopt}}}).error().code, ErrorCode::kPolicyViolation);
  EXPECT_EQ(ask(DeleteTopics{std::vector<DeleteTopics::Topic>(10'001, {"a", {}})}).error().code, ErrorCode::kPolicyViolation);
}

TEST_F(DecideTest, ReplicasSpreadOverTheLiveBrokers) {
  register_brokers(3);
  create(topic("a", 30, 2));
  std::map<BrokerId, int> leaders;
  for (const auto& partition : image().find_topic(std::string_view("a"))->partitions) {
    EXPECT_EQ(std::set<BrokerId>(partition->replicas.begin(), partition->replicas.end()).size(), 2U);
    ++leaders[partition->leader];
  }
  for (BrokerId id = 1; id <= 3; ++id) EXPECT_EQ(leaders[id], 10);
}

TEST_F(DecideTest, ATopicCreatedAgainHasANewId) {
  const CreatedTopic first = create(topic("a"));
  ASSERT_EQ(commit(DeleteTopics{{{"a", {}}}})->front().id, first.id);
  const CreatedTopic second = create(topic("a"));
  EXPECT_EQ(second.verdict.code, ErrorCode::kNone);
  EXPECT_NE(second.id, first.id);
}

// A7
TEST_F(DecideTest, DeletingByNameAndById) {
  const TopicId a = create(topic("a")).id, b = create(topic("b")).id;
  TopicId unknown = a;
  unknown.bytes[3] ^= std::byte{1};
  const auto answers =
      commit(DeleteTopics{{{"a", {}}, {std::nullopt, b}, {"none", {}}, {std::nullopt, unknown}, {"both", a}, {std::nullopt, {}}}});
  const std::vector<ErrorCode> expected{ErrorCode::kNone,           ErrorCode::kNone,           ErrorCode::kUnknownTopicOrPartition,
                                        ErrorCode::kUnknownTopicId, ErrorCode::kInvalidRequest, ErrorCode::kInvalidRequest};
  for (std::size_t i = 0; i < expected.size(); ++i) EXPECT_EQ(answers->at(i).verdict.code, expected[i]) << i;
  EXPECT_EQ(answers->at(1).name, "b");
  EXPECT_EQ(image().topic_count(), 0U);
}

// A7
TEST_F(DecideTest, TheSameTopicByNameAndByIdIsNotDeleted) {
  const TopicId a = create(topic("a")).id;
  for (const DeleteTopics& wish : {DeleteTopics{{{"a", {}}, {std::nullopt, a}}}, DeleteTopics{{{"a", {}}, {"a", {}}}}}) {
    for (const DeletedTopic& deleted : *commit(wish)) EXPECT_EQ(deleted.verdict.code, ErrorCode::kInvalidRequest);
  }
  EXPECT_EQ(image().topic_count(), 1U);
}

// A7
TEST_F(DecideTest, DeletionCanBeDisabled) {
  create(topic("a"));
  policy_.delete_topic_enable = false;
  EXPECT_EQ(ask(DeleteTopics{{{"a", {}}}}).error().code, ErrorCode::kTopicDeletionDisabled);
}

TEST_F(DecideTest, PartitionsOnlyGrow) {
  create(topic("a", 2));
  const auto grow = [&](CreatePartitions::Topic wish) { return commit(CreatePartitions{{std::move(wish)}})->front().verdict.code; };
  EXPECT_EQ(grow({"a", 2, std::nullopt}), ErrorCode::kInvalidPartitions);
  EXPECT_EQ(grow({"a", 1, std::nullopt}), ErrorCode::kInvalidPartitions);
  EXPECT_EQ(grow({"none", 3, std::nullopt}), ErrorCode::kUnknownTopicOrPartition);
  EXPECT_EQ(grow({"a", 4, {{{1}}}}), ErrorCode::kInvalidReplicaAssignment);
  EXPECT_EQ(grow({"a", 3, {{{9}}}}), ErrorCode::kInvalidReplicaAssignment);
  EXPECT_EQ(grow({"a", 3, {{{1}}}}), ErrorCode::kNone);
  EXPECT_EQ(grow({"a", 5, std::nullopt}), ErrorCode::kNone);
  EXPECT_EQ(image().find_topic(std::string_view("a"))->partitions.size(), 5U);
  const auto twice = commit(CreatePartitions{{{"a", 6, std::nullopt}, {"a", 7, std::nullopt}}});
  ASSERT_EQ(twice->size(), 1U);
  EXPECT_EQ(twice->front().verdict.code, ErrorCode::kInvalidRequest);
}

TEST_F(DecideTest, ProducerIdsAreGivenOnceAndOnlyToTheLivingBroker) {
  const std::int64_t epoch = image().find_broker(1)->epoch;
  const auto first = commit(AllocateProducerIds{1, epoch}), second = commit(AllocateProducerIds{1, epoch});
  EXPECT_EQ(first->count, 1000);
  EXPECT_EQ(second->first, first->first + 1000);
  EXPECT_EQ(ask(AllocateProducerIds{2, epoch}).error().code, ErrorCode::kBrokerIdNotRegistered);
  register_brokers(1);  // it comes again: its former self is fenced
  EXPECT_EQ(ask(AllocateProducerIds{1, epoch}).error().code, ErrorCode::kStaleBrokerEpoch);
}

TEST_F(DecideTest, ARegistrationsEpochIsTheOffsetOfItsRecord) {
  RegisterBroker wish;
  wish.id = 8;
  wish.incarnation = Uuid::random(random_);
  const auto answer = commit(wish);
  EXPECT_EQ(answer->epoch, image().find_broker(8)->epoch);
}

class AlterConfigsTest : public DecideTest {
 protected:
  AlterConfigsTest() { create(topic("a")); }
  Verdict alter(std::vector<IncrementalAlterConfigs::Change> changes, std::string name = "a", std::int8_t type = 2) {
    return commit(IncrementalAlterConfigs{{{type, std::move(name), std::move(changes)}}})->front().verdict;
  }
  static IncrementalAlterConfigs::Change set(std::string name, std::string value) { return {std::move(name), 0, std::move(value)}; }
};

TEST_F(AlterConfigsTest, OnlyWhatIsNamedChanges) {
  const std::string list = "leader.replication.throttled.replicas";
  EXPECT_TRUE(alter({set("retention.ms", "1000"), set(list, "0:1")}).ok());
  EXPECT_TRUE(alter({{"retention.ms", 1, std::nullopt}, {list, 2, "1:1,0:1"}}).ok());
  EXPECT_EQ(image().topic_configs("a"), (metadata::ConfigOverrides{{list, "0:1,1:1"}}));
  EXPECT_TRUE(alter({{list, 3, "0:1"}}).ok());
  EXPECT_EQ(image().topic_configs("a").at(list), "1:1");
  const auto same = ask(IncrementalAlterConfigs{{{2, "a", {set(list, "1:1")}}}});
  EXPECT_TRUE(same->records.empty());
}

TEST_F(AlterConfigsTest, WhatMakesNoSenseIsRefusedWithKafkasCode) {
  EXPECT_EQ(alter({set("retention.ms", "soon")}).code, ErrorCode::kInvalidConfig);
  EXPECT_EQ(alter({set("no.such.config", "1")}).code, ErrorCode::kInvalidConfig);
  EXPECT_EQ(alter({{"retention.ms", 2, "1"}}).code, ErrorCode::kInvalidConfig);
  EXPECT_EQ(alter({{"retention.ms", 0, std::nullopt}}).code, ErrorCode::kInvalidRequest);
  EXPECT_EQ(alter({{"retention.ms", 9, "1"}}).code, ErrorCode::kInvalidRequest);
  EXPECT_EQ(alter({set("retention.ms", "1"), set("retention.ms", "2")}).code, ErrorCode::kInvalidRequest);
  EXPECT_EQ(alter({set("retention.ms", "1")}, "none").code, ErrorCode::kUnknownTopicOrPartition);
  EXPECT_EQ(alter({set("retention.ms", "1")}, "").code, ErrorCode::kInvalidRequest);
  EXPECT_EQ(alter({set("retention.ms", "1")}, "a", 77).code, ErrorCode::kInvalidRequest);
  EXPECT_EQ(alter({set("log.retention.ms", "1")}, "9", 4).code, ErrorCode::kBrokerIdNotRegistered);
  EXPECT_EQ(alter({set("log.retention.ms", "1")}, "x", 4).code, ErrorCode::kInvalidRequest);
  EXPECT_EQ(alter({set("broker.rack", "r")}, "1", 4).code, ErrorCode::kInvalidRequest);
  EXPECT_EQ(alter({set("log.retention.ms", "soon")}, "", 4).code, ErrorCode::kInvalidRequest);
  EXPECT_TRUE(image().topic_configs("a").empty());
}

TEST_F(AlterConfigsTest, BrokersHaveConfigsTogetherAndEach) {
  EXPECT_TRUE(alter({set("log.retention.ms", "5")}, "", 4).ok());
  EXPECT_TRUE(alter({set("log.retention.ms", "6")}, "1", 4).ok());
  EXPECT_EQ(image().broker_configs("").at("log.retention.ms"), "5");
  EXPECT_EQ(image().broker_configs("1").at("log.retention.ms"), "6");
}

TEST_F(AlterConfigsTest, TheOlderApiReplacesEverything) {
  alter({set("retention.ms", "1000"), set("segment.bytes", "2000000")});
  const auto answer = commit(AlterConfigs{{{2, "a", {{"retention.ms", "7"}}}}});
  EXPECT_TRUE(answer->front().verdict.ok());
  EXPECT_EQ(image().topic_configs("a"), (metadata::ConfigOverrides{{"retention.ms", "7"}}));
  const auto twice = commit(AlterConfigs{{{2, "a", {}}, {2, "a", {}}}});
  ASSERT_EQ(twice->size(), 1U);
  EXPECT_EQ(twice->front().verdict.code, ErrorCode::kInvalidRequest);
}

TEST_F(AlterConfigsTest, GroupsAndClientMetricsHaveConfigsToo) {
  EXPECT_TRUE(alter({set("consumer.session.timeout.ms", "50000")}, "g", 32).ok());
  EXPECT_TRUE(alter({set("interval.ms", "1000"), set("metrics", "a,b")}, "m", 16).ok());
  EXPECT_EQ(image().group_configs().at("g")->at("consumer.session.timeout.ms"), "50000");
  EXPECT_EQ(image().client_metrics().at("m")->at("interval.ms"), "1000");
  EXPECT_EQ(alter({set("no.such.config", "1")}, "g", 32).code, ErrorCode::kInvalidConfig);
  EXPECT_EQ(alter({set("no.such.config", "1")}, "m", 16).code, ErrorCode::kInvalidRequest);
  EXPECT_EQ(alter({set("interval.ms", "1000")}, "", 16).code, ErrorCode::kInvalidRequest);
  EXPECT_TRUE(alter({{"interval.ms", 1, std::nullopt}, {"metrics", 1, std::nullopt}}, "m", 16).ok());
  EXPECT_TRUE(image().client_metrics().empty());
}

class QuotaTest : public DecideTest {
 protected:
  using Entry = AlterClientQuotas::Entry;
  Verdict alter(metadata::QuotaEntity entity, std::vector<AlterClientQuotas::Change> changes) {
    return commit(AlterClientQuotas{{{std::move(entity), std::move(changes)}}})->front().verdict;
  }
  ErrorCode refused(metadata::QuotaEntity entity, std::string key, double value) {
    return alter(std::move(entity), {{std::move(key), value}}).code;
  }
};

TEST_F(QuotaTest, AreKeptUntilTheyAreRemoved) {
  EXPECT_TRUE(alter({{"user", "ada"}}, {{"producer_byte_rate", 1000}, {"request_percentage", 12.5}}).ok());
  EXPECT_TRUE(alter({{"user", std::nullopt}, {"client-id", "c"}}, {{"consumer_byte_rate", 5}}).ok());
  const metadata::QuotaMap& quotas = *image().quotas();
  EXPECT_EQ(*quotas.at({{"user", "ada"}}), (metadata::QuotaValues{{"producer_byte_rate", 1000}, {"request_percentage", 12.5}}));
  EXPECT_EQ(*quotas.at({{"user", std::nullopt}, {"client-id", "c"}}), (metadata::QuotaValues{{"consumer_byte_rate", 5}}));
  EXPECT_TRUE(ask(AlterClientQuotas{{{{{"user", "ada"}}, {{"producer_byte_rate", 1000}}}}})->records.empty());
  EXPECT_TRUE(alter({{"user", "ada"}}, {{"producer_byte_rate", 0, true}, {"request_percentage", 0, true}}).ok());
  EXPECT_FALSE(image().quotas()->contains({{"user", "ada"}}));
}

TEST_F(QuotaTest, SurviveASnapshot) {
  alter({{"user", "ada"}, {"client-id", std::nullopt}}, {{"producer_byte_rate", 1000}});
  metadata::ImageBuilder again{metadata::Image("cluster")};
  ASSERT_TRUE(again.apply_snapshot({.end = image().end(), .epoch = image().epoch()}, metadata::encode_image(image())));
  EXPECT_EQ(*again.peek().quotas()->at({{"user", "ada"}, {"client-id", std::nullopt}}),
            (metadata::QuotaValues{{"producer_byte_rate", 1000}}));
}

TEST_F(QuotaTest, WhatMakesNoSenseOrIsNotEnforcedIsRefused) {
  EXPECT_EQ(refused({}, "producer_byte_rate", 1), ErrorCode::kInvalidRequest);
  EXPECT_EQ(refused({{"host", "x"}}, "producer_byte_rate", 1), ErrorCode::kInvalidRequest);
  EXPECT_EQ(refused({{"user", ""}}, "producer_byte_rate", 1), ErrorCode::kInvalidRequest);
  EXPECT_EQ(refused({{"user", "u"}, {"ip", "::1"}}, "producer_byte_rate", 1), ErrorCode::kInvalidRequest);
  EXPECT_EQ(refused({{"ip", "::1"}}, "connection_creation_rate", 1), ErrorCode::kInvalidRequest);
  EXPECT_EQ(refused({{"user", "u"}}, "controller_mutation_rate", 1), ErrorCode::kInvalidRequest);
  EXPECT_EQ(refused({{"user", "u"}}, "no_such_rate", 1), ErrorCode::kInvalidRequest);
  for (const double value : {0.0, -1.0, 1.5, 1e30, std::nan("")}) {
    EXPECT_EQ(refused({{"user", "u"}}, "producer_byte_rate", value), ErrorCode::kInvalidRequest) << value;
  }
  EXPECT_EQ(alter({{"user", "u"}}, {{"producer_byte_rate", 1}, {"producer_byte_rate", 2}}).code, ErrorCode::kInvalidRequest);
  const Entry twice{{{"user", "u"}}, {{"producer_byte_rate", 1}}};
  const auto answer = commit(AlterClientQuotas{{twice, twice}});
  ASSERT_EQ(answer->size(), 1U);
  EXPECT_EQ(answer->front().verdict.code, ErrorCode::kInvalidRequest);
  EXPECT_TRUE(image().quotas()->empty());
}

}  // namespace
}  // namespace barnabas::controller
