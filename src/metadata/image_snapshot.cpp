#include "base/check.h"
#include "metadata/image_builder.h"

namespace barnabas::metadata {
namespace {

class Writer {
 public:
  void add(const Record& record) {
    // Everything in an image came through the log, so it can be written to one.
    const auto bytes = encode_record(record);
    CHECK(bytes.has_value());
    const std::size_t at = out_.size();
    out_.resize(at + 4);
    store_be(out_.data() + at, static_cast<std::uint32_t>(bytes->size()));
    out_.insert(out_.end(), bytes->begin(), bytes->end());
  }
  Bytes finish() { return std::move(out_); }

 private:
  Bytes out_;
};

void add_configs(Writer& writer, ResourceType type, const std::string& resource, const ConfigOverrides& overrides) {
  for (const auto& [name, value] : overrides) {
    ConfigRecord record;
    record.resource_type = static_cast<std::int8_t>(type);
    record.resource_name = resource;
    record.name = name;
    record.value = value;
    writer.add(record);
  }
}

void add_quotas(Writer& writer, const QuotaEntity& entity, const QuotaValues& values) {
  for (const auto& [key, value] : values) {
    ClientQuotaRecord record;
    for (const auto& [type, name] : entity) {
      auto& part = record.entity.emplace_back();
      part.type = type;
      part.name = name;
    }
    record.key = key;
    record.value = value;
    writer.add(record);
  }
}

void add_topic(Writer& writer, const Topic& topic) {
  TopicRecord record;
  record.topic_id = topic.id;
  record.name = topic.name;
  writer.add(record);
  for (std::size_t i = 0; i < topic.partitions.size(); ++i) {
    const Partition& partition = *topic.partitions[i];
    PartitionRecord part;
    part.topic_id = topic.id;
    part.partition = static_cast<PartitionIndex>(i);
    part.replicas = partition.replicas;
    part.isr = partition.isr;
    part.directories = partition.directories;
    part.leader = partition.leader;
    part.leader_epoch = partition.leader_epoch.value();
    part.partition_epoch = partition.partition_epoch;
    writer.add(part);
  }
  add_configs(writer, ResourceType::kTopic, topic.name, *topic.configs);
}

void add_broker(Writer& writer, const Broker& broker) {
  RegisterBrokerRecord record;
  record.broker_id = broker.id;
  record.incarnation = broker.incarnation;
  record.rack = broker.rack;
  record.fenced = broker.fenced;
  record.epoch = broker.epoch;
  for (const Endpoint& endpoint : broker.endpoints) {
    auto& out = record.endpoints.emplace_back();
    out.name = endpoint.listener;
    out.host = endpoint.host;
    out.port = endpoint.port;
    out.security_protocol = endpoint.security_protocol;
  }
  writer.add(record);
}

}  // namespace

Bytes encode_image(const Image& image) {
  Writer writer;
  // The level first: whoever is too old for it stops there.
  for (const auto& [name, level] : image.features()) {
    FeatureLevelRecord record;
    record.name = name;
    record.level = level;
    writer.add(record);
  }
  for (const auto& [id, broker] : image.brokers()) add_broker(writer, *broker);
  for (const auto& [resource, overrides] : image.all_broker_configs()) add_configs(writer, ResourceType::kBroker, resource, *overrides);
  for (const auto& [resource, overrides] : image.group_configs()) add_configs(writer, ResourceType::kGroup, resource, *overrides);
  for (const auto& [resource, overrides] : image.client_metrics()) {
    add_configs(writer, ResourceType::kClientMetrics, resource, *overrides);
  }
  for (const auto& [entity, values] : *image.quotas()) add_quotas(writer, entity, *values);
  image.for_each_topic([&](const TopicPtr& topic) { add_topic(writer, *topic); });
  ProducerIdsRecord ids;
  ids.broker_id = kNoLeader;
  ids.broker_epoch = -1;
  ids.next_producer_id = image.next_producer_id();
  writer.add(ids);
  return writer.finish();
}

}  // namespace barnabas::metadata
