// InitProducerId: an id for an idempotent producer.
//
// Behaviour: without a transactional id a fresh id that no broker ever gave before, epoch 0 (T1). An empty transactional
// id is 42 (T2); others get COORDINATOR_NOT_AVAILABLE, since transactions are not served yet.
// Versions: 2 is flexible, 3 lets a producer name the id and epoch it has: without a transactional id it gets a new one
// all the same, as in Kafka.
#include "broker/broker.h"
#include "broker/handlers/handlers.h"

namespace barnabas::broker {

void handle_init_producer_id(Broker& broker, const RequestContext&, protocol::InitProducerIdRequest&& request,
                             Replier<protocol::InitProducerIdResponse> reply) {
  protocol::InitProducerIdResponse response;
  if (request.transactional_id) {
    const ErrorCode code = request.transactional_id->empty() ? ErrorCode::kInvalidRequest : ErrorCode::kCoordinatorNotAvailable;
    response.error_code = static_cast<std::int16_t>(code);
    response.producer_epoch = kNoProducerEpoch;
    return reply(response);
  }
  broker.producer_ids().next([reply = std::move(reply)](ErrorCode error, ProducerId id) mutable {
    protocol::InitProducerIdResponse answer;
    answer.error_code = static_cast<std::int16_t>(error);
    answer.producer_id = id;
    answer.producer_epoch = error == ErrorCode::kNone ? ProducerEpoch{0} : kNoProducerEpoch;
    reply(answer);
  });
}

}  // namespace barnabas::broker
