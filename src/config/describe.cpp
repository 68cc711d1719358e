#include "config/describe.h"

#include <algorithm>
#include <string>

#include "config/topic_synonyms.h"
#include "config/value.h"

namespace barnabas {
namespace {

std::optional<std::string> shown(const Setting& row, std::optional<std::string_view> text) {
  if (row.sensitive() || !text) return std::nullopt;
  return std::string(*text);
}

// What the broker's own setting adds: its value, when it was set, and its default behind it.
void add_broker_synonyms(const Settings& settings, std::string_view name, std::vector<ConfigSynonym>& synonyms) {
  const Setting* row = find_setting(broker_settings(), name);
  if (row == nullptr) return;
  const auto add = [&](std::optional<std::string_view> text, ConfigSource source) {
    if (text) synonyms.push_back({std::string(name), shown(*row, text), source});
  };
  add(settings.broker_text(name), ConfigSource::kDynamicBroker);
  add(settings.cluster_text(name), ConfigSource::kDynamicDefaultBroker);
  if (settings.is_set(name))
    add(settings.start_text(name), ConfigSource::kStaticBroker);
  else if (row->default_value == nullptr)  // derived, such as log.dirs
    add(settings.start_text(name), ConfigSource::kDefault);
  if (row->default_value) synonyms.push_back({std::string(name), shown(*row, row->default_value), ConfigSource::kDefault});
}

ConfigEntry blank_entry(const Setting& row) {
  return {.name = row.name,
          .value = std::nullopt,
          .source = ConfigSource::kDefault,
          .read_only = false,
          .sensitive = row.sensitive(),
          .type = row.type,
          .doc = row.doc,
          .synonyms = {}};
}

// The resource's own value, in canonical spelling where it still has one.
std::optional<std::string> own_value(const Setting& row, const ConfigMap& overrides) {
  const auto own = overrides.find(row.name);
  if (own == overrides.end()) return std::nullopt;
  return parse_value(row, own->second).value_or(own->second);
}

std::optional<std::string_view> default_text(const Setting& row) {
  return row.default_value ? std::optional<std::string_view>(row.default_value) : std::nullopt;
}

// log.retention.minutes and .hours stand behind log.retention.ms, where that is set.
void add_coarser_units(const Settings& settings, std::string_view name, std::vector<ConfigSynonym>& synonyms) {
  for (const Setting& config : topic_settings()) {
    const auto family = topic_synonyms(config.name);
    const auto self = std::ranges::find(family, name, &TopicSynonym::broker_name);
    if (self == family.end()) continue;
    for (const TopicSynonym& coarser : std::span(self + 1, family.end())) add_broker_synonyms(settings, coarser.broker_name, synonyms);
    return;
  }
}

// What was set for a resource that has nothing behind it but the defaults.
std::vector<ConfigEntry> describe_set(std::span<const Setting> rows, const ConfigMap& overrides, ConfigSource source, bool only_set) {
  std::vector<ConfigEntry> entries;
  for (const Setting& row : rows) {
    const auto own = own_value(row, overrides);
    if (only_set && !own) continue;
    ConfigEntry entry = blank_entry(row);
    entry.read_only = row.live == Live::kRestart;
    entry.value = shown(row, own ? own : default_text(row));
    if (own) {
      entry.source = source;
      entry.synonyms.push_back({std::string(row.name), entry.value, source});
    }
    entries.push_back(std::move(entry));
  }
  return entries;
}

// A group's config has the broker's group.* setting behind it (KIP-848).
std::string group_synonym(std::string_view name) { return "group." + std::string(name); }

}  // namespace

std::vector<ConfigEntry> describe_topic(const Settings& settings, const ConfigMap& overrides) {
  std::vector<ConfigEntry> entries;
  for (const Setting& row : topic_settings()) {
    ConfigEntry entry = blank_entry(row);
    const auto own = own_value(row, overrides);
    if (own) entry.synonyms.push_back({std::string(row.name), shown(row, own), ConfigSource::kDynamicTopic});
    for (const TopicSynonym& synonym : topic_synonyms(row.name)) add_broker_synonyms(settings, synonym.broker_name, entry.synonyms);
    if (!entry.synonyms.empty()) entry.source = entry.synonyms.front().source;
    entry.value = shown(row, own ? own : broker_value(settings, row.name));
    // Kafka hides its test configs until somebody sets them.
    if (row.name.starts_with("internal.") && !own) continue;
    entries.push_back(std::move(entry));
  }
  return entries;
}

std::vector<ConfigEntry> describe_broker(const Settings& settings) {
  std::vector<ConfigEntry> entries;
  for (const Setting& row : broker_settings()) {
    ConfigEntry entry = blank_entry(row);
    entry.read_only = row.live == Live::kRestart;
    add_broker_synonyms(settings, row.name, entry.synonyms);
    if (!entry.synonyms.empty()) add_coarser_units(settings, row.name, entry.synonyms);
    if (!entry.synonyms.empty()) entry.source = entry.synonyms.front().source;
    entry.value = shown(row, settings.text(row.name));
    entries.push_back(std::move(entry));
  }
  return entries;
}

std::vector<ConfigEntry> describe_all_brokers(const ConfigMap& overrides) {
  return describe_set(broker_settings(), overrides, ConfigSource::kDynamicDefaultBroker, /*only_set=*/true);
}

std::vector<ConfigEntry> describe_client_metrics(const ConfigMap& overrides) {
  return describe_set(client_metrics_settings(), overrides, ConfigSource::kDynamicClientMetrics, /*only_set=*/false);
}

std::vector<ConfigEntry> describe_group(const Settings& settings, const ConfigMap& overrides) {
  std::vector<ConfigEntry> entries;
  for (const Setting& row : group_settings()) {
    ConfigEntry entry = blank_entry(row);
    const auto own = own_value(row, overrides);
    const std::string broker_name = group_synonym(row.name);
    if (own) entry.synonyms.push_back({std::string(row.name), shown(row, own), ConfigSource::kDynamicGroup});
    add_broker_synonyms(settings, broker_name, entry.synonyms);
    if (!entry.synonyms.empty()) entry.source = entry.synonyms.front().source;
    const auto broker = settings.text(broker_name);
    entry.value = own ? shown(row, own) : shown(row, broker ? broker : default_text(row));
    entries.push_back(std::move(entry));
  }
  return entries;
}

}  // namespace barnabas
