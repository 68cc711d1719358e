// Produce: append record batches to partitions.
//
// Behaviour: every partition is judged by itself (P23), in the order of P22: is it known (3), is it one batch of format
// 2 (87, 76), do we lead it (6, 56), are enough replicas in sync (19), is the batch well-formed, is the producer's
// sequence right. acks=0 is never answered; after a failure the connection is closed instead (P2). acks=1 is answered
// when the kernel has the bytes, acks=-1 when the high watermark has passed them, at the latest after timeout_ms (P6).
// Versions: below 3 the records are of formats 0 and 1, which are not served (43). 2 answers the append time, 5 the log
// start, 8 the records a batch was refused for, 10 the leader to turn to. From 13 on topics come by id.
#include "broker/broker.h"
#include "broker/handlers/handlers.h"
#include "broker/produce_group.h"

namespace barnabas::broker {

void handle_produce(Broker& broker, const RequestContext& context, protocol::ProduceRequest&& request,
                    Replier<protocol::ProduceResponse> reply) {
  broker.produces(context.loop).add(context, std::move(request), std::move(reply));
}

}  // namespace barnabas::broker
