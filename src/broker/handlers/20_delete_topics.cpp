// DeleteTopics.
//
// Behaviour: by name or, from version 6 on, by id; unknown 3/100, both for the same topic 42, delete.topic.enable=false
// 73 (A7). The folders are renamed before the answer; their files go later, so a reader in the middle of one is not cut
// off.
// Versions: 5 adds messages, 6 ids.
#include "broker/broker.h"
#include "broker/handlers/handlers.h"

namespace barnabas::broker {
namespace {

using protocol::DeleteTopicsRequest;
using protocol::DeleteTopicsResponse;

constexpr std::int16_t kFirstById = 6;

controller::DeleteTopics to_wish(DeleteTopicsRequest& request, std::int16_t version) {
  controller::DeleteTopics wish;
  if (version >= kFirstById) {
    for (auto& topic : request.topics) wish.topics.push_back({std::move(topic.name), topic.topic_id});
  } else {
    for (std::string& name : request.topic_names) wish.topics.push_back({std::move(name), {}});
  }
  return wish;
}

}  // namespace

void handle_delete_topics(Broker& broker, const RequestContext& context, DeleteTopicsRequest&& request,
                          Replier<DeleteTopicsResponse> reply) {
  controller::DeleteTopics wish = to_wish(request, context.version);
  auto asked = wish.topics;
  broker.controller().submit(std::move(wish), [asked = std::move(asked), reply = std::move(reply)](
                                                  controller::Outcome<controller::DeleteTopics::Response> outcome) mutable {
    DeleteTopicsResponse response;
    const auto tell = [&](std::optional<std::string> name, const TopicId& id, ErrorCode code, const std::string& text) {
      auto& told = response.responses.emplace_back();
      if (!name && reply.version() < kFirstById) name.emplace();
      told.name = std::move(name);
      told.topic_id = id;
      told.error_code = static_cast<std::int16_t>(code);
      if (code != ErrorCode::kNone) told.error_message = text;
    };
    if (outcome) {
      for (auto& deleted : *outcome) tell(std::move(deleted.name), deleted.id, deleted.verdict.code, deleted.verdict.message);
    } else {
      for (auto& topic : asked) tell(std::move(topic.name), topic.id, outcome.error().code, outcome.error().message);
    }
    reply(response);
  });
}

}  // namespace barnabas::broker
