#pragma once
// One Fetch from its arrival to its answer.
//
//   start ─ read what is there ─┬─ enough, or an error: answer
//                               ├─ some of it is not in memory: the disk's queue reads it, then answer
//                               └─ too little: park with every partition until data comes or max_wait passes, read again
//
// Threads: its loop's executor, but readable(), which any thread may call, and the reading on the disk queue.
#include <atomic>
#include <memory>
#include <vector>

#include "broker/broker.h"
#include "broker/fetch_session.h"
#include "protocol/generated/fetch.h"

namespace barnabas::broker {

class FetchOperation final : public replication::FetchWaiter, public std::enable_shared_from_this<FetchOperation> {
 public:
  FetchOperation(Broker& broker, const RequestContext& context, const protocol::FetchRequest& request, FetchContext fetch,
                 Replier<protocol::FetchResponse> reply);

  void start();
  void readable(std::int64_t bytes) override;

 private:
  struct Read {
    std::shared_ptr<replication::Partition> partition;  // null: not found
    replication::FetchOutcome outcome;
    Offset seen_end;  // how far one could read when it was read
  };

  bool read_all(storage::ReadMode mode);  // true: everything needed was in memory
  void look_up(std::size_t i);
  static std::uint32_t most_bytes(Broker& broker, const RequestContext& context, const protocol::FetchRequest& request);
  bool satisfied() const;
  bool warm();
  void park();
  void unpark();
  void wake();
  void read_on_disk();
  void answer();
  protocol::FetchResponse build();
  void add_leader(ErrorCode error, const FetchTarget& target, protocol::FetchResponse::PartitionData& told,
                  protocol::FetchResponse& response) const;

  Broker& broker_;
  LoopMetrics& counts_;  // of the loop
  Executor& executor_;
  ClientSession session_;  // a copy: the connection may be gone by the answer
  const std::int16_t version_;
  const std::string client_id_;  // where there are quotas, else empty
  const std::uint32_t max_bytes_;
  const std::int64_t min_bytes_;
  const MonoTime deadline_;
  const replication::Isolation isolation_;
  const bool claims_replica_;  // it gives a replica's id
  FetchContext fetch_;
  metadata::ImagePtr image_;
  Replier<protocol::FetchResponse> reply_;

  std::vector<Read> reads_;  // one a target
  std::uint64_t bytes_ = 0;
  bool error_ = false;

  std::atomic<std::int64_t> missing_{0};
  std::atomic<bool> parked_{false};
  std::vector<std::pair<std::shared_ptr<replication::Partition>, replication::Partition::WaitToken>> waits_;
  TimerId timer_ = TimerId::kNone;
};

}  // namespace barnabas::broker
