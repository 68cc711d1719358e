#pragma once
// The table and the values as DescribeConfigs (KIP-133, KIP-226, KIP-569) shows them: one entry a config, in its value,
// where that comes from, and the names behind it. Sensitive values are never in an entry. Pure; any thread.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/settings.h"
#include "config/topic_config.h"

namespace barnabas {

// The numbers are DescribeConfigs' own.
enum class ConfigSource : std::int8_t {
  kUnknown = 0,
  kDynamicTopic = 1,
  kDynamicBroker = 2,
  kDynamicDefaultBroker = 3,
  kStaticBroker = 4,
  kDefault = 5,
  kDynamicBrokerLogger = 6,
  kDynamicClientMetrics = 7,
  kDynamicGroup = 8,
};

struct ConfigSynonym {
  std::string name;
  std::optional<std::string> value;
  ConfigSource source;
};

struct ConfigEntry {
  std::string_view name;
  std::optional<std::string> value;  // nullopt also when sensitive
  ConfigSource source;
  bool read_only;
  bool sensitive;
  SettingType type;
  std::string_view doc;
  std::vector<ConfigSynonym> synonyms;  // the first is what holds
};

// By name. `overrides` are the topic's own, as stored: names and values that TopicConfig::make took. A stored value that
// a later version no longer takes is shown as it is.
std::vector<ConfigEntry> describe_topic(const Settings& settings, const ConfigMap& overrides);
// `settings` with what was set while it runs (Settings::with_dynamic).
std::vector<ConfigEntry> describe_broker(const Settings& settings);
// What was set for all brokers, and nothing else.
std::vector<ConfigEntry> describe_all_brokers(const ConfigMap& overrides);
// A subscription of client metrics (KIP-714).
std::vector<ConfigEntry> describe_client_metrics(const ConfigMap& overrides);
std::vector<ConfigEntry> describe_group(const Settings& settings, const ConfigMap& overrides);

}  // namespace barnabas
