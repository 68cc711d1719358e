#pragma once
// One partition of an internal topic with its state machine, its log and the writes on their way (runtime.h).
//
// The log may report a commit inside append(), from another thread, or both at once, and may hold a lock of its own
// meanwhile: a report is put into `settled_` and never waits for the shard. Whoever holds the shard looks there when it
// lets go; if nobody does, the reporter takes it.
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/executor.h"
#include "coordinator/group.h"
#include "coordinator/log_port.h"
#include "coordinator/runtime.h"
#include "coordinator/state_machine.h"

namespace barnabas::coordinator {

class Shard : public std::enable_shared_from_this<Shard> {
 public:
  Shard(std::string name, RuntimeSettings settings, const Clock& clock, Executor& executor, std::unique_ptr<StateMachine> machine,
        std::shared_ptr<LogPort> log);

  void load();
  // Answers everything with NOT_COORDINATOR; afterwards the shard does nothing more.
  void close();
  bool is_active() const;
  ErrorCode run(Runtime::Decide decide);

 private:
  enum class Phase { kLoading, kActive, kFailed, kClosed };

  struct PendingWrite {
    std::string scope;
    MonoTime deadline;
    Deliveries deliveries;  // emptied when the deadline passes; the write itself stays, its outcome unknown
  };
  struct Settled {
    std::uint64_t write = 0;
    ErrorCode error = ErrorCode::kNone;
  };
  using ReadyDelivery = std::pair<Delivery, ErrorCode>;
  using Ready = std::vector<ReadyDelivery>;  // to be called once the lock is gone

  Now now() const { return {clock_.mono(), clock_.wall_ms()}; }

  // All of these with the lock held.
  void submit(Outcome outcome, Now now, Ready& ready);
  void append(Outcome outcome, Now now, Ready& ready);
  void hold(const std::string& scope, Deliveries deliveries, Now now, Ready& ready);
  void settle_writes(Ready& ready);
  void time_out_writes(Now now, Ready& ready);
  void write_lost(ErrorCode why, Ready& ready);
  void answer_everything(ErrorCode error, Ready& ready);
  void start_loading();
  void arm(Now now);
  void arm_at(MonoTime at);
  Result<> replay(ByteView chunk, Now now);
  void loaded(Now now);

  // Without it, or giving it away.
  void finish(std::unique_lock<std::mutex> lock, Ready ready);
  bool anything_settled();
  void on_settled(std::uint64_t write, ErrorCode error);
  void on_timer();
  void begin_reading(std::uint64_t life);
  void read_next(std::uint64_t life);
  void on_read(std::uint64_t life, const std::expected<Bytes, ErrorCode>& chunk);

  const std::string name_;
  const RuntimeSettings settings_;
  const Clock& clock_;
  Executor& executor_;
  const std::unique_ptr<StateMachine> machine_;
  const std::shared_ptr<LogPort> log_;

  mutable std::mutex mutex_;
  Phase phase_ = Phase::kLoading;
  std::uint64_t life_ = 0;  // counts loads; what belongs to an earlier one is ignored
  Offset position_{0};      // of the load
  Offset load_end_{0};
  MonoTime load_began_;
  std::uint64_t records_loaded_ = 0;
  std::uint64_t next_write_ = 1;
  std::map<std::uint64_t, PendingWrite> writes_;
  std::unordered_map<std::string, std::uint64_t> last_write_;  // of a scope, while pending
  MonoTime write_deadline_ = kNever;                           // no pending write's deadline lies before
  TimerId timer_ = TimerId::kNone;
  MonoTime timer_at_ = kNever;

  std::mutex settled_mutex_;
  std::vector<Settled> settled_;
  bool appending_ = false;  // the lock's holder is inside append() and will look at settled_ itself
};

}  // namespace barnabas::coordinator
