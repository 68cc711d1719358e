// CreatePartitions: gives topics more partitions.
//
// Behaviour: the count is what the topic shall have in the end; not more than now is 37, an unknown topic 3, a bad
// assignment 39, a topic twice in the request 42.
// Versions: 2 is flexible, 3 may answer a quota violation.
#include "broker/broker.h"
#include "broker/handlers/handlers.h"

namespace barnabas::broker {

void handle_create_partitions(Broker& broker, const RequestContext&, protocol::CreatePartitionsRequest&& request,
                              Replier<protocol::CreatePartitionsResponse> reply) {
  controller::CreatePartitions wish;
  wish.validate_only = request.validate_only;
  std::vector<std::string> names;
  for (auto& asked : request.topics) {
    auto& topic = wish.topics.emplace_back();
    topic.name = std::move(asked.name);
    names.push_back(topic.name);
    topic.count = asked.count;
    if (!asked.assignments) continue;
    auto& assignments = topic.assignments.emplace();
    for (auto& assignment : *asked.assignments) assignments.push_back(std::move(assignment.broker_ids));
  }
  broker.controller().submit(std::move(wish), [names = std::move(names), reply = std::move(reply)](
                                                  controller::Outcome<controller::CreatePartitions::Response> outcome) mutable {
    protocol::CreatePartitionsResponse response;
    const auto tell = [&](std::string name, ErrorCode code, const std::string& text) {
      auto& told = response.results.emplace_back();
      told.name = std::move(name);
      told.error_code = static_cast<std::int16_t>(code);
      if (code != ErrorCode::kNone) told.error_message = text;
    };
    if (outcome) {
      for (auto& grown : *outcome) tell(std::move(grown.name), grown.verdict.code, grown.verdict.message);
    } else {
      for (std::string& name : names) tell(std::move(name), outcome.error().code, outcome.error().message);
    }
    reply(response);
  });
}

}  // namespace barnabas::broker
