#pragma once
// The partition of an internal topic that a coordinator's shard lives on, as the coordinator sees it. The broker
// implements it over a replicated partition; tests keep the batches in a vector.
//
// append: offsets are assigned before it returns; `done` says later that the batch is committed (high watermark passed,
// under fsync: durable). An append that is refused changed nothing in the log. After a `done` with an error nobody knows
// what the log holds, so the shard forgets its state and reads the log again.
#include <expected>
#include <functional>

#include "base/bytes.h"
#include "model/error_code.h"
#include "model/types.h"

namespace barnabas::coordinator {

class LogPort {
 public:
  using Committed = std::move_only_function<void(ErrorCode)>;
  using Read = std::move_only_function<void(std::expected<Bytes, ErrorCode>)>;

  virtual ~LogPort() = default;

  // Appends one record batch (base offset 0: the log fills in offset and leader epoch) and returns its base offset.
  // Refusals: NOT_LEADER_OR_FOLLOWER, NOT_ENOUGH_REPLICAS, MESSAGE_TOO_LARGE, RECORD_LIST_TOO_LARGE, KAFKA_STORAGE_ERROR.
  // `done` is called exactly once if the append was taken, never if it was refused; inside this call or later, from any
  // thread. It may run the clients' replies, so hold no lock there that those could want. append itself is called with the
  // shard's lock held and must not wait.
  virtual std::expected<Offset, ErrorCode> append(Bytes batch, Committed done) = 0;

  // Whole batches, the first of which holds or follows `from`, at least one and about `max_bytes` of them, all below the
  // high watermark; empty when nothing is there yet. `done` is called exactly once, inside this call or later, from any thread.
  virtual void read(Offset from, std::size_t max_bytes, Read done) = 0;

  // Both are asked once when a load begins. Everything below end() must be replayed before the first request is served;
  // a load waits until the high watermark has come that far.
  virtual Offset start() const = 0;
  virtual Offset end() const = 0;

  // Whether this broker may still speak for the partition: it leads, in the epoch the port was made for. Asked before
  // every answer, since whoever leads next may have answered differently while unload() is still on its way (W6).
  virtual bool leads() const = 0;
};

}  // namespace barnabas::coordinator
