#include "metadata/image_builder.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "base/check.h"

namespace barnabas::metadata {
namespace {

bool may_collide(std::string_view name) { return name.find_first_of("._") != std::string_view::npos; }

std::unexpected<Error> no_topic(const TopicId& id) { return fail(Errc::kCorrupt, "record for the unknown topic " + id.text()); }

// One more shared copy of an immutable map, changed by `change`.
template <class Map, class F>
std::shared_ptr<const Map> changed(const std::shared_ptr<const Map>& map, F change) {
  auto copy = std::make_shared<Map>(*map);
  change(*copy);
  return copy;
}

void set_override(ConfigOverrides& overrides, const ConfigRecord& record) {
  if (record.value) {
    overrides.insert_or_assign(record.name, *record.value);
  } else {
    overrides.erase(record.name);
  }
}

void set_in(std::shared_ptr<const ConfigsMap>& resources, const ConfigRecord& record) {
  resources = changed(resources, [&](ConfigsMap& all) {
    const auto known = all.find(record.resource_name);
    auto overrides = known == all.end() ? std::make_shared<ConfigOverrides>() : std::make_shared<ConfigOverrides>(*known->second);
    set_override(*overrides, record);
    if (overrides->empty()) {
      all.erase(record.resource_name);
    } else {
      all[record.resource_name] = std::move(overrides);
    }
  });
}

}  // namespace

ImageBuilder::ImageBuilder(const Image& base) : image_(base) {}

Result<> ImageBuilder::apply(const Record& record, MetadataOffset offset) {
  if (auto applied = std::visit([&](const auto& message) { return apply_one(message); }, record); !applied) {
    return wrap(applied.error(), fmt::format("metadata offset {}", offset.value()));
  }
  if (const auto* registered = std::get_if<RegisterBrokerRecord>(&record); registered != nullptr && registered->epoch < 0) {
    image_.brokers_ = changed(image_.brokers_, [&](BrokerMap& brokers) {
      auto broker = std::make_shared<Broker>(*brokers.at(registered->broker_id));
      broker->epoch = offset.value();
      brokers[registered->broker_id] = std::move(broker);
    });
  }
  image_.end_ = offset + 1;
  return {};
}

Result<> ImageBuilder::apply(const Batch& batch) {
  MetadataOffset offset = batch.base;
  for (const Bytes& bytes : batch.records) {
    auto record = decode_record(bytes);
    if (!record) return wrap(record.error(), fmt::format("metadata offset {}", offset.value()));
    TRY(apply(*record, offset));
    ++offset;
  }
  image_.epoch_ = batch.epoch;
  return {};
}

Result<> ImageBuilder::apply_snapshot(const SnapshotId& id, ByteView snapshot) {
  while (!snapshot.empty()) {
    if (snapshot.size() < 4) return fail(Errc::kCorrupt, "the metadata snapshot is cut off");
    const auto size = load_be<std::uint32_t>(snapshot.data());
    if (size > snapshot.size() - 4) return fail(Errc::kCorrupt, "the metadata snapshot is cut off");
    TRY_ASSIGN(const Record record, decode_record(snapshot.subspan(4, size)));
    TRY(apply(record, id.end));
    snapshot = snapshot.subspan(4 + size);
  }
  image_.end_ = id.end;
  image_.epoch_ = id.epoch;
  return {};
}

const Image& ImageBuilder::peek() {
  flush();
  return image_;
}

ImagePtr ImageBuilder::image() {
  flush();
  token_ = new_edit_token();
  return std::make_shared<const Image>(image_);
}

void ImageBuilder::touch_all(const Image& image) {
  image.for_each_topic([&](const TopicPtr& topic) { touched_.insert(topic->id); });
}

Topic* ImageBuilder::edit(const TopicId& id) {
  if (const auto open = open_.find(id); open != open_.end()) return open->second.get();
  const Topic* topic = image_.find_topic(id);
  if (topic == nullptr) return nullptr;
  touched_.insert(id);
  return open_.emplace(id, std::make_shared<Topic>(*topic)).first->second.get();
}

void ImageBuilder::flush() {
  for (auto& [id, topic] : open_) {
    image_.by_name_.put(token_, topic);
    image_.by_id_.put(token_, std::move(topic));
  }
  open_.clear();
}

Result<> ImageBuilder::apply_one(const TopicRecord& record) {
  flush();
  if (image_.find_topic(record.name) != nullptr || image_.find_topic(record.topic_id) != nullptr) {
    return fail(Errc::kCorrupt, "the topic is there already: " + record.topic_id.text());
  }
  auto topic = std::make_shared<Topic>();
  topic->id = record.topic_id;
  topic->name = record.name;
  topic->configs = std::make_shared<const ConfigOverrides>();
  if (may_collide(record.name)) {
    image_.colliding_.put(token_, std::make_shared<const CollidingName>(unified_topic_name(record.name), record.name));
  }
  touched_.insert(record.topic_id);
  open_.emplace(record.topic_id, std::move(topic));
  return {};
}

Result<> ImageBuilder::apply_one(const PartitionRecord& record) {
  Topic* topic = edit(record.topic_id);
  if (topic == nullptr) return no_topic(record.topic_id);
  auto partition = std::make_shared<Partition>(Partition{.replicas = record.replicas,
                                                         .isr = record.isr,
                                                         .directories = record.directories,
                                                         .leader = record.leader,
                                                         .leader_epoch = LeaderEpoch(record.leader_epoch),
                                                         .partition_epoch = record.partition_epoch});
  const auto index = static_cast<std::size_t>(record.partition);
  if (record.partition < 0 || index > topic->partitions.size()) {
    return fail(Errc::kCorrupt, fmt::format("partition {} follows {} partitions", record.partition, topic->partitions.size()));
  }
  if (index < topic->partitions.size()) {
    topic->partitions[index] = std::move(partition);
    return {};
  }
  topic->partitions.push_back(std::move(partition));
  ++image_.partition_count_;
  return {};
}

Result<> ImageBuilder::apply_one(const PartitionChangeRecord& record) {
  Topic* topic = edit(record.topic_id);
  if (topic == nullptr) return no_topic(record.topic_id);
  const Partition* before = topic->find_partition(record.partition);
  if (before == nullptr) return fail(Errc::kCorrupt, fmt::format("change of the unknown partition {}", record.partition));
  auto after = std::make_shared<Partition>(*before);
  if (record.isr) after->isr = *record.isr;
  if (record.replicas) {
    after->replicas = *record.replicas;
    after->directories.resize(after->replicas.size());
  }
  if (record.leader != kLeaderUnchanged) {
    after->leader = record.leader;
    ++after->leader_epoch;
  }
  ++after->partition_epoch;
  topic->partitions[static_cast<std::size_t>(record.partition)] = std::move(after);
  return {};
}

Result<> ImageBuilder::apply_one(const RemoveTopicRecord& record) {
  flush();
  const TopicPtr topic = image_.topic(record.topic_id);
  if (topic == nullptr) return no_topic(record.topic_id);
  touched_.insert(record.topic_id);
  image_.by_name_.erase(token_, topic->name);
  image_.by_id_.erase(token_, topic->id);
  image_.partition_count_ -= static_cast<std::int64_t>(topic->partitions.size());
  if (may_collide(topic->name)) {
    const std::string unified = unified_topic_name(topic->name);
    const CollidingName* entry = image_.colliding_.find(unified);
    if (entry != nullptr && entry->name == topic->name) image_.colliding_.erase(token_, unified);
  }
  return {};
}

Result<> ImageBuilder::apply_one(const ConfigRecord& record) {
  switch (ResourceType{record.resource_type}) {
    case ResourceType::kTopic: {
      flush();
      const Topic* found = image_.find_topic(record.resource_name);
      if (found == nullptr) return fail(Errc::kCorrupt, "config of an unknown topic");
      Topic* topic = edit(found->id);
      topic->configs = changed(topic->configs, [&](ConfigOverrides& overrides) { set_override(overrides, record); });
      return {};
    }
    case ResourceType::kBroker: set_in(image_.broker_configs_, record); return {};
    case ResourceType::kClientMetrics: set_in(image_.client_metrics_, record); return {};
    case ResourceType::kGroup: set_in(image_.group_configs_, record); return {};
  }
  return fail(Errc::kUnsupported, fmt::format("config of resource type {}", record.resource_type));
}

Result<> ImageBuilder::apply_one(const ProducerIdsRecord& record) {
  if (record.next_producer_id < image_.next_producer_id_) return fail(Errc::kCorrupt, "producer ids go backwards");
  image_.next_producer_id_ = record.next_producer_id;
  return {};
}

Result<> ImageBuilder::apply_one(const RegisterBrokerRecord& record) {
  auto broker = std::make_shared<Broker>();
  broker->id = record.broker_id;
  broker->incarnation = record.incarnation;
  broker->epoch = record.epoch;
  broker->rack = record.rack;
  broker->fenced = record.fenced;
  for (const auto& endpoint : record.endpoints) {
    broker->endpoints.push_back({endpoint.name, endpoint.host, endpoint.port, endpoint.security_protocol});
  }
  image_.brokers_ = changed(image_.brokers_, [&](BrokerMap& brokers) { brokers[record.broker_id] = std::move(broker); });
  return {};
}

Result<> ImageBuilder::apply_one(const FeatureLevelRecord& record) {
  if (record.name == kMetadataVersionFeature && record.level > kMetadataVersion) {
    return fail(Errc::kUnsupported,
                fmt::format("{} is finalized at {}; this program goes up to {}", record.name, record.level, kMetadataVersion));
  }
  image_.features_ = changed(image_.features_, [&](FeatureMap& features) {
    if (record.level == 0) {
      features.erase(record.name);
    } else {
      features[record.name] = record.level;
    }
  });
  return {};
}

Result<> ImageBuilder::apply_one(const ClientQuotaRecord& record) {
  QuotaEntity entity;
  for (const auto& part : record.entity) entity.emplace(part.type, part.name);
  image_.quotas_ = changed(image_.quotas_, [&](QuotaMap& quotas) {
    const auto known = quotas.find(entity);
    auto values = known == quotas.end() ? std::make_shared<QuotaValues>() : std::make_shared<QuotaValues>(*known->second);
    if (record.remove) {
      values->erase(record.key);
    } else {
      values->insert_or_assign(record.key, record.value);
    }
    if (values->empty()) {
      quotas.erase(entity);
    } else {
      quotas[std::move(entity)] = std::move(values);
    }
  });
  return {};
}

}  // namespace barnabas::metadata
