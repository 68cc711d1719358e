#pragma once
// A partition with a role: its log, who leads it, and how far its records are committed.
//
//   log start ──── high watermark ──── log end
//                  consumers read below it; acks=all is answered when it has passed the batch
//
// With one replica the high watermark is the log end (page-cache) or the durable end (fsync); the follower positions of
// other replicas will be further terms of the same minimum.
//
// Threads: any. One short lock, never held across a wait: it orders "may this producer write this" with the append, and
// moves the high watermark. Waiters are called without it, on whatever thread moved the high watermark.
#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/metrics.h"
#include "config/settings.h"
#include "model/error_code.h"
#include "model/types.h"
#include "replication/topic_settings.h"
#include "storage/log.h"

namespace barnabas::replication {

struct AppendOutcome {
  ErrorCode error = ErrorCode::kNone;
  std::string message;  // empty when kNone
  Offset base_offset{-1};
  Offset next_offset{-1};                // what the high watermark must reach before acks=all is answered
  std::int64_t log_append_time_ms = -1;  // -1 on a CreateTime topic (P20)
  Offset log_start{-1};
};

struct DeleteOutcome {
  ErrorCode error = ErrorCode::kNone;
  Offset low_watermark{-1};  // the log start afterwards, with kNone
};

// What a partition's clients did since this process began. Some of it is counted under the partition's lock.
struct Traffic {
  metrics::Tally records_in;
  metrics::Tally bytes_in;
  metrics::Counter bytes_out;
  metrics::Tally produces;  // batches that were offered to the log
  metrics::Counter failed_produces;
  metrics::Tally fetches;  // reads, those of long polls that look again too
  metrics::Counter failed_fetches;
};

enum class Isolation : std::int8_t { kReadUncommitted = 0, kReadCommitted = 1 };

struct FetchRequest {
  Offset offset;
  std::uint32_t max_bytes = 0;
  bool min_one = false;  // V10
  Isolation isolation = Isolation::kReadUncommitted;
  LeaderEpoch current_leader_epoch = kNoLeaderEpoch;  // E1
  LeaderEpoch last_fetched_epoch = kNoLeaderEpoch;    // E3
  storage::ReadMode mode = storage::ReadMode::kCachedOnly;
};

struct FetchOutcome {
  ErrorCode error = ErrorCode::kNone;
  bool cold = false;  // ask again with kMayWait, on the disk queue
  Offset high_watermark{-1};
  Offset last_stable{-1};
  Offset log_start{-1};
  std::optional<storage::EpochEnd> diverging;  // E3: the reader must cut its log here
  Slice records;
};

// Who waits for a partition's high watermark to move, to be asked to look again. Called from any thread, without locks.
class FetchWaiter {
 public:
  virtual ~FetchWaiter() = default;
  // `bytes` became readable; -1: look again, whatever the size (an error, a new segment, a change of leader: V12).
  virtual void readable(std::int64_t bytes) = 0;
};

class Partition final : public storage::LogListener, public std::enable_shared_from_this<Partition> {
 public:
  using Committed = std::move_only_function<void(ErrorCode)>;
  using WaitToken = std::uint64_t;

  Partition(TopicPartition id, std::string topic, std::shared_ptr<storage::Log> log, std::shared_ptr<const TopicSettings> settings,
            Durability durability);
  ~Partition() override;

  // Begins to lead in this epoch; an epoch that is not newer changes nothing.
  void become_leader(LeaderEpoch epoch);
  // The topic was deleted: everybody who waits is told, later calls answer UNKNOWN_TOPIC_OR_PARTITION.
  void stop(ErrorCode why);
  // The topic's configuration changed.
  void set_settings(std::shared_ptr<const TopicSettings> settings);
  std::shared_ptr<const TopicSettings> settings() const;

  const TopicPartition& id() const { return id_; }
  const std::string& topic() const { return topic_; }
  storage::Log& log() const { return *log_; }
  Traffic& traffic() { return traffic_; }
  DiskQueue& disk_queue() const { return log_->directory().queue(); }

  // One validated batch of a client or a coordinator. Errors: P22's from leadership on, and the producer's history.
  AppendOutcome append(const AcceptedBatch& batch, bool check_producer);
  // Several, in this order, with one write where they fit into one; an outcome for each, which equals that of appending
  // them one by one.
  void append_all(std::span<const AcceptedBatch* const> batches, bool check_producer, std::span<AppendOutcome> outcomes);
  // Calls back once the high watermark has reached `next_offset` (kNone), or never will (P7, P8). At once if it has.
  void when_committed(Offset next_offset, Committed done);

  // DeleteRecords (V17): nothing below the offset is served any more; kHighWatermark: all that is committed. Calls back,
  // at once or from the disk's thread, when neither a kill nor a power cut can take that back (W5).
  // Errors: OFFSET_OUT_OF_RANGE, POLICY_VIOLATION on a topic that is only compacted, those of check_leader.
  static constexpr Offset kHighWatermark{-1};
  void delete_records(Offset up_to, std::move_only_function<void(DeleteOutcome)> done);

  FetchOutcome read(const FetchRequest& request);
  // One shot each; the token takes the waiter off again.
  WaitToken add_waiter(std::shared_ptr<FetchWaiter> waiter);
  void remove_waiter(WaitToken token);

  // kNone, or why a request with this epoch is not for us (E1, P8). kNoLeaderEpoch: not checked.
  ErrorCode check_leader(LeaderEpoch current_leader_epoch) const;
  LeaderEpoch leader_epoch() const;
  // kNone, or OFFSET_NOT_AVAILABLE: the high watermark does not reach the begin of this leader's epoch yet. The leader before
  // may have shown more, so the end that is known here is nobody's to tell (V14).
  ErrorCode check_end_known() const;
  Offset high_watermark() const { return Offset(high_watermark_.load(std::memory_order_acquire)); }
  Offset last_stable() const;
  Offset readable_end(Isolation isolation) const { return isolation == Isolation::kReadCommitted ? last_stable() : high_watermark(); }

  void durable_end_moved(Offset durable_end) override;
  void log_failed(const Error& error) override;

 private:
  struct Woken {
    std::vector<Committed> committed;
    std::vector<std::shared_ptr<FetchWaiter>> waiters;
    std::int64_t bytes = 0;
    ErrorCode error = ErrorCode::kNone;
    void tell();
  };
  ErrorCode check_leader_locked(LeaderEpoch current) const;
  bool judge_producer_locked(const AcceptedBatch& batch, AppendOutcome& outcome) const;
  std::size_t stage_locked(std::span<const AcceptedBatch* const> batches, bool check_producer, std::span<MutableBytes> run,
                           AppendOutcome& first) const;
  void append_run_locked(std::span<const AcceptedBatch* const> batches, std::span<const MutableBytes> run,
                         std::span<AppendOutcome> outcomes);
  void advance_locked(Offset to, Woken& woken);
  void wake_all_locked(ErrorCode error, Woken& woken);
  void request_sync();
  void start_sync();

  const TopicPartition id_;
  const std::string topic_;
  const std::shared_ptr<storage::Log> log_;
  const Durability durability_;
  Traffic traffic_;

  mutable std::mutex mutex_;
  ErrorCode stopped_ = ErrorCode::kNone;  // why nothing works here any more
  LeaderEpoch leader_epoch_ = kNoLeaderEpoch;
  Offset epoch_start_{0};  // the log's end when leader_epoch_ began
  std::shared_ptr<const TopicSettings> settings_;
  std::atomic<std::int64_t> high_watermark_{0};
  std::uint64_t appended_bytes_ = 0;  // of this process; the difference is what waits to be committed
  std::uint64_t committed_bytes_ = 0;
  struct Pending {
    Offset next_offset;
    Committed done;
  };
  std::deque<Pending> pending_;  // by offset
  WaitToken last_token_ = 0;
  std::list<std::pair<WaitToken, std::shared_ptr<FetchWaiter>>> waiters_;
  std::atomic<int> sync_state_{0};  // 0 idle, 1 one is on its way, 2 and another is wanted
};

}  // namespace barnabas::replication
