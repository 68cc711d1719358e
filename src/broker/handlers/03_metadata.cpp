// Metadata: brokers, and the leaders of topics.
//
// Behaviour: all topics, or those that are asked for by name (10+: or by id). A name that does not exist is created when
// both the request and auto.create.topics.enable allow it; the answer waits for that, where Kafka sends its client off
// to ask again. Who asks for a topic twice is told once: a small request has no answer without bounds. Brokers are told
// under the address that suits the connection (Broker::advertised).
// Versions: 0 has no way to ask for none: an empty list means all. 1+ null means all. 4 lets the client forbid creation.
// 8 to 10 ask what the client may do. 10 adds ids, 12 null names.
#include <set>

#include "broker/authorized_operations.h"
#include "broker/auto_topics.h"
#include "broker/broker.h"
#include "broker/handlers/handlers.h"

namespace barnabas::broker {
namespace {

using protocol::MetadataRequest;
using protocol::MetadataResponse;
using AskedTopic = MetadataRequest::MetadataRequestTopic;
using TopicAnswer = MetadataResponse::MetadataResponseTopic;

constexpr std::int16_t kNullNames = 12;

void describe(const metadata::Topic& topic, const metadata::Image& image, TopicAnswer& answer) {
  answer.name = topic.name;
  answer.topic_id = topic.id;
  answer.is_internal = is_internal_topic(topic.name);
  answer.partitions.reserve(topic.partitions.size());
  PartitionIndex index = 0;
  for (const auto& partition : topic.partitions) {
    auto& told = answer.partitions.emplace_back();
    told.partition_index = index++;
    told.leader_id = partition->leader;
    told.leader_epoch = partition->leader_epoch.value();
    told.replica_nodes = partition->replicas;
    told.isr_nodes = partition->isr;
    for (const BrokerId replica : partition->replicas) {
      const metadata::Broker* broker = image.find_broker(replica);
      if (broker == nullptr || broker->fenced) told.offline_replicas.push_back(replica);
    }
    if (partition->leader == metadata::kNoLeader) told.error_code = static_cast<std::int16_t>(ErrorCode::kLeaderNotAvailable);  // E15
  }
}

void refuse(TopicAnswer& answer, ErrorCode code) { answer.error_code = static_cast<std::int16_t>(code); }

bool by_id(const AskedTopic& asked) { return !asked.name || (!asked.topic_id.is_zero() && asked.name->empty()); }

void add_asked(const AskedTopic& asked, std::int16_t version, const metadata::Image& image, const CreationErrors& errors,
               MetadataResponse& response) {
  TopicAnswer& answer = response.topics.emplace_back();
  if (by_id(asked)) {
    answer.topic_id = asked.topic_id;
    if (const metadata::Topic* topic = image.find_topic(asked.topic_id)) return describe(*topic, image, answer);
    if (version >= kNullNames) answer.name.reset();
    return refuse(answer, ErrorCode::kUnknownTopicId);
  }
  if (const metadata::Topic* topic = image.find_topic(*asked.name)) return describe(*topic, image, answer);
  answer.name = *asked.name;
  const auto failed = errors.find(*asked.name);
  if (failed != errors.end()) return refuse(answer, failed->second);
  refuse(answer, topic_name_problem(*asked.name).empty() ? ErrorCode::kUnknownTopicOrPartition : ErrorCode::kInvalidTopicException);
}

// Each topic once, in the order of the request.
std::vector<AskedTopic> without_repeats(std::vector<AskedTopic> topics) {
  std::set<std::string, std::less<>> names;
  std::set<TopicId> ids;
  std::erase_if(topics, [&](const AskedTopic& topic) {
    return by_id(topic) ? !ids.insert(topic.topic_id).second : !names.insert(*topic.name).second;
  });
  return topics;
}

struct Asked {
  std::int16_t version = 0;
  bool all = false;
  bool topic_operations = false;
  bool cluster_operations = false;
  std::vector<AskedTopic> topics;
};

// What the request means in its version.
Asked asked_of(MetadataRequest& request, std::int16_t version) {
  Asked asked{.version = version,
              .topic_operations = request.include_topic_authorized_operations,
              .cluster_operations = request.include_cluster_authorized_operations,
              .topics = {}};
  asked.all = !request.topics || (version == 0 && request.topics->empty());
  if (!asked.all) asked.topics = without_repeats(std::move(*request.topics));
  return asked;
}

void answer(Broker& broker, const ClientSession& session, const metadata::Image& image, const Asked& asked, const CreationErrors& errors,
            Replier<MetadataResponse>& reply) {
  MetadataResponse response;
  for (const auto& [id, known] : image.brokers()) {
    if (known->fenced) continue;
    const metadata::Endpoint endpoint = broker.advertised(session, *known);
    if (endpoint.host.empty()) continue;  // it has no such listener
    auto& told = response.brokers.emplace_back();
    told.node_id = id;
    told.host = endpoint.host;
    told.port = endpoint.port;
    told.rack = known->rack;
  }
  response.cluster_id = image.cluster_id();
  // Any broker can pass an administrative request on, and this one is known to be alive.
  response.controller_id = image.controller() == metadata::kNoLeader ? broker.id() : image.controller();
  if (asked.all) {
    response.topics.reserve(image.topic_count());
    image.for_each_topic([&](const metadata::TopicPtr& topic) { describe(*topic, image, response.topics.emplace_back()); });
  } else {
    for (const auto& topic : asked.topics) add_asked(topic, asked.version, image, errors, response);
  }
  if (asked.topic_operations) {
    for (TopicAnswer& topic : response.topics) topic.topic_authorized_operations = kTopicOperations;
  }
  if (asked.cluster_operations) response.cluster_authorized_operations = kClusterOperations;
  reply(response);
}

}  // namespace

void handle_metadata(Broker& broker, const RequestContext& context, MetadataRequest&& request, Replier<MetadataResponse> reply) {
  Asked asked = asked_of(request, context.version);
  std::vector<std::string> missing;
  const bool may_create = context.version < 4 || request.allow_auto_topic_creation;
  if (may_create && broker.settings().get(setting::kAutoCreateTopicsEnable)) {
    for (const auto& topic : asked.topics) {
      if (topic.name && topic.topic_id.is_zero() && context.image->find_topic(*topic.name) == nullptr) missing.push_back(*topic.name);
    }
  }
  if (missing.empty()) return answer(broker, context.session, *context.image, asked, {}, reply);
  // The connection may be gone when the topics are there: keep what the answer needs of it.
  auto session = std::make_shared<ClientSession>(context.session);
  create_missing_topics(broker, std::move(missing),
                        [&broker, session, asked = std::move(asked), reply = std::move(reply)](const CreationErrors& errors) mutable {
                          answer(broker, *session, *broker.images().current(), asked, errors, reply);
                        });
}

}  // namespace barnabas::broker
