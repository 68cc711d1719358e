// CreateTopics.
//
// Behaviour: the controller decides topic by topic (A6); a name twice in one request is 42. An answer of NONE means that
// this broker serves the topic already.
// Versions: 1 adds validate_only and messages, 4 allows -1 for the defaults, 5 answers partitions, replicas and configs,
// 7 the topic id.
#include "broker/broker.h"
#include "broker/handlers/handlers.h"
#include "config/describe.h"

namespace barnabas::broker {
namespace {

using protocol::CreateTopicsRequest;
using protocol::CreateTopicsResponse;

constexpr std::int16_t kFirstWithConfigs = 5;

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

void answer(const controller::CreatedTopic& created, const std::optional<Settings>& settings,
            CreateTopicsResponse::CreatableTopicResult& told) {
  told.name = created.name;
  told.topic_id = created.id;
  told.error_code = static_cast<std::int16_t>(created.verdict.code);
  auto& configs = told.configs.emplace();
  told.error_message.reset();
  if (!created.verdict.ok()) {
    told.error_message = created.verdict.message;
    return;
  }
  told.num_partitions = created.partitions;
  told.replication_factor = created.replication_factor;
  if (!settings) return;
  for (ConfigEntry& entry : describe_topic(*settings, created.configs)) {
    auto& config = configs.emplace_back();
    config.name = std::string(entry.name);
    config.value = std::move(entry.value);
    config.read_only = entry.read_only;
    config.config_source = static_cast<std::int8_t>(entry.source);
    config.is_sensitive = entry.sensitive;
  }
}

}  // namespace

void handle_create_topics(Broker& broker, const RequestContext& context, CreateTopicsRequest&& request,
                          Replier<CreateTopicsResponse> reply) {
  std::vector<std::string> names;
  for (const auto& topic : request.topics) names.push_back(topic.name);
  broker.controller().submit(to_wish(request), [&broker, image = context.image, names = std::move(names), reply = std::move(reply)](
                                                   controller::Outcome<controller::CreateTopics::Response> outcome) mutable {
    CreateTopicsResponse response;
    std::optional<Settings> settings;  // for the configs in the answer (KIP-525)
    if (reply.version() >= kFirstWithConfigs)
      settings = broker.settings().with_dynamic(image->broker_configs(""), image->broker_configs(std::to_string(broker.id())));
    if (outcome) {
      for (const auto& created : *outcome) answer(created, settings, response.topics.emplace_back());
    } else {
      for (std::string& name : names) {
        auto& told = response.topics.emplace_back();
        told.name = std::move(name);
        told.error_code = static_cast<std::int16_t>(outcome.error().code);
        told.error_message = outcome.error().message;
        told.configs.emplace();
      }
    }
    reply(response);
  });
}

}  // namespace barnabas::broker
