#pragma once
// The coordinator runtime: keeps state machines in partitions of an internal topic.
//
//   load --> Loading --> Active --> unload          a request: lock, decide, append, unlock; the replies leave when the
//               ^           |                       append is committed. Requests of one scope are answered in order:
//               +-----------+                       none overtakes a write it may have seen.
//        an append whose outcome nobody knows
//
// A crash takes what was appended and not committed; nobody was told about it. Requests run on the caller's thread under
// the shard's one lock, which is never held across a wait; replies run without it, on whatever thread settles them.
// Timers of all shards run on one executor.
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>

#include "base/clock.h"
#include "base/executor.h"
#include "coordinator/log_port.h"
#include "coordinator/state_machine.h"
#include "model/error_code.h"
#include "model/types.h"

namespace barnabas::coordinator {

struct RuntimeSettings {
  std::int32_t commit_timeout_ms = 5'000;      // offsets.commit.timeout.ms: then COORDINATOR_NOT_AVAILABLE
  std::size_t load_chunk_bytes = 1024 * 1024;  // offsets.load.buffer.size
};

class Shard;

// What the client gets when the log refuses or loses an append (rules G14, T25).
ErrorCode client_error_of_append(ErrorCode error);

class Runtime {
 public:
  using Decide = std::move_only_function<Outcome(StateMachine&, Now)>;
  using MakeMachine = std::move_only_function<std::unique_ptr<StateMachine>(PartitionIndex)>;

  // `topic` is for the log lines. Clock and executor outlive the runtime.
  Runtime(std::string topic, RuntimeSettings settings, const Clock& clock, Executor& executor, MakeMachine make_machine);
  ~Runtime();
  Runtime(const Runtime&) = delete;
  Runtime& operator=(const Runtime&) = delete;

  void load(PartitionIndex partition, std::shared_ptr<LogPort> log);
  void unload(PartitionIndex partition);
  void stop();
  bool is_active(PartitionIndex partition) const;
  std::vector<PartitionIndex> partitions() const;

  // NONE: `decide` ran, and its Outcome settles every reply. Else it did not run: NOT_COORDINATOR,
  // COORDINATOR_LOAD_IN_PROGRESS or COORDINATOR_NOT_AVAILABLE (after stop).
  ErrorCode run(PartitionIndex partition, Decide decide);

 private:
  std::shared_ptr<Shard> find(PartitionIndex partition) const;

  const std::string topic_;
  const RuntimeSettings settings_;
  const Clock& clock_;
  Executor& executor_;
  MakeMachine make_machine_;

  mutable std::shared_mutex mutex_;  // of the map and the flag only
  std::map<PartitionIndex, std::shared_ptr<Shard>> shards_;
  bool stopped_ = false;
};

}  // namespace barnabas::coordinator
