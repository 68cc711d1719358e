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
  if (settings.is_set(name))
    synonyms.push_back({std::string(name), shown(*row, settings.text(name)), ConfigSource::kStaticBroker});
  else if (settings.text(name) && row->default_value == nullptr)  // derived, such as log.dirs
    synonyms.push_back({std::string(name), shown(*row, settings.text(name)), ConfigSource::kDefault});
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
    // Nothing can be changed while the broker runs, yet.
    entry.read_only = true;
    add_broker_synonyms(settings, row.name, entry.synonyms);
    if (!entry.synonyms.empty()) entry.source = entry.synonyms.front().source;
    entry.value = shown(row, settings.text(row.name));
    entries.push_back(std::move(entry));
  }
  return entries;
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
