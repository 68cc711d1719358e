// What brokers wish: to be registered, and blocks of producer ids (KIP-730) that nobody else was given.
#include <fmt/format.h>

#include <limits>

#include "controller/decide.h"

namespace barnabas::controller {
namespace {

constexpr std::int32_t kProducerIdBlock = 1000;

}  // namespace

Policy Policy::of(const Settings& settings) {
  return {.settings = &settings,
          .num_partitions = settings.get(setting::kNumPartitions),
          .default_replication_factor = static_cast<std::int16_t>(settings.get(setting::kDefaultReplicationFactor)),
          .delete_topic_enable = settings.get(setting::kDeleteTopicEnable)};
}

// A broker that comes again, with whatever incarnation, takes its own place: its epoch becomes the new record's offset,
// and what its former self still sends is fenced by the old one.
Decided<RegisterBroker> decide(const Context& context, const RegisterBroker& wish) {
  if (wish.id < 0 || wish.incarnation.is_zero()) {
    return std::unexpected(Refusal{ErrorCode::kInvalidRegistration, "A broker registers with an id and an incarnation."});
  }
  metadata::RegisterBrokerRecord record;
  record.broker_id = wish.id;
  record.incarnation = wish.incarnation;
  record.rack = wish.rack;
  for (const metadata::Endpoint& endpoint : wish.endpoints) {
    auto& out = record.endpoints.emplace_back();
    out.name = endpoint.listener;
    out.host = endpoint.host;
    out.port = endpoint.port;
    out.security_protocol = endpoint.security_protocol;
  }
  Decision<RegisterBroker::Response> decision;
  decision.records.emplace_back(std::move(record));
  decision.response.epoch = context.image.end().value();
  return decision;
}

Decided<AllocateProducerIds> decide(const Context& context, const AllocateProducerIds& wish) {
  const metadata::Broker* broker = context.image.find_broker(wish.broker);
  if (broker == nullptr) {
    return std::unexpected(Refusal{ErrorCode::kBrokerIdNotRegistered, fmt::format("Broker {} is not registered.", wish.broker)});
  }
  if (broker->epoch != wish.broker_epoch) {
    return std::unexpected(Refusal{ErrorCode::kStaleBrokerEpoch,
                                   fmt::format("Broker {} has epoch {}, not {}.", wish.broker, broker->epoch, wish.broker_epoch)});
  }
  const ProducerId first = context.image.next_producer_id();
  if (first > std::numeric_limits<ProducerId>::max() - kProducerIdBlock) {
    return std::unexpected(Refusal{ErrorCode::kUnknownServerError, "No producer ids are left."});
  }
  metadata::ProducerIdsRecord record;
  record.broker_id = wish.broker;
  record.broker_epoch = wish.broker_epoch;
  record.next_producer_id = first + kProducerIdBlock;
  Decision<AllocateProducerIds::Response> decision;
  decision.records.emplace_back(std::move(record));
  decision.response = {first, kProducerIdBlock};
  return decision;
}

}  // namespace barnabas::controller
