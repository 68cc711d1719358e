#include <algorithm>

#include "metadata/image_builder.h"

namespace barnabas::metadata {
namespace {

template <class Map>
std::vector<typename Map::key_type> different_keys(const Map& before, const Map& after) {
  std::vector<typename Map::key_type> keys;
  for (const auto& [key, value] : before) {
    const auto found = after.find(key);
    if (found == after.end() || *found->second != *value) keys.push_back(key);
  }
  for (const auto& [key, value] : after) {
    if (!before.contains(key)) keys.push_back(key);
  }
  return keys;
}

void compare_topic(const TopicPtr& before, const TopicPtr& after, ImageDelta& delta) {
  TopicChange change{.before = before, .after = after, .partitions = {}, .configs = *before->configs != *after->configs};
  for (std::size_t i = 0; i < after->partitions.size(); ++i) {
    const bool same =
        i < before->partitions.size() && (before->partitions[i] == after->partitions[i] || *before->partitions[i] == *after->partitions[i]);
    if (!same) change.partitions.push_back(static_cast<PartitionIndex>(i));
  }
  if (change.configs || !change.partitions.empty()) delta.changed.push_back(std::move(change));
}

}  // namespace

ImageDelta difference(const Image& before, const Image& after, const std::unordered_set<TopicId>& touched) {
  ImageDelta delta;
  for (const TopicId& id : touched) {
    const TopicPtr old_topic = before.topic(id);
    const TopicPtr new_topic = after.topic(id);
    if (old_topic == new_topic) continue;
    if (old_topic == nullptr) {
      delta.created.push_back(new_topic);
    } else if (new_topic == nullptr) {
      delta.deleted.push_back(old_topic);
    } else {
      compare_topic(old_topic, new_topic, delta);
    }
  }
  if (&before.all_broker_configs() != &after.all_broker_configs()) {
    delta.broker_configs = different_keys(before.all_broker_configs(), after.all_broker_configs());
  }
  if (&before.brokers() != &after.brokers()) delta.brokers = different_keys(before.brokers(), after.brokers());
  delta.features = before.features() != after.features();
  delta.controller = before.controller() != after.controller();
  return delta;
}

}  // namespace barnabas::metadata
