#include "replication/partition_manager.h"

#include <algorithm>
#include <mutex>

#include "base/check.h"
#include "base/log.h"

namespace barnabas::replication {

PartitionManager::PartitionManager(storage::LogManager& logs, const Settings& settings, BrokerId self)
    : logs_(logs), settings_(settings), self_(self), live_(settings) {}

std::shared_ptr<Partition> PartitionManager::find(const TopicPartition& partition) const {
  const std::shared_lock lock(mutex_);
  const auto found = partitions_.find(partition);
  return found == partitions_.end() ? nullptr : found->second;
}

std::vector<std::shared_ptr<Partition>> PartitionManager::all() const {
  const std::shared_lock lock(mutex_);
  std::vector<std::shared_ptr<Partition>> partitions;
  partitions.reserve(partitions_.size());
  for (const auto& [id, partition] : partitions_) partitions.push_back(partition);
  return partitions;
}

void PartitionManager::on_image(const metadata::ImagePtr&, const metadata::ImagePtr& now, const metadata::ImageDelta& delta) {
  if (first_image_) set_strangers_aside(*now);
  if (first_image_ || !delta.broker_configs.empty()) take_broker_configs(*now);
  first_image_ = false;
  // Deletions first: a topic that was created again under its name needs the name of the folder.
  for (const metadata::TopicPtr& topic : delta.deleted) drop(*topic);
  for (const metadata::TopicPtr& topic : delta.created) {
    const auto settings = settings_of(*topic);
    for (std::size_t i = 0; i < topic->partitions.size(); ++i) host(*topic, static_cast<PartitionIndex>(i), settings);
  }
  for (const metadata::TopicChange& change : delta.changed) {
    const auto settings = settings_of(*change.after);
    for (const PartitionIndex index : change.partitions) host(*change.after, index, settings);
    if (!change.configs) continue;
    for (std::size_t i = 0; i < change.after->partitions.size(); ++i) {
      if (const auto partition = find(change.after->id, static_cast<PartitionIndex>(i))) partition->set_settings(settings);
    }
  }
}

// The defaults of every topic may have changed.
void PartitionManager::take_broker_configs(const metadata::Image& image) {
  live_ = settings_.with_dynamic(image.broker_configs(""), image.broker_configs(std::to_string(self_)));
  std::unordered_map<TopicId, std::shared_ptr<const TopicSettings>> settings;
  for (const auto& partition : all()) {
    const metadata::Topic* topic = image.find_topic(partition->id().topic);
    if (topic == nullptr) continue;
    auto& shared = settings[topic->id];
    if (shared == nullptr) shared = settings_of(*topic);
    partition->set_settings(shared);
  }
}

std::shared_ptr<const TopicSettings> PartitionManager::settings_of(const metadata::Topic& topic) const {
  auto settings = TopicSettings::make(live_, *topic.configs);
  if (settings) return *std::move(settings);
  log::error("topic config unreadable, defaults hold", {{"topic", topic.name}, {"error", settings.error().message}});
  settings = TopicSettings::make(live_, {});
  if (!settings) settings = TopicSettings::make(settings_, {});
  CHECK(settings);  // the broker's own settings were checked at the start
  return *std::move(settings);
}

// Makes sure that a partition we are a replica of has its log and its role.
void PartitionManager::host(const metadata::Topic& topic, PartitionIndex index, const std::shared_ptr<const TopicSettings>& settings) {
  const metadata::Partition& known = *topic.find_partition(index);
  if (std::ranges::find(known.replicas, self_) == known.replicas.end()) return;
  std::shared_ptr<Partition> partition = find(topic.id, index);
  if (partition == nullptr) {
    const TopicPartition id{topic.id, index};
    std::shared_ptr<storage::Log> kept = logs_.find(id);
    if (kept == nullptr) {
      auto created = logs_.create(topic.name, id, settings->log);
      if (!created) {
        log::error("partition not created", {{"topic", topic.name}, {"partition", index}, {"error", created.error().message}});
        return;
      }
      kept = *std::move(created);
    }
    partition = std::make_shared<Partition>(id, topic.name, std::move(kept), settings, settings_.durability());
    const std::unique_lock lock(mutex_);
    partitions_.emplace(partition->id(), partition);
  }
  if (known.leader == self_) partition->become_leader(known.leader_epoch);
}

void PartitionManager::drop(const metadata::Topic& topic) {
  for (std::size_t i = 0; i < topic.partitions.size(); ++i) {
    std::shared_ptr<Partition> partition;
    {
      const std::unique_lock lock(mutex_);
      const auto found = partitions_.find({topic.id, static_cast<PartitionIndex>(i)});
      if (found == partitions_.end()) continue;
      partition = std::move(found->second);
      partitions_.erase(found);
    }
    partition->stop(ErrorCode::kUnknownTopicOrPartition);
    if (const auto removed = logs_.remove(partition->id()); !removed) {
      log::error("partition not removed", {{"partition", partition->log().name()}, {"error", removed.error().message}});
    }
  }
}

// Folders the metadata does not know: deleted in the moment of a crash, or put there by hand. Kept, out of the way.
void PartitionManager::set_strangers_aside(const metadata::Image& image) {
  for (const auto& log : logs_.all()) {
    const metadata::Topic* topic = image.find_topic(log->topic_id());
    if (topic != nullptr && topic->find_partition(log->partition()) != nullptr) continue;
    if (const auto aside = logs_.set_aside({log->topic_id(), log->partition()}); !aside) {
      log::error("unknown partition stays", {{"partition", log->name()}, {"error", aside.error().message}});
    }
  }
}

void PartitionManager::stop() {
  for (const auto& partition : all()) partition->stop(ErrorCode::kNotLeaderOrFollower);
}

}  // namespace barnabas::replication
