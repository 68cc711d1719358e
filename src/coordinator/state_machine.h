#pragma once
// What the coordinator runtime drives: the state of one partition of an internal topic, without threads, log or sockets.
// Classic groups and their offsets are the first one (group_shard.h); transactions and share groups are others.
//
//   decide      a request changes the state at once and says, as an Outcome, what must be in the log for that to be true
//   append      taken: the Outcome's replies wait for the commit. Refused: the Outcome undoes the change, exactly
//   replay      the log, read again, brings back the same state
//
// All calls come one at a time, under the shard's lock: nothing here may wait.
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "coordinator/group_messages.h"
#include "model/error_code.h"
#include "model/types.h"

namespace barnabas::coordinator {

struct StoredRecord {
  Bytes key;
  std::optional<Bytes> value;  // nullopt: a tombstone
};

// An answer ready to go: NONE sends it as it is, an error sends that instead. Called once, without any lock held.
using Delivery = std::move_only_function<void(ErrorCode)>;
using Deliveries = std::vector<Delivery>;

struct Outcome {
  // What answers wait for besides the records of this outcome: the last write of the same scope (a group's id).
  std::string scope;
  std::vector<StoredRecord> records;  // one batch, atomically; none: nothing to write
  // Exactly one of the two is called, under the lock: the append was taken, or nothing was to append ...
  std::move_only_function<Deliveries()> taken;
  // ... or the append was refused: back to the state before. Error is already what the client should get.
  std::move_only_function<Deliveries(ErrorCode)> refused;
};

class StateMachine {
 public:
  virtual ~StateMachine() = default;

  // One record of the log, in order. Kinds of records this machine does not know are passed over; what it should know and
  // cannot read is an error, and the partition is not served.
  virtual Result<> replay(ByteView key, std::optional<ByteView> value, Now now) = 0;
  // The whole log was replayed: deadlines begin to run.
  virtual void loaded(Now now) = 0;

  // No deadline lies before this.
  virtual MonoTime next_deadline() const = 0;
  // Does one thing whose time has come; nullopt if it came to nothing. Called until next_deadline() is in the future.
  virtual std::optional<Outcome> expire(Now now) = 0;

  // Forgets everything. What was parked comes back to be answered.
  virtual Deliveries abandon() = 0;
};

}  // namespace barnabas::coordinator
