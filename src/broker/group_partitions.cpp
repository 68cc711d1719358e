#include "broker/group_partitions.h"

#include "broker/partition_log_port.h"

namespace barnabas::broker {
namespace {

std::optional<coordinator::KnownTopic> known(const metadata::Topic* topic) {
  if (topic == nullptr) return std::nullopt;
  return coordinator::KnownTopic{topic->name, topic->id, static_cast<std::int32_t>(topic->partitions.size())};
}

}  // namespace

void GroupPartitions::on_image(const metadata::ImagePtr&, const metadata::ImagePtr&, const metadata::ImageDelta& delta) {
  std::vector<coordinator::DeletedTopic> deleted;
  for (const metadata::TopicPtr& topic : delta.deleted) {
    if (topic->name == kConsumerOffsetsTopic) {
      for (const auto& [index, epoch] : loaded_) groups_.unload(index);
      loaded_.clear();
    } else {
      deleted.push_back({topic->id, topic->name});
    }
  }
  if (!deleted.empty()) groups_.on_topics_deleted(deleted);  // G18
  for (const metadata::TopicPtr& topic : delta.created) {
    if (topic->name != kConsumerOffsetsTopic) continue;
    groups_.set_partitions(static_cast<std::int32_t>(topic->partitions.size()));
    for (std::size_t i = 0; i < topic->partitions.size(); ++i) load(*topic, static_cast<PartitionIndex>(i));
  }
  for (const metadata::TopicChange& change : delta.changed) {
    if (change.after->name != kConsumerOffsetsTopic) continue;
    groups_.set_partitions(static_cast<std::int32_t>(change.after->partitions.size()));
    for (const PartitionIndex index : change.partitions) load(*change.after, index);
  }
}

void GroupPartitions::load(const metadata::Topic& topic, PartitionIndex index) {
  const metadata::Partition* known = topic.find_partition(index);
  if (known == nullptr || known->leader != self_) {
    if (loaded_.erase(index) > 0) groups_.unload(index);
    return;
  }
  const auto [epoch, inserted] = loaded_.emplace(index, known->leader_epoch);
  if (!inserted && epoch->second == known->leader_epoch) return;
  epoch->second = known->leader_epoch;
  if (auto partition = partitions_.find(topic.id, index))
    groups_.load(index, std::make_shared<PartitionLogPort>(std::move(partition), known->leader_epoch, clock_));
}

std::optional<coordinator::KnownTopic> ImageTopics::find(std::string_view name) const { return known(images_.current()->find_topic(name)); }

std::optional<coordinator::KnownTopic> ImageTopics::find(const TopicId& id) const { return known(images_.current()->find_topic(id)); }

coordinator::GroupCoordinatorSettings group_settings(const Settings& settings) {
  coordinator::GroupCoordinatorSettings made;
  made.shard.group.max_size = settings.get(setting::kGroupMaxSize);
  made.shard.group.initial_rebalance_delay_ms = settings.get(setting::kGroupInitialRebalanceDelayMs);
  made.shard.offsets_retention_ms = std::int64_t{settings.get(setting::kOffsetsRetentionMinutes)} * 60'000;
  made.shard.retention_check_interval_ms = settings.get(setting::kOffsetsRetentionCheckIntervalMs);
  made.shard.offset_metadata_max = static_cast<std::size_t>(settings.get(setting::kOffsetMetadataMaxBytes));
  made.partitions = settings.get(setting::kOffsetsTopicNumPartitions);
  made.session_timeout_min_ms = settings.get(setting::kGroupMinSessionTimeoutMs);
  made.session_timeout_max_ms = settings.get(setting::kGroupMaxSessionTimeoutMs);
  made.runtime.commit_timeout_ms = settings.get(setting::kOffsetsCommitTimeoutMs);
  return made;
}

}  // namespace barnabas::broker
