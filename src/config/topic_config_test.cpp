#include "config/topic_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/describe.h"

namespace barnabas {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Settings broker(std::vector<std::string> overrides = {}) {
  SettingSources sources;
  sources.environment = {{"HOME", "/h"}};
  sources.overrides = std::move(overrides);
  auto settings = Settings::load(sources);
  EXPECT_TRUE(settings) << settings.error().message;
  return *std::move(settings);
}

TopicConfig topic(const Settings& settings, const ConfigMap& overrides = {}) {
  const auto config = TopicConfig::make(settings, overrides);
  EXPECT_TRUE(config) << config.error().message;
  return config.value_or(TopicConfig());
}

TEST(TopicConfig, KafkasDefaults) {
  const TopicConfig config = topic(broker());
  EXPECT_EQ(config.segment_bytes, 1 << 30);
  EXPECT_EQ(config.segment_ms, 604'800'000);
  EXPECT_EQ(config.retention_ms, 604'800'000);
  EXPECT_EQ(config.retention_bytes, -1);
  EXPECT_EQ(config.max_message_bytes, 1'048'588);
  EXPECT_EQ(config.index_interval_bytes, 4096);
  EXPECT_EQ(config.segment_index_bytes, 10'485'760);
  EXPECT_EQ(config.flush_ms, INT64_MAX);
  EXPECT_EQ(config.file_delete_delay_ms, 60'000);
  EXPECT_EQ(config.message_timestamp_after_max_ms, 3'600'000);
  EXPECT_EQ(config.compression_type, CompressionPolicy::kProducer);
  EXPECT_EQ(config.min_cleanable_dirty_ratio, 0.5);
  EXPECT_TRUE(config.cleanup_delete);
  EXPECT_FALSE(config.cleanup_compact);
}

TEST(TopicConfig, TheTopicOverrulesTheBrokerAndTheFinestUnitTheOthers) {
  EXPECT_EQ(topic(broker({"log.retention.hours=1"})).retention_ms, 3'600'000);
  EXPECT_EQ(topic(broker({"log.retention.hours=1", "log.retention.minutes=2"})).retention_ms, 120'000);
  const Settings settings = broker({"log.retention.hours=1", "log.retention.minutes=2", "log.retention.ms=3"});
  EXPECT_EQ(topic(settings).retention_ms, 3);
  EXPECT_EQ(topic(settings, {{"retention.ms", "4"}}).retention_ms, 4);
  EXPECT_EQ(topic(broker({"log.retention.hours=-7"})).retention_ms, -1) << "for ever";
  EXPECT_EQ(topic(broker({"log.retention.hours=2147483647"})).retention_ms, 2147483647LL * 3'600'000);
  EXPECT_EQ(topic(broker({"log.roll.hours=1"})).segment_ms, 3'600'000);
  EXPECT_EQ(topic(broker({"log.flush.scheduler.interval.ms=9"})).flush_ms, 9);
  EXPECT_EQ(topic(broker({"log.segment.delete.delay.ms=9"})).file_delete_delay_ms, 9);
}

TEST(TopicConfig, CompactAndDeleteAloneAndTogether) {
  EXPECT_TRUE(check_topic_configs(broker(), {{"cleanup.policy", "compact"}}));
  const TopicConfig both = topic(broker(), {{"cleanup.policy", "compact,delete"}});
  EXPECT_TRUE(both.cleanup_compact);
  EXPECT_TRUE(both.cleanup_delete);
  EXPECT_FALSE(check_topic_configs(broker(), {{"cleanup.policy", "compress"}}));
}

TEST(TopicConfig, ACompactedTopic) {
  const TopicConfig config = topic(broker(), {{"cleanup.policy", "compact"}, {"compression.type", "zstd"}, {"segment.bytes", "104857600"}});
  EXPECT_TRUE(config.cleanup_compact);
  EXPECT_FALSE(config.cleanup_delete);
  EXPECT_EQ(config.compression_type, CompressionPolicy::kZstd);
}

TEST(TopicConfig, ATestMaySetATinySegment) { EXPECT_EQ(topic(broker(), {{"internal.segment.bytes", "100"}}).segment_bytes, 100); }

TEST(TopicConfig, ValuesThatContradictEachOther) {
  EXPECT_FALSE(TopicConfig::make(broker(), {{"min.compaction.lag.ms", "10"}, {"max.compaction.lag.ms", "5"}}));
  EXPECT_TRUE(TopicConfig::make(broker(), {{"min.compaction.lag.ms", "10"}, {"max.compaction.lag.ms", "10"}}));
}

// Each line as Kafka 4.3.1 answers it. A6: a bad config is INVALID_CONFIG.
TEST(TopicConfig, WhatKafkaTakes) {
  for (const auto& [name, value] : std::vector<std::pair<std::string, std::string>>{{"cleanup.policy", ""},
                                                                                    {"cleanup.policy", "delete,delete"},
                                                                                    {"cleanup.policy", " delete "},
                                                                                    {"retention.ms", "-1"},
                                                                                    {"retention.ms", " 5 "},
                                                                                    {"retention.ms", "+5"},
                                                                                    {"retention.ms", "9223372036854775807"},
                                                                                    {"retention.bytes", "-5"},
                                                                                    {"preallocate", "TRUE"},
                                                                                    {"preallocate", " true "},
                                                                                    {"min.cleanable.dirty.ratio", "1e-1"},
                                                                                    {"min.cleanable.dirty.ratio", "0.5f"},
                                                                                    {"min.cleanable.dirty.ratio", ".5"},
                                                                                    {"min.cleanable.dirty.ratio", "+0.5"},
                                                                                    {"compression.type", "uncompressed"},
                                                                                    {"compression.gzip.level", "-1"},
                                                                                    {"compression.lz4.level", "17"},
                                                                                    {"compression.zstd.level", "-131072"},
                                                                                    {"leader.replication.throttled.replicas", "*"},
                                                                                    {"leader.replication.throttled.replicas", "0:1,1:2"},
                                                                                    {"leader.replication.throttled.replicas", ""},
                                                                                    {"leader.replication.throttled.replicas", "0:1,0:1"},
                                                                                    {"message.timestamp.type", "LogAppendTime "},
                                                                                    {"internal.segment.bytes", "100"},
                                                                                    {"local.retention.ms", "-1"},
                                                                                    {"segment.ms", "2147483648"},
                                                                                    {"min.compaction.lag.ms", "9223372036854775807"},
                                                                                    {"unclean.leader.election.enable", "true"}})
    EXPECT_TRUE(validate_topic_config(name, value)) << name << "=" << value << ": " << validate_topic_config(name, value).error().message;
}

TEST(TopicConfig, WhatKafkaRefuses) {
  for (const auto& [name, value] : std::vector<std::pair<std::string, std::string>>{{"cleanup.policy", "Delete"},
                                                                                    {"cleanup.policy", ",delete"},
                                                                                    {"cleanup.policy", "delete,"},
                                                                                    {"cleanup.policy", "none"},
                                                                                    {"retention.ms", "-2"},
                                                                                    {"retention.ms", "1e3"},
                                                                                    {"retention.ms", "9223372036854775808"},
                                                                                    {"retention.ms", ""},
                                                                                    {"retention.ms", "+-5"},
                                                                                    {"retention.ms", "5 5"},
                                                                                    {"retention.bytes", "0x10"},
                                                                                    {"preallocate", "yes"},
                                                                                    {"min.cleanable.dirty.ratio", "1.01"},
                                                                                    {"compression.type", "Gzip"},
                                                                                    {"compression.type", "none"},
                                                                                    {"compression.gzip.level", "0"},
                                                                                    {"compression.gzip.level", "10"},
                                                                                    {"compression.zstd.level", "-131073"},
                                                                                    {"leader.replication.throttled.replicas", "none"},
                                                                                    {"leader.replication.throttled.replicas", "0:1:2"},
                                                                                    {"leader.replication.throttled.replicas", "*,0:1"},
                                                                                    {"segment.bytes", "1048575"},
                                                                                    {"message.timestamp.type", "createtime"},
                                                                                    {"local.retention.ms", "-3"},
                                                                                    {"max.message.bytes", "2147483648"},
                                                                                    {"max.compaction.lag.ms", "0"},
                                                                                    {"flush.ms", "-1"},
                                                                                    {"no.such", "1"},
                                                                                    {"message.format.version", "2.0"},
                                                                                    {"", ""}})
    EXPECT_FALSE(validate_topic_config(name, value)) << name << "=" << value;
}

TEST(TopicConfig, TheRefusalSaysWhatIsAllowed) {
  EXPECT_EQ(validate_topic_config("retention.ms", "-2").error().message, "retention.ms=-2: must be a whole number of 64 bits, at least -1");
  EXPECT_EQ(validate_topic_config("retention.mss", "1").error().message,
            "Unknown topic config name: retention.mss; did you mean retention.ms?");
  EXPECT_LT(validate_topic_config("retention.ms", std::string(1 << 20, 'x')).error().message.size(), 500U)
      << "a client's bytes do not fill the answer";
}

TEST(TopicConfig, WhatIsNotBuiltIsRefusedAndSaysSo) {
  for (const auto& [name, value] : std::vector<std::pair<std::string, std::string>>{
           {"remote.storage.enable", "true"}, {"remote.log.copy.disable", "true"}, {"remote.log.delete.on.disable", "true"}}) {
    const auto result = check_topic_configs(broker(), {{name, value}});
    ASSERT_FALSE(result) << name;
    EXPECT_THAT(result.error().message, HasSubstr("not built"));
  }
  EXPECT_TRUE(check_topic_configs(broker(), {{"remote.storage.enable", "false"}, {"cleanup.policy", "delete"}}));
}

TEST(TopicConfig, NotANumberIsNoRatio) { EXPECT_FALSE(validate_topic_config("min.cleanable.dirty.ratio", "NaN")); }

TEST(GroupConfig, IsKnownAndWithinBounds) {
  EXPECT_TRUE(validate_group_config("consumer.session.timeout.ms", "45000"));
  EXPECT_FALSE(validate_group_config("consumer.session.timeout.ms", "0"));
  EXPECT_FALSE(validate_group_config("retention.ms", "1"));
  EXPECT_TRUE(validate_group_config("share.auto.offset.reset", "by_duration:P1DT2H3M4.5S"));
  EXPECT_FALSE(validate_group_config("share.auto.offset.reset", "by_duration:soon"));
  EXPECT_FALSE(validate_group_config("share.auto.offset.reset", "by_duration:P"));
}

const ConfigEntry& entry(const std::vector<ConfigEntry>& entries, std::string_view name) {
  return *std::ranges::find(entries, name, &ConfigEntry::name);
}

std::vector<std::string> behind(const ConfigEntry& entry) {
  std::vector<std::string> all;
  for (const ConfigSynonym& synonym : entry.synonyms)
    all.push_back(synonym.name + "=" + synonym.value.value_or("(none)") + " from " + std::to_string(static_cast<int>(synonym.source)));
  return all;
}

TEST(Describe, ATopicsConfigWithAllThatStandsBehindIt) {
  const auto entries = describe_topic(broker({"log.retention.minutes=2"}), {{"retention.ms", " 7 "}});
  EXPECT_EQ(entries.size(), topic_settings().size() - 1) << "without the one for tests";
  const ConfigEntry& retention = entry(entries, "retention.ms");
  EXPECT_EQ(retention.value, "7");
  EXPECT_EQ(retention.source, ConfigSource::kDynamicTopic);
  EXPECT_FALSE(retention.read_only);
  EXPECT_EQ(retention.type, SettingType::kLong);
  EXPECT_THAT(behind(retention), ElementsAre("retention.ms=7 from 1", "log.retention.minutes=2 from 4", "log.retention.hours=168 from 5"));
}

TEST(Describe, ATopicsDefault) {
  const auto entries = describe_topic(broker(), {});
  EXPECT_EQ(entry(entries, "retention.ms").value, "604800000");
  EXPECT_EQ(entry(entries, "retention.ms").source, ConfigSource::kDefault);
  EXPECT_EQ(entry(entries, "remote.storage.enable").source, ConfigSource::kDefault);
}

// SEC10
TEST(Describe, ABrokersSecretIsNotThere) {
  const auto entries = describe_broker(broker({"password.encoder.iterations=5000", "zookeeper.ssl.keystore.password=hunter2"}));
  const ConfigEntry& secret = entry(entries, "zookeeper.ssl.keystore.password");
  EXPECT_TRUE(secret.sensitive);
  EXPECT_EQ(secret.value, std::nullopt);
  EXPECT_EQ(secret.source, ConfigSource::kStaticBroker);
  EXPECT_THAT(behind(secret), ElementsAre("zookeeper.ssl.keystore.password=(none) from 4"));
  EXPECT_EQ(entry(entries, "password.encoder.iterations").value, "5000");
  EXPECT_EQ(entry(entries, "log.dirs").value, "/h/.local/share/barnabas");
}

TEST(Describe, WhatWasSetWhileItRanComesFirst) {
  const Settings settings = broker({"log.retention.minutes=2"})
                                .with_dynamic({{"log.retention.ms", "9"}, {"max.connections", "50"}}, {{"log.retention.ms", " 7 "}});
  const auto entries = describe_broker(settings);
  const ConfigEntry& retention = entry(entries, "log.retention.ms");
  EXPECT_EQ(retention.value, "7");
  EXPECT_EQ(retention.source, ConfigSource::kDynamicBroker);
  EXPECT_FALSE(retention.read_only);
  EXPECT_THAT(behind(retention), ElementsAre("log.retention.ms=7 from 2", "log.retention.ms=9 from 3", "log.retention.minutes=2 from 4",
                                             "log.retention.hours=168 from 5"));
  EXPECT_THAT(behind(entry(entries, "max.connections")), ElementsAre("max.connections=50 from 3", "max.connections=10000 from 5"));
  EXPECT_TRUE(entry(entries, "node.id").read_only);
  EXPECT_EQ(entry(describe_topic(settings, {}), "retention.ms").value, "7");
  const auto all = describe_all_brokers({{"max.connections", "50"}});
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all.front().source, ConfigSource::kDynamicDefaultBroker);
}

TEST(Describe, WhatCannotChangeWhileItRunsIsPassedOver) {
  const Settings settings =
      broker({"node.id=4"}).with_dynamic({{"node.id", "5"}, {"max.connections", "many"}, {"from.the.future", "1"}}, {});
  EXPECT_EQ(settings.node_id(), 4);
  EXPECT_EQ(settings.get(setting::kMaxConnections), 10000);
  EXPECT_EQ(broker({}).with_dynamic({{"max.connections.per.ip.overrides", "::1:5"}}, {}).connections_per_ip_overrides().at("::1"), 5);
}

TEST(Describe, AGroup) {
  const auto entries = describe_group(broker({"group.consumer.session.timeout.ms=50000"}), {{"consumer.heartbeat.interval.ms", "6000"}});
  EXPECT_EQ(entry(entries, "consumer.session.timeout.ms").value, "50000");
  EXPECT_EQ(entry(entries, "consumer.session.timeout.ms").source, ConfigSource::kStaticBroker);
  EXPECT_EQ(entry(entries, "consumer.heartbeat.interval.ms").source, ConfigSource::kDynamicGroup);
}

}  // namespace
}  // namespace barnabas
