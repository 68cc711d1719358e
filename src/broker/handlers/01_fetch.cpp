// Fetch: read record batches from partitions.
//
// Behaviour: whole batches below the high watermark, in the order of the request (or of the session), each partition
// within its own limit and all within max_bytes; the first batch of the first partition that has one is returned
// however large it is (V10). With less than min_bytes the request is parked until enough was appended, for at most
// max_wait_ms (V5, V12). Files are sent by the kernel (sendfile); what is not in memory is read by the disk's queue
// first, so that no I/O thread waits for a disk. Sessions: fetch_session.h.
// Versions: below 4 the client expects record formats 0 and 1, which are not served (43). 5 adds the log start, 7
// sessions, 9 the leader epoch, 12 divergence (KIP-595), 13 topic ids, 16 where the leader is. A replica id is taken
// from brokers only, and there are no other brokers yet.
#include "broker/broker.h"
#include "broker/fetch_operation.h"
#include "broker/handlers/handlers.h"

namespace barnabas::broker {

void handle_fetch(Broker& broker, const RequestContext& context, protocol::FetchRequest&& request, Replier<protocol::FetchResponse> reply) {
  FetchContext fetch = broker.fetch_sessions().begin(request, context.version);
  if (fetch.error != ErrorCode::kNone) {
    protocol::FetchResponse response;
    response.error_code = static_cast<std::int16_t>(fetch.error);
    return reply(response);
  }
  std::make_shared<FetchOperation>(broker, context, request, std::move(fetch), std::move(reply))->start();
}

}  // namespace barnabas::broker
