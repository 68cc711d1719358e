#include "metadata/image.h"

#include <algorithm>

namespace barnabas::metadata {
namespace {

const ConfigOverrides& no_configs() {
  static const ConfigOverrides kNone;
  return kNone;
}

}  // namespace

Image::Image(std::string cluster_id)
    : brokers_(std::make_shared<const BrokerMap>()),
      broker_configs_(std::make_shared<const ConfigsMap>()),
      group_configs_(broker_configs_),
      client_metrics_(broker_configs_),
      quotas_(std::make_shared<const QuotaMap>()),
      features_(std::make_shared<const FeatureMap>()),
      cluster_id_(std::move(cluster_id)) {}

TopicPtr Image::topic(std::string_view name) const {
  const TopicPtr* found = by_name_.find_shared(name);
  return found == nullptr ? nullptr : *found;
}

TopicPtr Image::topic(const TopicId& id) const {
  const TopicPtr* found = by_id_.find_shared(id);
  return found == nullptr ? nullptr : *found;
}

const Partition* Image::find_partition(std::string_view name, PartitionIndex index) const {
  const Topic* topic = find_topic(name);
  return topic == nullptr ? nullptr : topic->find_partition(index);
}

const Partition* Image::find_partition(const TopicPartition& partition) const {
  const Topic* topic = find_topic(partition.topic);
  return topic == nullptr ? nullptr : topic->find_partition(partition.partition);
}

std::string_view Image::colliding_topic(std::string_view name) const {
  const CollidingName* entry = colliding_.find(unified_topic_name(name));
  return entry == nullptr || entry->name == name ? std::string_view() : entry->name;
}

const ConfigOverrides& Image::topic_configs(std::string_view name) const {
  const Topic* topic = find_topic(name);
  return topic == nullptr ? no_configs() : *topic->configs;
}

const ConfigOverrides& Image::broker_configs(std::string_view broker) const {
  const auto found = broker_configs_->find(broker);
  return found == broker_configs_->end() ? no_configs() : *found->second;
}

const Broker* Image::find_broker(BrokerId id) const {
  const auto found = brokers_->find(id);
  return found == brokers_->end() ? nullptr : found->second.get();
}

std::int16_t Image::feature(std::string_view name) const {
  const auto found = features_->find(name);
  return found == features_->end() ? std::int16_t{0} : found->second;
}

std::string unified_topic_name(std::string_view name) {
  std::string unified(name);
  std::ranges::replace(unified, '.', '_');
  return unified;
}

}  // namespace barnabas::metadata
