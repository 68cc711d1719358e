#pragma once
// The partitions this broker holds: follows the metadata, so that each one it is a replica of has a log and a role.
//
// Threads: find() from any, cheaply; on_image on the metadata executor.
#include <functional>
#include <memory>
#include <shared_mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "metadata/publisher.h"
#include "replication/partition.h"
#include "storage/log_manager.h"

namespace barnabas::replication {

class PartitionManager final : public metadata::Publisher {
 public:
  PartitionManager(storage::LogManager& logs, const Settings& settings, BrokerId self);

  // Null: not here (or not yet).
  std::shared_ptr<Partition> find(const TopicPartition& partition) const;
  std::shared_ptr<Partition> find(const TopicId& topic, PartitionIndex partition) const { return find({topic, partition}); }
  std::vector<std::shared_ptr<Partition>> all() const;

  void on_image(const metadata::ImagePtr& before, const metadata::ImagePtr& now, const metadata::ImageDelta& delta) override;
  // Everybody who waits is told to look elsewhere; logs are left as they are, for LogManager to close.
  void stop();

 private:
  void take_broker_configs(const metadata::Image& image);
  std::shared_ptr<const TopicSettings> settings_of(const metadata::Topic& topic) const;
  void host(const metadata::Topic& topic, PartitionIndex index, const std::shared_ptr<const TopicSettings>& settings);
  void drop(const metadata::Topic& topic);
  void set_strangers_aside(const metadata::Image& image);

  storage::LogManager& logs_;
  const Settings& settings_;
  const BrokerId self_;
  Settings live_;  // with what the metadata sets for this broker; metadata executor only
  bool first_image_ = true;
  mutable std::shared_mutex mutex_;
  std::unordered_map<TopicPartition, std::shared_ptr<Partition>> partitions_;
};

}  // namespace barnabas::replication
