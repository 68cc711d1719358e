#pragma once
// One replicated, ordered, fenced log of cluster metadata, whichever engine keeps it: local, memory, zookeeper, raft.
//
//   [batch 0..2, epoch 1] [batch 3..3, epoch 1] [batch 4..9, epoch 2] ...      numbers are record offsets
//
// * A batch is atomic, gets consecutive offsets [base, end), is durable on a quorum before it is reported, and reaches
//   every node once, in the same order, with the same offsets and epoch.
// * Epochs are assigned through the log: strictly increasing, never reused, over restarts and with one voter too.
// * A batch of epoch E never follows the first batch of a later epoch. There is no other fencing to do.
// * A crash takes no batch that was reported kOk; one that was not reported may be there or not, whole.
//
// Threads: append, barrier, wait_applied and resign from any; start, close and the destructor on the executor. Every
// callback runs on the executor the log was given, one at a time, never from inside a call into the log.
// Proven for each engine by metadata_log_contract_test.cpp.
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/executor.h"
#include "base/strong.h"
#include "model/types.h"

namespace barnabas::metadata {

using MetadataOffset = Strong<struct MetadataOffsetTag, std::int64_t>;    // of a record in the metadata log, from 0
using ControllerEpoch = Strong<struct ControllerEpochTag, std::int32_t>;  // counts the active controllers, from 1

struct Batch {
  MetadataOffset base;
  ControllerEpoch epoch;
  std::vector<Bytes> records;  // at least one
  MetadataOffset end() const { return base + static_cast<std::int64_t>(records.size()); }
};

struct Leader {
  BrokerId node = -1;
  ControllerEpoch epoch;
  bool self = false;
};

// Names the state after every record below `end` was applied.
struct SnapshotId {
  MetadataOffset end;
  ControllerEpoch epoch;  // of the newest batch or election in it
};

enum class AppendStatus {
  kOk,             // committed, the offsets are final
  kFenced,         // not this node's active epoch, or expected_end did not match; nothing was appended
  kNotController,  // this node is not the active controller; nothing was appended
  kTooLarge,       // over Limits; nothing was appended
  kNoSpace,        // the disk is full; nothing was appended, the controller stays active
  kUnknown,        // controllership ended meanwhile: the batch may or may not be there, and only reading the log tells
  kClosed,         // the log was closed before the batch was tried; nothing was appended
};
std::string_view to_string(AppendStatus status);

struct AppendResult {
  AppendStatus status = AppendStatus::kUnknown;
  MetadataOffset base{-1};
  MetadataOffset end{-1};
};

// Serialises the state captured when it was made. Runs once, on a thread that may be busy with it for a while.
using SnapshotSource = std::move_only_function<Bytes()>;

class Listener {
 public:
  virtual ~Listener() = default;

  // Replaces the whole state. Before the first on_batch, and again if this node fell behind the start of the log.
  virtual void on_snapshot(const SnapshotId& id, ByteView image) = 0;
  // Committed, without a gap: batch.base is the previous batch's end.
  virtual void on_batch(const Batch& batch) = 0;
  // Once, as soon as everything that was committed when the log was started has been delivered.
  virtual void on_caught_up() = 0;
  // A hint for redirects; nullopt while nobody is known to lead.
  virtual void on_leader(const std::optional<Leader>& leader) = 0;
  // This node leads: everything of older epochs has been delivered, append(epoch, ...) is accepted from now on.
  virtual void on_elected(ControllerEpoch epoch) = 0;
  // No longer: every append of that epoch has been answered before this.
  virtual void on_resigned(ControllerEpoch epoch) = 0;
  // Captures the state exactly as of the last delivered batch, cheaply; an empty source means: ask again later.
  virtual SnapshotSource take_snapshot(const SnapshotId& id) = 0;
  // Storage failed or is damaged: the process must exit. The log is dead and calls nothing any more.
  virtual void on_fatal(std::string reason) = 0;
};

struct Limits {
  std::size_t max_batch_bytes = 4u << 20;     // the sizes of a batch's records together
  std::size_t max_batch_records = 64u << 10;  // and their number
  std::size_t max_snapshot_bytes = 1u << 30;
};

struct Health {
  MetadataOffset log_start, committed_end, snapshot_end;
  std::uint64_t log_bytes = 0;  // since the newest snapshot
};

class MetadataLog {
 public:
  using AppendDone = std::move_only_function<void(AppendResult)>;
  using BarrierDone = std::move_only_function<void(AppendStatus, MetadataOffset end)>;
  using AppliedDone = std::move_only_function<void(AppendStatus)>;

  // No callback runs after the destructor but the answers owed to append, barrier and wait_applied, which are posted.
  virtual ~MetadataLog() = default;

  // Opens storage and delivers from the newest snapshot on. Once. The listener outlives the log.
  virtual void start(Listener& listener) = 0;
  // Resigns, makes the last word durable and lets go of the storage. Afterwards every call is answered kClosed.
  virtual void close(Task closed) = 0;

  // `done` runs in the order of submission, after on_batch of the same batch when it is kOk. `expected_end`: refuse
  // with kFenced unless the log, with what is queued before this, ends there.
  virtual void append(ControllerEpoch epoch, std::vector<Bytes> records, AppendDone done,
                      std::optional<MetadataOffset> expected_end = std::nullopt) = 0;
  // kOk once every batch committed before the call was delivered here and this node still led after that.
  virtual void barrier(ControllerEpoch epoch, BarrierDone done) = 0;
  // kOk once every record below `end` was delivered here.
  virtual void wait_applied(MetadataOffset end, AppliedDone done) = 0;
  // Gives up controllership, if held. An engine with one node never gets it back before a restart.
  virtual void resign() = 0;

  virtual Limits limits() const = 0;
  virtual Health health() const = 0;  // on the executor
};

}  // namespace barnabas::metadata
