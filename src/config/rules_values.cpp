// Numbers that must fit each other, and settings that overrule each other.
#include <fmt/format.h>

#include "config/loader.h"
#include "config/topic_config.h"
#include "config/topic_synonyms.h"

namespace barnabas {

void SettingsLoader::check_values() {
  settings_.durability_ = settings_.get(setting::kBarnabasDurability) == "fsync" ? Durability::kFsync : Durability::kPageCache;
  const std::int64_t queued = settings_.get(setting::kQueuedMaxRequestBytes);
  const std::int32_t request = settings_.get(setting::kSocketRequestMaxBytes);
  if (queued > 0 && queued < request)
    wrong_value("queued.max.request.bytes",
                fmt::format("must be at least socket.request.max.bytes, {}, so that one request fits", request));
  if (settings_.get(setting::kGroupMinSessionTimeoutMs) > settings_.get(setting::kGroupMaxSessionTimeoutMs))
    wrong_value("group.min.session.timeout.ms", "must not be more than group.max.session.timeout.ms");
  if (settings_.get(setting::kOffsetsTopicCompressionCodec) < 0 || settings_.get(setting::kOffsetsTopicCompressionCodec) > 4)
    wrong_value("offsets.topic.compression.codec", "must be 0 (none), 1 (gzip), 2 (snappy), 3 (lz4) or 4 (zstd)");
  if (settings_.get(setting::kDefaultReplicationFactor) < 1) wrong_value("default.replication.factor", "must be at least 1");
  check_retention();
  if (problems_.empty()) check_topic_defaults();
}

// Zero would delete records as they arrive; a negative time is for ever.
void SettingsLoader::check_retention() {
  for (const std::string_view name : {"log.retention.ms", "log.retention.minutes", "log.retention.hours"})
    if (text(name) == "0") wrong_value(name, "must be at least 1, or -1 for ever");
}

// A broker's setting must be what a topic may have, in the topic's unit.
void SettingsLoader::check_topic_defaults() {
  for (const Setting& row : topic_settings()) {
    const auto value = broker_value(settings_, row.name);
    const std::string_view synonym = synonym_in_force(settings_, row.name);
    if (!value || synonym.empty()) continue;
    if (const auto parsed = parse_value(row, *value); !parsed)
      wrong_value(synonym, fmt::format("as a topic's {} it {}", row.name, parsed.error().message));
  }
  if (!problems_.empty()) return;
  if (const auto defaults = TopicConfig::make(settings_, {}); !defaults) wrong(defaults.error().message);
}

void SettingsLoader::warn_overruled() {
  // Each with those that it overrules, as Kafka has them.
  constexpr std::string_view kChains[][3] = {
      {"log.retention.ms", "log.retention.minutes", "log.retention.hours"},
      {"log.roll.ms", "log.roll.hours", ""},
      {"log.roll.jitter.ms", "log.roll.jitter.hours", ""},
  };
  for (const auto& chain : kChains) {
    std::string_view winner;
    for (const std::string_view name : chain) {
      if (name.empty() || !is_set(name)) continue;
      if (!winner.empty())
        warn(fmt::format("{} ({}) has no effect: {} ({}) overrules it", name, settings_.origin(name), winner, settings_.origin(winner)));
      if (winner.empty()) winner = name;
    }
  }
}

}  // namespace barnabas
