#include "metadata/image.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/sim_clock.h"
#include "metadata/image_builder.h"
#include "metadata/image_holder.h"
#include "metadata/loader.h"

namespace barnabas::metadata {
namespace {

TopicId id(std::uint8_t n) {
  TopicId topic;
  topic.bytes.fill(std::byte{n});
  return topic;
}

Record topic(const TopicId& topic_id, std::string name) {
  TopicRecord record;
  record.topic_id = topic_id;
  record.name = std::move(name);
  return record;
}

Record partition(const TopicId& topic_id, PartitionIndex index, BrokerId leader = 1) {
  PartitionRecord record;
  record.topic_id = topic_id;
  record.partition = index;
  record.replicas = record.isr = {leader};
  record.directories = {Uuid{}};
  record.leader = leader;
  return record;
}

Record config(ResourceType type, std::string resource, std::string name, std::optional<std::string> value) {
  ConfigRecord record;
  record.resource_type = static_cast<std::int8_t>(type);
  record.resource_name = std::move(resource);
  record.name = std::move(name);
  record.value = std::move(value);
  return record;
}

Record removal(const TopicId& topic_id) {
  RemoveTopicRecord record;
  record.topic_id = topic_id;
  return record;
}

Record broker(BrokerId broker_id, std::string host) {
  RegisterBrokerRecord record;
  record.broker_id = broker_id;
  record.incarnation = id(9);
  auto& endpoint = record.endpoints.emplace_back();
  endpoint.name = "PLAINTEXT";
  endpoint.host = std::move(host);
  endpoint.port = 9092;
  return record;
}

class ImageTest : public ::testing::Test {
 protected:
  // Applies one batch and keeps the image before it.
  ImageDelta apply(const std::vector<Record>& records) {
    Batch batch{image_->end(), ControllerEpoch(3), {}};
    for (const Record& record : records) batch.records.push_back(*encode_record(record));
    ImageBuilder builder(*image_);
    const auto applied = builder.apply(batch);
    EXPECT_TRUE(applied.has_value()) << applied.error().message;
    before_ = image_;
    image_ = builder.image();
    return difference(*before_, *image_, builder.touched());
  }
  Errc refuse(const Record& record) {
    ImageBuilder builder(*image_);
    const auto applied = builder.apply(record, image_->end());
    EXPECT_FALSE(applied.has_value());
    return applied.has_value() ? Errc::kIo : applied.error().code;
  }

  ImagePtr before_;
  ImagePtr image_ = std::make_shared<const Image>("cluster");
};

TEST_F(ImageTest, ATopicIsFoundByNameAndById) {
  const ImageDelta delta = apply({topic(id(1), "orders"), partition(id(1), 0), partition(id(1), 1, 2)});
  const Topic* orders = image_->find_topic(std::string_view("orders"));
  ASSERT_NE(orders, nullptr);
  EXPECT_EQ(orders, image_->find_topic(id(1)));
  EXPECT_EQ(image_->find_partition("orders", 1)->leader, 2);
  EXPECT_EQ(image_->find_partition({id(1), 0})->leader, 1);
  EXPECT_EQ(image_->find_partition("orders", 2), nullptr);
  EXPECT_EQ(image_->find_partition("orders", -1), nullptr);
  EXPECT_EQ(image_->topic_count(), 1U);
  EXPECT_EQ(image_->partition_count(), 2);
  EXPECT_EQ(image_->end(), MetadataOffset(3));
  EXPECT_EQ(image_->epoch(), ControllerEpoch(3));
  ASSERT_EQ(delta.created.size(), 1U);
  EXPECT_EQ(delta.created[0]->name, "orders");
  EXPECT_EQ(before_->find_topic(id(1)), nullptr) << "an image changed";
}

TEST_F(ImageTest, AChangeStepsTheEpochsAndIsTold) {
  apply({topic(id(1), "orders"), partition(id(1), 0), partition(id(1), 1)});
  PartitionChangeRecord shrink;
  shrink.topic_id = id(1);
  shrink.partition = 1;
  shrink.isr = std::vector<BrokerId>{};
  PartitionChangeRecord elect = shrink;
  elect.leader = 5;
  const ImageDelta delta = apply({shrink, elect});
  const Partition* changed = image_->find_partition("orders", 1);
  EXPECT_EQ(changed->leader, 5);
  EXPECT_EQ(changed->leader_epoch, LeaderEpoch(1));
  EXPECT_EQ(changed->partition_epoch, 2);
  EXPECT_TRUE(changed->isr.empty());
  ASSERT_EQ(delta.changed.size(), 1U);
  EXPECT_EQ(delta.changed[0].partitions, std::vector<PartitionIndex>{1});
  EXPECT_FALSE(delta.changed[0].configs);
  EXPECT_EQ(before_->find_partition("orders", 1)->leader, 1);
}

TEST_F(ImageTest, ATopicCreatedAgainUnderItsNameInheritsNothing) {
  apply({topic(id(1), "orders"), partition(id(1), 0), config(ResourceType::kTopic, "orders", "retention.ms", "5")});
  EXPECT_EQ(image_->topic_configs("orders").at("retention.ms"), "5");
  const ImageDelta delta = apply({removal(id(1)), topic(id(2), "orders"), partition(id(2), 0)});
  EXPECT_TRUE(image_->topic_configs("orders").empty());
  EXPECT_EQ(image_->find_topic(id(1)), nullptr);
  EXPECT_EQ(image_->partition_count(), 1);
  ASSERT_EQ(delta.deleted.size(), 1U);
  ASSERT_EQ(delta.created.size(), 1U);
  EXPECT_EQ(delta.deleted[0]->id, id(1));
  EXPECT_EQ(delta.created[0]->id, id(2));
}

TEST_F(ImageTest, ATopicThatCameAndWentInOneBatchIsNotTold) {
  EXPECT_TRUE(apply({topic(id(1), "orders"), partition(id(1), 0), removal(id(1))}).empty());
  EXPECT_EQ(image_->partition_count(), 0);
}

TEST_F(ImageTest, ConfigsAreSetAndFallBack) {
  apply({topic(id(1), "orders"), partition(id(1), 0)});
  ImageDelta delta = apply({config(ResourceType::kTopic, "orders", "a", "1"), config(ResourceType::kBroker, "", "b", "2"),
                            config(ResourceType::kBroker, "7", "c", "3")});
  ASSERT_EQ(delta.changed.size(), 1U);
  EXPECT_TRUE(delta.changed[0].configs);
  EXPECT_TRUE(delta.changed[0].partitions.empty());
  EXPECT_EQ(delta.broker_configs, (std::vector<std::string>{"", "7"}));
  EXPECT_EQ(image_->broker_configs("7").at("c"), "3");
  EXPECT_TRUE(image_->broker_configs("8").empty());
  delta = apply({config(ResourceType::kTopic, "orders", "a", std::nullopt), config(ResourceType::kBroker, "7", "c", std::nullopt)});
  EXPECT_TRUE(image_->topic_configs("orders").empty());
  EXPECT_FALSE(image_->all_broker_configs().contains("7"));
  EXPECT_EQ(delta.broker_configs, std::vector<std::string>{"7"});
}

TEST_F(ImageTest, ABrokersEpochIsTheOffsetOfItsRegistration) {
  apply({topic(id(1), "orders"), broker(7, "old.example")});
  EXPECT_EQ(image_->find_broker(7)->epoch, 1);
  const ImageDelta delta = apply({broker(7, "new.example")});
  EXPECT_EQ(image_->find_broker(7)->epoch, 2);
  EXPECT_EQ(image_->find_broker(7)->find_endpoint("PLAINTEXT")->host, "new.example");
  EXPECT_EQ(delta.brokers, std::vector<BrokerId>{7});
}

// A6
TEST_F(ImageTest, NamesThatMetricsConfuseAreFound) {
  apply({topic(id(1), "a.b_c")});
  EXPECT_EQ(image_->colliding_topic("a_b.c"), "a.b_c");
  EXPECT_EQ(image_->colliding_topic("a.b_c"), "");
  EXPECT_EQ(image_->colliding_topic("a.b.d"), "");
  apply({removal(id(1))});
  EXPECT_EQ(image_->colliding_topic("a_b.c"), "");
}

TEST_F(ImageTest, RecordsThatDoNotFitAreRefused) {
  apply({topic(id(1), "orders"), partition(id(1), 0)});
  EXPECT_EQ(refuse(topic(id(1), "other")), Errc::kCorrupt);
  EXPECT_EQ(refuse(topic(id(2), "orders")), Errc::kCorrupt);
  EXPECT_EQ(refuse(partition(id(2), 0)), Errc::kCorrupt);
  EXPECT_EQ(refuse(partition(id(1), 2)), Errc::kCorrupt);
  EXPECT_EQ(refuse(partition(id(1), -1)), Errc::kCorrupt);
  EXPECT_EQ(refuse(removal(id(2))), Errc::kCorrupt);
  EXPECT_EQ(refuse(config(ResourceType::kTopic, "none", "a", "b")), Errc::kCorrupt);
  EXPECT_EQ(refuse(config(ResourceType{99}, "none", "a", "b")), Errc::kUnsupported);
  PartitionChangeRecord change;
  change.topic_id = id(1);
  change.partition = 3;
  EXPECT_EQ(refuse(change), Errc::kCorrupt);
  FeatureLevelRecord level;
  level.name = kMetadataVersionFeature;
  level.level = kMetadataVersion + 1;
  EXPECT_EQ(refuse(level), Errc::kUnsupported);
}

TEST(Records, ANewerKindOrVersionIsRefusedByName) {
  Bytes bytes = *encode_record(topic(id(1), "orders"));
  EXPECT_TRUE(decode_record(bytes).has_value());
  bytes[3] = std::byte{1};
  EXPECT_EQ(decode_record(bytes).error().code, Errc::kUnsupported);
  bytes[3] = std::byte{0};
  bytes[1] = std::byte{200};
  EXPECT_EQ(decode_record(bytes).error().code, Errc::kUnsupported);
  bytes[0] = std::byte{0xff};
  EXPECT_EQ(decode_record(bytes).error().code, Errc::kUnsupported);
}

TEST(Records, EveryCutIsRefused) {
  for (const Record& record :
       {topic(id(1), "orders"), partition(id(1), 0), broker(1, "host"), config(ResourceType::kTopic, "t", "n", "v")}) {
    const Bytes bytes = *encode_record(record);
    EXPECT_EQ(*decode_record(bytes), record);
    for (std::size_t size = 0; size < bytes.size(); ++size) EXPECT_FALSE(decode_record(ByteView(bytes).first(size)).has_value()) << size;
  }
}

TEST_F(ImageTest, ASnapshotMakesTheSameImage) {
  FeatureLevelRecord level;
  level.name = kMetadataVersionFeature;
  level.level = 1;
  ProducerIdsRecord ids;
  ids.next_producer_id = 5000;
  std::vector<Record> records{level, broker(3, "host"), ids, config(ResourceType::kBroker, "3", "c", "3")};
  for (std::uint8_t n = 1; n < 100; ++n) {
    records.push_back(topic(id(n), "topic." + std::to_string(n)));
    for (PartitionIndex p = 0; p < n % 5; ++p) records.push_back(partition(id(n), p));
    records.push_back(config(ResourceType::kTopic, "topic." + std::to_string(n), "retention.ms", std::to_string(n)));
  }
  apply(records);
  const Bytes snapshot = encode_image(*image_);

  ImageBuilder builder{Image("cluster")};
  builder.touch_all(*image_);
  ASSERT_TRUE(builder.apply_snapshot({image_->end(), image_->epoch()}, snapshot).has_value());
  const ImagePtr again = builder.image();
  EXPECT_TRUE(difference(*image_, *again, builder.touched()).empty());
  EXPECT_EQ(again->topic_count(), 99U);
  EXPECT_EQ(again->partition_count(), image_->partition_count());
  EXPECT_EQ(again->end(), image_->end());
  EXPECT_EQ(again->epoch(), image_->epoch());
  EXPECT_EQ(again->next_producer_id(), 5000);
  EXPECT_EQ(again->find_broker(3)->epoch, image_->find_broker(3)->epoch);
  EXPECT_EQ(again->colliding_topic("topic_4"), "topic.4");
  for (std::size_t size = 1; size < 200; ++size) {
    ImageBuilder cut{Image("cluster")};
    (void)cut.apply_snapshot({}, ByteView(snapshot).first(snapshot.size() - size));  // refused or shorter, never a crash
  }
}

TEST_F(ImageTest, OneTopicMoreAmongAHundredThousandSharesTheRest) {
  ImageBuilder builder(*image_);
  SimRandom random(5);
  MetadataOffset offset(0);
  for (int n = 0; n < 100'000; ++n) {
    const TopicId topic_id = Uuid::random(random);
    ASSERT_TRUE(builder.apply(topic(topic_id, "topic-" + std::to_string(n)), offset).has_value());
    ASSERT_TRUE(builder.apply(partition(topic_id, 0), offset + 1).has_value());
    offset = offset + 2;
  }
  image_ = builder.image();
  ASSERT_EQ(image_->topic_count(), 100'000U);
  for (int n = 0; n < 1000; ++n) {
    TopicId topic_id = Uuid::random(random);
    const ImageDelta delta = apply({topic(topic_id, "more-" + std::to_string(n)), partition(topic_id, 0)});
    ASSERT_EQ(delta.created.size(), 1U);
    ASSERT_TRUE(delta.changed.empty());
  }
  int same = 0;
  before_->for_each_topic([&](const TopicPtr& was) { same += image_->find_topic(was->id) == was.get() ? 1 : 0; });
  EXPECT_EQ(same, 100'999);
}

// Random operations against the simplest model there is.
TEST_F(ImageTest, BehavesLikeAModel) {
  struct ModelTopic {
    TopicId id;
    std::map<std::string, std::string> configs;
    std::vector<BrokerId> leaders;
  };
  std::map<std::string, ModelTopic> model;
  SimRandom random(99);
  for (int step = 0; step < 3000; ++step) {
    std::vector<Record> batch;
    for (auto n = 1 + random.below(4); n > 0; --n) {
      const std::string name = "t" + std::to_string(random.below(60));
      const auto found = model.find(name);
      if (found == model.end()) {
        ModelTopic fresh{Uuid::random(random), {}, {}};
        batch.push_back(topic(fresh.id, name));
        for (auto p = random.below(4); p > 0; --p) {
          fresh.leaders.push_back(static_cast<BrokerId>(random.below(5)));
          batch.push_back(partition(fresh.id, static_cast<PartitionIndex>(fresh.leaders.size() - 1), fresh.leaders.back()));
        }
        model.emplace(name, fresh);
      } else if (random.chance(0.3)) {
        batch.push_back(removal(found->second.id));
        model.erase(found);
      } else if (random.chance(0.5)) {
        const std::string key = "c" + std::to_string(random.below(3));
        if (random.chance(0.5)) {
          batch.push_back(config(ResourceType::kTopic, name, key, "v" + std::to_string(step)));
          found->second.configs[key] = "v" + std::to_string(step);
        } else {
          batch.push_back(config(ResourceType::kTopic, name, key, std::nullopt));
          found->second.configs.erase(key);
        }
      } else if (!found->second.leaders.empty()) {
        PartitionChangeRecord change;
        change.topic_id = found->second.id;
        change.partition = static_cast<PartitionIndex>(random.below(found->second.leaders.size()));
        change.leader = static_cast<BrokerId>(random.below(5));
        found->second.leaders[static_cast<std::size_t>(change.partition)] = change.leader;
        batch.push_back(change);
      }
    }
    if (batch.empty()) continue;
    apply(batch);
    ASSERT_EQ(image_->topic_count(), model.size());
  }
  std::int64_t partitions = 0;
  for (const auto& [name, expected] : model) {
    const Topic* found = image_->find_topic(std::string_view(name));
    ASSERT_NE(found, nullptr);
    EXPECT_EQ(found->id, expected.id);
    EXPECT_EQ(image_->find_topic(expected.id), found);
    EXPECT_EQ(*found->configs, ConfigOverrides(expected.configs.begin(), expected.configs.end()));
    ASSERT_EQ(found->partitions.size(), expected.leaders.size());
    for (std::size_t p = 0; p < expected.leaders.size(); ++p) EXPECT_EQ(found->partitions[p]->leader, expected.leaders[p]);
    partitions += static_cast<std::int64_t>(expected.leaders.size());
  }
  EXPECT_EQ(image_->partition_count(), partitions);
}

TEST(ImageHolder, AReaderSeesEachPublishedImageAndKeepsItsOwn) {
  ImageHolder holder(std::make_shared<const Image>("first"));
  ImageReader reader(holder);
  EXPECT_EQ(reader.current()->cluster_id(), "first");
  const ImagePtr kept = reader.current();
  holder.publish(std::make_shared<const Image>("second"));
  EXPECT_EQ(reader.current()->cluster_id(), "second");
  EXPECT_EQ(holder.current(), reader.current());
  EXPECT_EQ(kept->cluster_id(), "first");
}

class Follower final : public Publisher {
 public:
  explicit Follower(const MetadataLoader& loader) : loader_(loader) {}
  void on_image(const ImagePtr& before, const ImagePtr& now, const ImageDelta& delta) override {
    EXPECT_EQ(loader_.holder().current(), now);
    if (last_ != nullptr) { EXPECT_EQ(before, last_); }
    last_ = now;
    deltas.push_back(delta);
  }
  std::vector<ImageDelta> deltas;

 private:
  const MetadataLoader& loader_;
  ImagePtr last_;
};

TEST(MetadataLoader, PublishesOnceWhenCaughtUpAndThenEachBatch) {
  std::string fatal;
  MetadataLoader loader("cluster", [&](std::string reason) { fatal = std::move(reason); });
  Follower follower(loader);
  loader.add_publisher(follower);
  loader.on_batch({MetadataOffset(0), ControllerEpoch(1), {*encode_record(topic(id(1), "gone"))}});
  loader.on_batch({MetadataOffset(1), ControllerEpoch(1), {*encode_record(topic(id(2), "there"))}});
  loader.on_batch({MetadataOffset(2), ControllerEpoch(1), {*encode_record(removal(id(1)))}});
  EXPECT_TRUE(follower.deltas.empty());
  EXPECT_EQ(loader.holder().current()->topic_count(), 0U);
  loader.on_caught_up();
  ASSERT_EQ(follower.deltas.size(), 1U);
  EXPECT_EQ(follower.deltas[0].created.size(), 1U);
  EXPECT_TRUE(follower.deltas[0].deleted.empty());
  loader.on_leader(Leader{4, ControllerEpoch(2), false});
  EXPECT_EQ(loader.holder().current()->controller(), 4);
  EXPECT_TRUE(follower.deltas.back().controller);

  // A node that fell behind gets a snapshot: what it does not hold is gone.
  ImageBuilder other{Image("cluster")};
  ASSERT_TRUE(other.apply(topic(id(3), "new"), MetadataOffset(0)).has_value());
  loader.on_snapshot({MetadataOffset(10), ControllerEpoch(2)}, encode_image(*other.image()));
  EXPECT_EQ(follower.deltas.back().deleted[0]->name, "there");
  EXPECT_EQ(follower.deltas.back().created[0]->name, "new");
  EXPECT_EQ(loader.holder().current()->controller(), 4);
  EXPECT_EQ(loader.holder().current()->end(), MetadataOffset(10));
  EXPECT_TRUE(fatal.empty());
}

TEST(MetadataLoader, ARecordItDoesNotKnowStopsTheNodeAndKeepsTheLastImage) {
  std::string fatal;
  MetadataLoader loader("cluster", [&](std::string reason) { fatal = std::move(reason); });
  loader.on_caught_up();
  Bytes newer = *encode_record(topic(id(1), "orders"));
  newer[3] = std::byte{1};
  loader.on_batch({MetadataOffset(0), ControllerEpoch(1), {*encode_record(topic(id(2), "fine")), newer}});
  EXPECT_NE(fatal.find("version 1"), std::string::npos) << fatal;
  EXPECT_EQ(loader.holder().current()->topic_count(), 0U);
}

}  // namespace
}  // namespace barnabas::metadata
