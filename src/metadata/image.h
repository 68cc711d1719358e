#pragma once
// What the cluster has agreed, as of one offset of the metadata log: topics, partitions, configs, brokers, features.
//
// Immutable and structurally shared: ImageBuilder makes the next image from the previous one and a batch of records, at
// the cost of what changed, and it is swapped in once a batch (image_holder.h). A handler takes one image and keeps it
// for its whole request: everything it reads there belongs together, and every pointer it gets lives as long as it.
//
// Threads: any, at any time. A name is looked up by its hash, without an allocation.
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "metadata/metadata_log.h"
#include "metadata/persistent_map.h"
#include "model/types.h"

namespace barnabas::metadata {

inline constexpr BrokerId kNoLeader = -1;

// What was set, by name, and not what is in force: defaults are the config room's matter.
using ConfigOverrides = std::map<std::string, std::string, std::less<>>;

struct Partition {
  std::vector<BrokerId> replicas;  // the first is the preferred leader
  std::vector<BrokerId> isr;
  std::vector<Uuid> directories;  // of each replica, in the order of `replicas`; zero: not assigned
  BrokerId leader = kNoLeader;
  LeaderEpoch leader_epoch{0};       // steps when the leader changes
  std::int32_t partition_epoch = 0;  // steps with every change
  friend bool operator==(const Partition&, const Partition&) = default;
};
using PartitionPtr = std::shared_ptr<const Partition>;

struct Topic {
  TopicId id;
  std::string name;
  std::vector<PartitionPtr> partitions;            // by index, none missing
  std::shared_ptr<const ConfigOverrides> configs;  // never null

  const Partition* find_partition(PartitionIndex index) const {
    return index < 0 || static_cast<std::size_t>(index) >= partitions.size() ? nullptr : partitions[static_cast<std::size_t>(index)].get();
  }
};
using TopicPtr = std::shared_ptr<const Topic>;

struct Endpoint {
  std::string listener;  // its name, "PLAINTEXT"
  std::string host;
  std::uint16_t port = 0;
  std::int16_t security_protocol = 0;  // Kafka's number: 0 PLAINTEXT, 1 SSL, 2 SASL_PLAINTEXT, 3 SASL_SSL
  friend bool operator==(const Endpoint&, const Endpoint&) = default;
};

struct Broker {
  BrokerId id = -1;
  Uuid incarnation;         // of the process: another one at each start
  std::int64_t epoch = -1;  // the metadata offset of its registration
  std::vector<Endpoint> endpoints;
  std::optional<std::string> rack;
  bool fenced = false;  // registered, but not to be led by or to be led to

  const Endpoint* find_endpoint(std::string_view listener) const {
    for (const Endpoint& endpoint : endpoints)
      if (endpoint.listener == listener) return &endpoint;
    return nullptr;
  }
  friend bool operator==(const Broker&, const Broker&) = default;
};

enum class ResourceType : std::int8_t { kTopic = 2, kBroker = 4, kClientMetrics = 16, kGroup = 32 };  // Kafka's numbers

struct TopicByName {
  using Key = std::string_view;
  static Key key(const Topic& topic) { return topic.name; }
  static std::uint64_t hash(Key name) { return std::hash<std::string_view>{}(name); }
};
struct TopicById {
  using Key = const TopicId&;
  static Key key(const Topic& topic) { return topic.id; }
  static std::uint64_t hash(Key id) { return std::hash<Uuid>{}(id); }
};
// Topics whose names hold '.' or '_', by the name with every '.' turned into '_': Kafka's metrics cannot tell them apart.
struct CollidingName {
  std::string unified;
  std::string name;
};
struct CollidingByUnifiedName {
  using Key = std::string_view;
  static Key key(const CollidingName& entry) { return entry.unified; }
  static std::uint64_t hash(Key name) { return std::hash<std::string_view>{}(name); }
};

using BrokerMap = std::map<BrokerId, std::shared_ptr<const Broker>>;
// By the resource's name.
using ConfigsMap = std::map<std::string, std::shared_ptr<const ConfigOverrides>, std::less<>>;
// Whom a quota is for: "user", "client-id", "ip" to a name, or to nullopt for the default of all without one of their own.
using QuotaEntity = std::map<std::string, std::optional<std::string>, std::less<>>;
using QuotaValues = std::map<std::string, double, std::less<>>;
using QuotaMap = std::map<QuotaEntity, std::shared_ptr<const QuotaValues>>;
using FeatureMap = std::map<std::string, std::int16_t, std::less<>>;

class Image {
 public:
  explicit Image(std::string cluster_id = {});

  // nullptr when there is none.
  const Topic* find_topic(std::string_view name) const { return by_name_.find(name); }
  const Topic* find_topic(const TopicId& id) const { return by_id_.find(id); }
  // The same, to keep beyond this image.
  TopicPtr topic(std::string_view name) const;
  TopicPtr topic(const TopicId& id) const;
  const Partition* find_partition(std::string_view topic, PartitionIndex index) const;
  const Partition* find_partition(const TopicPartition& partition) const;

  // f(const TopicPtr&), in no particular order.
  template <class F>
  void for_each_topic(F&& f) const {
    by_id_.for_each(f);
  }
  std::size_t topic_count() const { return by_id_.size(); }
  std::int64_t partition_count() const { return partition_count_; }
  // The existing topic that differs from `name` only in '.' against '_', or empty.
  std::string_view colliding_topic(std::string_view name) const;

  // What was set for a topic (empty if nothing, or no such topic) or for a broker ("3"; "" is the default of all).
  const ConfigOverrides& topic_configs(std::string_view name) const;
  const ConfigOverrides& broker_configs(std::string_view broker) const;
  const ConfigsMap& all_broker_configs() const { return *broker_configs_; }
  const ConfigsMap& group_configs() const { return *group_configs_; }
  const ConfigsMap& client_metrics() const { return *client_metrics_; }
  // The same map as long as no subscription changes.
  const std::shared_ptr<const ConfigsMap>& shared_client_metrics() const { return client_metrics_; }
  // The same map as long as no quota changes.
  const std::shared_ptr<const QuotaMap>& quotas() const { return quotas_; }

  const BrokerMap& brokers() const { return *brokers_; }  // fenced ones too
  const Broker* find_broker(BrokerId id) const;

  // The node that leads the metadata log, as far as this node knows; kNoLeader while nobody does.
  BrokerId controller() const { return controller_; }
  const std::string& cluster_id() const { return cluster_id_; }
  ProducerId next_producer_id() const { return next_producer_id_; }  // every id below was given to some broker
  const FeatureMap& features() const { return *features_; }
  std::int16_t feature(std::string_view name) const;  // its finalized level, 0 if none

  MetadataOffset end() const { return end_; }  // every record below is applied
  ControllerEpoch epoch() const { return epoch_; }

 private:
  friend class ImageBuilder;

  PersistentMap<Topic, TopicByName> by_name_;
  PersistentMap<Topic, TopicById> by_id_;
  PersistentMap<CollidingName, CollidingByUnifiedName> colliding_;
  std::shared_ptr<const BrokerMap> brokers_;
  std::shared_ptr<const ConfigsMap> broker_configs_;
  std::shared_ptr<const ConfigsMap> group_configs_;
  std::shared_ptr<const ConfigsMap> client_metrics_;
  std::shared_ptr<const QuotaMap> quotas_;
  std::shared_ptr<const FeatureMap> features_;
  std::string cluster_id_;
  std::int64_t partition_count_ = 0;
  ProducerId next_producer_id_ = 0;
  BrokerId controller_ = kNoLeader;
  MetadataOffset end_{0};
  ControllerEpoch epoch_{0};
};
using ImagePtr = std::shared_ptr<const Image>;

// The metrics-safe spelling of a topic's name: '.' becomes '_'. Two topics must not share it (A6).
std::string unified_topic_name(std::string_view name);

}  // namespace barnabas::metadata
