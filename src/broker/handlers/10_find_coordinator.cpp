// FindCoordinator: which broker coordinates a group (type 0) or a transactional id (type 1).
//
// Behaviour: the leader of the group's partition of __consumer_offsets, which is created when it is asked for first;
// until it has a leader COORDINATOR_NOT_AVAILABLE (15), which clients retry. Transactions are not served yet and get 15
// too. Unknown types are 42.
// Versions: 0 knows groups only, 1 adds types and messages, 4 asks for many at once. 6 adds share groups (type 2), not
// served: 42.
#include "broker/auto_topics.h"
#include "broker/broker.h"
#include "broker/handlers/handlers.h"

namespace barnabas::broker {
namespace {

using protocol::FindCoordinatorRequest;
using protocol::FindCoordinatorResponse;
using Coordinator = FindCoordinatorResponse::Coordinator;

constexpr std::int8_t kGroup = 0;
constexpr std::int8_t kTransaction = 1;
constexpr std::int16_t kFirstWithMany = 4;

Coordinator refused(ErrorCode code, std::string key) {
  Coordinator coordinator;
  coordinator.key = std::move(key);
  coordinator.node_id = -1;
  coordinator.port = -1;
  coordinator.error_code = static_cast<std::int16_t>(code);
  coordinator.error_message = std::string(message(code));
  return coordinator;
}

Coordinator find(Broker& broker, const ClientSession& session, const metadata::Image& image, std::string key) {
  const metadata::Topic* topic = image.find_topic(kConsumerOffsetsTopic);
  if (topic == nullptr) return refused(ErrorCode::kCoordinatorNotAvailable, std::move(key));
  const auto index = coordinator::group_partition(key, static_cast<std::int32_t>(topic->partitions.size()));
  const metadata::Partition* partition = topic->find_partition(index);
  const metadata::Broker* leader = partition == nullptr ? nullptr : image.find_broker(partition->leader);
  if (leader == nullptr) return refused(ErrorCode::kCoordinatorNotAvailable, std::move(key));
  const metadata::Endpoint endpoint = broker.advertised(session, *leader);
  Coordinator coordinator;
  coordinator.key = std::move(key);
  coordinator.node_id = leader->id;
  coordinator.host = endpoint.host;
  coordinator.port = endpoint.port;
  return coordinator;
}

void answer(std::vector<Coordinator> coordinators, Replier<FindCoordinatorResponse>& reply) {
  FindCoordinatorResponse response;
  if (reply.version() >= kFirstWithMany) {
    response.coordinators = std::move(coordinators);
  } else {
    Coordinator& only = coordinators.front();
    response.error_code = only.error_code;
    response.error_message = std::move(only.error_message);
    response.node_id = only.node_id;
    response.host = std::move(only.host);
    response.port = only.port;
  }
  reply(response);
}

}  // namespace

void handle_find_coordinator(Broker& broker, const RequestContext& context, FindCoordinatorRequest&& request,
                             Replier<FindCoordinatorResponse> reply) {
  std::vector<std::string> keys;
  if (context.version >= kFirstWithMany) {
    keys = std::move(request.coordinator_keys);
  } else {
    keys.push_back(std::move(request.key));
  }
  if (request.key_type != kGroup) {
    const ErrorCode code = request.key_type == kTransaction ? ErrorCode::kCoordinatorNotAvailable : ErrorCode::kInvalidRequest;
    std::vector<Coordinator> coordinators;
    for (std::string& key : keys) coordinators.push_back(refused(code, std::move(key)));
    return answer(std::move(coordinators), reply);
  }
  const auto find_all = [&broker](const ClientSession& session, const metadata::Image& image, std::vector<std::string>& asked) {
    std::vector<Coordinator> coordinators;
    for (std::string& key : asked) coordinators.push_back(find(broker, session, image, std::move(key)));
    return coordinators;
  };
  if (context.image->find_topic(kConsumerOffsetsTopic) != nullptr) {
    return answer(find_all(context.session, *context.image, keys), reply);
  }
  auto session = std::make_shared<ClientSession>(context.session);
  create_offsets_topic(broker, [&broker, session, find_all, keys = std::move(keys), reply = std::move(reply)](ErrorCode) mutable {
    answer(find_all(*session, *broker.images().current(), keys), reply);
  });
}

}  // namespace barnabas::broker
