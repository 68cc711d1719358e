// CreateTopics.
//
// Behaviour: the controller decides topic by topic (A6); a name twice in one request is 42. An answer of NONE means that
// this broker serves the topic already.
// Versions: 1 adds validate_only and messages, 4 allows -1 for the defaults, 5 answers partitions, replicas and configs,
// 7 the topic id.
#include "broker/broker.h"
#include "broker/handlers/handlers.h"

namespace barnabas::broker {
namespace {

using protocol::CreateTopicsRequest;
using protocol::CreateTopicsResponse;

controller::CreateTopics to_wish(CreateTopicsRequest& request) {
  controller::CreateTopics wish;
  wish.validate_only = request.validate_only;
  for (auto& asked : request.topics) {
    auto& topic = wish.topics.emplace_back();
    topic.name = std::move(asked.name);
    topic.partitions = asked.num_partitions;
    topic.replication_factor = asked.replication_factor;
    for (auto& assignment : asked.assignments) topic.assignments.push_back({assignment.partition_index, std::move(assignment.broker_ids)});
    for (auto& config : asked.configs) topic.configs.push_back({std::move(config.name), std::move(config.value)});
  }
  return wish;
}

constexpr std::int8_t kDynamicTopicConfig = 1;

void answer(const controller::CreatedTopic& created, CreateTopicsResponse::CreatableTopicResult& told) {
  told.name = created.name;
  told.topic_id = created.id;
  told.error_code = static_cast<std::int16_t>(created.verdict.code);
  told.configs.reset();
  if (!created.verdict.ok()) {
    told.error_message = created.verdict.message;
    return;
  }
  told.num_partitions = created.partitions;
  told.replication_factor = created.replication_factor;
  auto& configs = told.configs.emplace();
  for (const auto& [name, value] : created.configs) {
    auto& config = configs.emplace_back();
    config.name = name;
    config.value = value;
    config.config_source = kDynamicTopicConfig;
  }
}

}  // namespace

void handle_create_topics(Broker& broker, const RequestContext&, CreateTopicsRequest&& request, Replier<CreateTopicsResponse> reply) {
  std::vector<std::string> names;
  for (const auto& topic : request.topics) names.push_back(topic.name);
  broker.controller().submit(to_wish(request), [names = std::move(names), reply = std::move(reply)](
                                                   controller::Outcome<controller::CreateTopics::Response> outcome) mutable {
    CreateTopicsResponse response;
    if (outcome) {
      for (const auto& created : *outcome) answer(created, response.topics.emplace_back());
    } else {
      for (std::string& name : names) {
        auto& told = response.topics.emplace_back();
        told.name = std::move(name);
        told.error_code = static_cast<std::int16_t>(outcome.error().code);
        told.error_message = outcome.error().message;
        told.configs.reset();
      }
    }
    reply(response);
  });
}

}  // namespace barnabas::broker
