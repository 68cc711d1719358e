#pragma once
// What the broker counts about requests. Each loop has a set of its own that only its thread writes, so that counting
// takes no locked instruction; errors are rare and shared.
//
// The sets are by place in the API table (api_table.h), so no client can make them grow.
#include <array>
#include <cstdint>
#include <vector>

#include "base/metrics.h"
#include "net/connection.h"

namespace barnabas::broker {

struct ApiMetrics {
  metrics::Tally requests;
  metrics::Tally request_bytes;
  metrics::Tally reply_bytes;
  // The phases of net::SentReply, and from received to sent.
  metrics::LatencyTally queue, local, wait, send, total;

  void record(const net::SentReply& reply) {
    requests.add();
    request_bytes.add(reply.request_bytes);
    reply_bytes.add(reply.reply_bytes);
    queue.record((reply.begun - reply.received).count());
    local.record((reply.handled - reply.begun).count());
    wait.record((reply.answered - reply.handled).count());
    send.record((reply.sent - reply.answered).count());
    total.record((reply.sent - reply.received).count());
  }
};

// Of one loop.
struct LoopMetrics {
  explicit LoopMetrics(std::size_t apis) : by_api(apis) {}
  std::vector<ApiMetrics> by_api;
  metrics::Tally records_in;  // appended for clients
  metrics::Tally bytes_in;
  metrics::Tally bytes_out;  // of records, to clients
};

// Error codes of one API's answers, those of parts of an answer too.
class ErrorCounts {
 public:
  static constexpr std::int16_t kFirst = -1;
  static constexpr std::size_t kCodes = 160;

  void count(std::int16_t code) {
    const auto at = static_cast<std::size_t>(code - kFirst);
    if (at < kCodes) codes_[at].add();
  }
  std::uint64_t value(std::size_t at) const { return codes_[at].value(); }  // of the code kFirst + at

 private:
  std::array<metrics::Counter, kCodes> codes_;
};

}  // namespace barnabas::broker
