#pragma once
// Gives the group coordinator the partitions of __consumer_offsets that this broker leads, and tells it which topics are
// gone. Told of new images after the partition manager, which has opened the logs by then.
#include <map>

#include "config/settings.h"
#include "coordinator/group_coordinator.h"
#include "metadata/image_holder.h"
#include "metadata/publisher.h"
#include "replication/partition_manager.h"

namespace barnabas::broker {

class GroupPartitions final : public metadata::Publisher {
 public:
  GroupPartitions(coordinator::GroupCoordinator& groups, replication::PartitionManager& partitions, const Clock& clock, BrokerId self)
      : groups_(groups), partitions_(partitions), clock_(clock), self_(self) {}

  void on_image(const metadata::ImagePtr& before, const metadata::ImagePtr& now, const metadata::ImageDelta& delta) override;

 private:
  void load(const metadata::Topic& topic, PartitionIndex index);

  coordinator::GroupCoordinator& groups_;
  replication::PartitionManager& partitions_;
  const Clock& clock_;
  const BrokerId self_;
  std::map<PartitionIndex, LeaderEpoch> loaded_;  // in which epoch: a change of anything else must not load it again
};

// Those of the newest image, for the coordinator.
class ImageTopics final : public coordinator::Topics {
 public:
  explicit ImageTopics(const metadata::ImageHolder& images) : images_(images) {}
  std::optional<coordinator::KnownTopic> find(std::string_view name) const override;
  std::optional<coordinator::KnownTopic> find(const TopicId& id) const override;

 private:
  const metadata::ImageHolder& images_;
};

coordinator::GroupCoordinatorSettings group_settings(const Settings& settings);

}  // namespace barnabas::broker
