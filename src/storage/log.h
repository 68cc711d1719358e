#pragma once
// One partition's log on one disk: a folder `<topic>-<partition>` of segments in Kafka's own file formats.
//
//   log start ──────── durable end ──── log end        offsets
//   │ 000…0.log │ 000…4096.log │ 000…9120.log │        the last segment is the active one
//
// Appending and being durable are two steps: append() hands the bytes to the kernel and returns; durable_end() says
// how far a power cut cannot reach any more; request_sync() moves it. After a failed sync the log, and its whole
// directory, is offline for good (fsync may lie from then on).
//
// A crash of the process takes nothing that append() returned for; a power cut takes at most what is above durable_end().
//
// Threads: every call may come from every thread; a log has one short lock of its own. check_producer() and the
// append() after it are one step only under the caller's lock (partition lock first, log lock inside it). What may
// wait for the disk says so and belongs on the directory's DiskQueue. Callbacks run on that queue without a lock held.
#include <algorithm>
#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/disk.h"
#include "base/slice.h"
#include "model/types.h"
#include "storage/epoch_cache.h"
#include "storage/log_config.h"
#include "storage/log_directory.h"
#include "storage/producer_state.h"
#include "storage/segment.h"

namespace barnabas::storage {

struct AppendInfo {
  Offset base_offset;
  Offset last_offset;
  std::int64_t max_timestamp_ms = -1;
  bool rolled = false;  // a new segment was begun: waiting fetches may be answered (V12)
};

struct ReadRequest {
  Offset offset;  // of the first record wanted; the batch that contains it is returned whole (V11)
  std::uint32_t max_bytes = 0;
  Offset upper_bound;    // exclusive: high watermark, last stable offset, or log end for a follower
  bool min_one = false;  // return the first batch even when it is larger than max_bytes (V10)
  ReadMode mode = ReadMode::kCachedOnly;
};

struct ReadResult {
  Slice bytes;         // whole batches of one segment; size 0 when there is nothing to return
  Offset next_offset;  // where to read on; ask again while it is below the upper bound and bytes are left
};

struct TimestampedOffset {
  Offset offset;
  std::int64_t timestamp_ms = -1;
  LeaderEpoch leader_epoch = kNoLeaderEpoch;
};

// What the directory knew about a log when it was last running.
struct RecoveryFacts {
  // All below was synced. Unknown (no usable checkpoint): everything is read again and no valid batch is ever cut.
  std::optional<Offset> recovery_point;
  // All below was given to the kernel, which has run since. Need not be read again; no promise that it is on the disk.
  Offset kernel_end{0};
  Offset log_start{0};
  std::optional<CleanEnd> clean_end;  // from the clean shutdown marker
  Offset compacted_to{0};             // from the cleaner's checkpoint
};

// What compaction could do for a log now.
struct Compactable {
  Offset first_dirty;  // below it compaction has been already
  Offset end;          // above it compaction may not go yet: the end of a sealed, durable, committed segment
  std::uint64_t clean_bytes = 0;
  std::uint64_t dirty_bytes = 0;
  bool overdue = false;  // max.compaction.lag.ms

  double ratio() const {
    return static_cast<double>(dirty_bytes) / static_cast<double>(std::max<std::uint64_t>(clean_bytes + dirty_bytes, 1));
  }
};

// A segment that will not change any more, as compaction reads it.
struct SealedSegment {
  std::shared_ptr<Segment> segment;
  std::shared_ptr<File> file;
  std::uint64_t bytes = 0;
  Offset end;
};

struct RecoveryReport {
  bool clean = false;  // believed the clean shutdown marker: nothing was scanned
  std::uint64_t scanned_bytes = 0;
  std::uint64_t cut_bytes = 0;  // torn tail
  int rebuilt_indexes = 0;
  int dropped_segments = 0;
  std::vector<Damage> damage;
};

class LogListener {
 public:
  virtual ~LogListener() = default;
  virtual void durable_end_moved(Offset durable_end) = 0;
  virtual void log_failed(const Error& error) = 0;
};

class Log : public std::enable_shared_from_this<Log> {
 public:
  // Makes the folder and its first segment; nothing is durable before the first sync. Five system calls, no waiting.
  // kAlreadyExists when the folder is there.
  static Result<std::shared_ptr<Log>> create(LogDirectory& directory, std::string topic, PartitionIndex partition, const TopicId& topic_id,
                                             const LogConfig& config, Offset start = Offset(0));
  // Opens and recovers a folder. Waits.
  static Result<std::shared_ptr<Log>> open(LogDirectory& directory, const std::string& folder, const LogConfig& config,
                                           const RecoveryFacts& facts);
  ~Log();
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  const std::string& topic() const { return topic_; }
  PartitionIndex partition() const { return partition_; }
  const std::string& name() const { return name_; }  // "<topic>-<partition>"
  TopicId topic_id() const { return topic_id_; }     // zero when the folder has no readable partition.metadata
  LogDirectory& directory() const { return directory_; }
  const Path& folder() const { return folder_; }
  const RecoveryReport& recovery_report() const { return report_; }

  // nullptr takes it off; then no call is running any more or will come.
  void set_listener(LogListener* listener);
  void set_config(const LogConfig& config);
  LogConfig config() const;

  // ---- appending -------------------------------------------------------------------------------------------------

  // What the producer's history says to a validated batch of a client (I1-I7). Other writers do not ask (I9).
  ProducerCheck check_producer(ByteView batch) const;

  // One validated batch. Its base offset and leader epoch are written into it (both are outside its checksum).
  // kNoSpace: nothing was appended, later appends may work (S12). kIo: the log is offline. kFenced: an older epoch
  // than the log has.
  Result<AppendInfo> append(MutableBytes batch, LeaderEpoch epoch);
  // As many of these batches, from the first on, as go into one segment, in one write. Fills as many infos; returns how
  // many that are: at least one. After an error nothing was appended.
  Result<std::size_t> append_run(std::span<const MutableBytes> batches, LeaderEpoch epoch, std::span<AppendInfo> infos);
  static constexpr std::size_t kRunMax = 16;
  // Whole batches fetched from a leader, with offsets and epochs as they are; the first must begin at the log end or
  // above it. Headers and checksums are checked here.
  Result<AppendInfo> append_as_follower(ByteView batches);

  // ---- durability ------------------------------------------------------------------------------------------------

  Offset durable_end() const { return Offset(durable_end_.load(std::memory_order_acquire)); }
  // How far a kill of the process, but not of the machine, cannot reach, with all that a start needs to know of it.
  Offset kernel_end() const;
  // Makes everything appended so far durable, with its file's name, then calls done; requests that meet share one
  // sync. May call done at once when there is nothing to do.
  void request_sync(DiskQueue::Done done);
  // The error that took the log offline.
  std::optional<Error> failure() const;

  // ---- reading ---------------------------------------------------------------------------------------------------

  Offset log_start() const { return Offset(log_start_.load(std::memory_order_acquire)); }
  Offset log_end() const { return Offset(log_end_.load(std::memory_order_acquire)); }

  // kOutOfRange below log start or above log end; kCorrupt when the batch at the offset is damaged (S8); kBusy see
  // ReadMode. An empty answer for log end, for an offset at the upper bound, or when min_one is off and the first batch is too large.
  // The slice stays whole whatever happens to the log.
  Result<ReadResult> read(const ReadRequest& request);

  // The first record whose timestamp is at least this (V13). Waits.
  Result<std::optional<TimestampedOffset>> offset_for_timestamp(std::int64_t timestamp_ms);
  // The lowest offset with the largest timestamp. Waits.
  Result<std::optional<TimestampedOffset>> max_timestamp();

  // ---- leader epochs ---------------------------------------------------------------------------------------------

  // Becoming leader: (epoch, log end) enters the cache at once and is durable when done is called (E5). For a log that
  // never held a record done may be called at once: its first batch carries the same fact.
  void begin_epoch(LeaderEpoch epoch, DiskQueue::Done done);
  LeaderEpoch latest_epoch() const;                        // -1: none
  EpochEnd end_offset_for_epoch(LeaderEpoch epoch) const;  // E2
  LeaderEpoch epoch_of(Offset offset) const;

  // ---- cutting ---------------------------------------------------------------------------------------------------

  // Forgets everything at and above the offset (a follower's divergence). Producer state goes back too (I10). Waits.
  Result<> truncate_to(Offset offset);
  // Forgets everything and begins again at the offset. Waits.
  Result<> restart_at(Offset offset);
  // DeleteRecords: nothing below is served any more; done when no crash can take that back (V18, W5). Never moves
  // backwards; kOutOfRange above log end.
  void advance_start(Offset offset, DiskQueue::Done done);
  // Deletes whole segments that are too old, too many or below log start, never one that reaches above the bound
  // (the high watermark), never the last (V19). Returns how many. Waits.
  Result<int> apply_retention(Offset bound);
  // Drops the state of producers that were silent for too long (I12).
  void expire_producers();

  // ---- compaction, driven by log_cleaner.h ------------------------------------------------------------------------

  Offset compacted_to() const { return Offset(compacted_to_.load(std::memory_order_acquire)); }
  // Up to here a pass has been. Never above the log end; truncation takes it back.
  void set_compacted_to(Offset offset);
  // What a pass would find, nothing where it need not look: that is answered without the disk. `bound`: the high
  // watermark. May wait.
  Result<std::optional<Compactable>> compactable(Offset bound);
  // The sealed segments below the offset, open. Waits.
  Result<std::vector<SealedSegment>> sealed_below(Offset end);
  // Is this the last batch that the log remembers of its producer (I16)?
  bool is_last_of_producer(ProducerId producer, Offset last_offset) const;
  // An empty file for the compacted form of the segment with that base, under a name that recovery clears away.
  Result<std::shared_ptr<File>> open_compacted(Offset base);
  void discard_compacted(Offset base);
  // Puts one segment in the place of several neighbours, all at once as a crash sees it (log_swap.h). Its file is that
  // of open_compacted() and synced. kFenced: one of them is gone or changed, nothing happened. Waits.
  Result<> swap_in(const std::vector<SealedSegment>& replaced, std::shared_ptr<Segment> made, std::shared_ptr<File> file);

  std::uint64_t size_bytes() const;
  std::vector<SegmentInfo> segments() const;
  std::size_t producer_count() const;
  std::vector<ProducerSummary> producers() const;  // DescribeProducers

  // Work of the periodic tick, on the queue: writes buffered index entries and, when enough was appended since the
  // last, a producer snapshot; gives back the file descriptor of a log that is idle. Waits.
  Result<> maintain(bool release_idle_file);
  bool wants_flush() const;  // flush.ms, flush.messages, or much unsynced data

  // Writes everything out and syncs; the directory may then record the returned end as clean. Waits.
  Result<CleanEnd> close();
  // Renames the folder to `<name>.<uuid>-delete` at once; its files go after file.delete.delay.ms. Slices stay whole.
  Result<> remove();
  // Renames the folder to `<name>.<uuid>-stray` and keeps its files: a partition the metadata does not know.
  Result<> set_aside();

  // The first offset of the earliest open transaction: the last stable offset is not above it.
  std::optional<Offset> first_open_transaction() const;
  // Reads everything below log end again and reports what is damaged. Waits, long.
  Result<std::vector<Damage>> scrub();

 private:
  Result<Path> rename_away(std::string_view why);
  friend class LogRecovery;
  struct RecentBatch {
    Offset base_offset;
    Offset next_offset;
    std::uint64_t position = 0;
    std::uint32_t bytes = 0;
  };
  struct SyncPlan;
  struct SyncWaiter {
    Offset end;
    DiskQueue::Done done;
  };
  using SegmentPtr = std::shared_ptr<Segment>;
  static constexpr std::size_t kRecentBatches = 64;

  Log(LogDirectory& directory, std::string topic, PartitionIndex partition);
  Segment& active() const { return *segments_.back(); }
  Path file(std::string_view name) const { return folder_ / name; }

  // log_append.cpp; all under mutex_
  Result<> writable() const;
  bool must_roll(const BatchFrame& frame, std::uint64_t ahead) const;  // so many bytes go before it
  Result<> roll();
  Result<SegmentPtr> make_segment(Offset base);
  Result<> write_batches(std::span<const ByteView> pieces, std::uint64_t bytes);
  void note_appended(const BatchFrame& frame);
  void remember(const BatchFrame& frame, std::uint64_t position);
  Error go_offline(Error error);
  void announce_failure(const Error& error);  // without mutex_

  // log_sync.cpp
  void start_sync();  // under mutex_
  Result<> carry_out(SyncPlan& plan);
  void finish_sync(SyncPlan plan, Result<> result);
  Result<> write_epochs();
  Result<> write_producer_snapshot();

  // log_read.cpp
  std::optional<ReadResult> read_recent(const ReadRequest& request, Offset bound) const;  // under mutex_
  struct Place {
    SegmentPtr segment;
    std::shared_ptr<File> file;  // null: to be opened
    std::uint64_t bytes = 0;
    Offset segment_end;
    bool sealed = false;
    std::uint64_t generation = 0;
  };
  std::optional<std::size_t> segment_of(Offset offset) const;  // under mutex_
  Place place_of(std::size_t index) const;                     // under mutex_
  Result<ReadResult> read_place(Place& place, const ReadRequest& request, Offset bound);
  Result<std::optional<TimestampedOffset>> first_at_or_after(Place& place, std::int64_t timestamp_ms, Offset start);
  Result<std::int64_t> largest_timestamp(Place& place);
  template <class Look>
  auto over_segments(const Look& look) -> decltype(look(std::declval<std::vector<Place>&>(), Offset()));

  // log_cut.cpp; structure_mutex_ held
  struct CutPoint {
    Place place;
    std::uint64_t position = 0;
    Offset end;
  };
  Result<CutPoint> find_cut(Offset offset);
  Result<> cut_at(CutPoint& point);
  Result<> shorten(Segment& segment, std::uint64_t position);
  Result<> settle_shortened(Segment& segment, std::uint64_t position, Offset end);
  Result<> drop_files(const SegmentPtr& segment);
  Result<> delete_oldest(std::size_t count, bool roll_first);
  Result<std::size_t> count_deletable(Offset bound, bool& active_too);
  void fail_waiters(const Error& error);

  // log_swap.cpp; structure_mutex_ held
  Result<> carry_out_swap(const std::vector<SealedSegment>& replaced, Segment& made, const std::shared_ptr<File>& file);
  Result<> name_for_swap(Segment& made);
  bool are_neighbours(const std::vector<SealedSegment>& replaced) const;  // under mutex_
  Result<std::int64_t> first_timestamp(Place& place);

  // log_recovery.cpp
  // Calls visit for the header of every whole batch from the one that contains the offset on; damage is passed over.
  static Result<> each_frame(std::vector<Place> places, Offset from, const std::function<void(const BatchFrame&)>& visit);
  Result<> rebuild_producers(Offset end);
  std::vector<Offset> producer_snapshots() const;
  void give_to_cache(Segment& segment);
  Result<CleanEnd> clean_end();

  LogDirectory& directory_;
  const std::string topic_;
  const PartitionIndex partition_;
  const std::string name_;
  const Path folder_;
  TopicId topic_id_;
  RecoveryReport report_;
  std::atomic<std::int64_t> log_start_{0};
  std::atomic<std::int64_t> durable_end_{0};
  std::atomic<std::int64_t> log_end_{0};
  std::atomic<std::int64_t> compacted_to_{0};

  std::mutex structure_mutex_;   // held while segments are removed or shortened, which waits; before mutex_
  std::mutex epoch_file_mutex_;  // one writer of the file at a time; before mutex_
  std::mutex listener_mutex_;
  LogListener* listener_ = nullptr;

  mutable std::mutex mutex_;  // the short lock: everything below
  LogConfig config_;
  std::vector<SegmentPtr> segments_;  // by base offset, never empty, the last is active
  EpochCache epochs_;
  std::uint64_t epochs_version_ = 0;
  std::uint64_t epochs_written_ = 0;
  ProducerState producers_;
  Offset snapshot_end_{-1};  // of the latest producer snapshot
  std::uint64_t bytes_since_snapshot_ = 0;
  std::vector<RecentBatch> recent_;  // a ring of the latest appends, all in the active segment
  std::size_t recent_next_ = 0;
  std::optional<Error> failure_;
  bool cutting_ = false;  // appends are refused
  bool closed_ = false;
  bool removed_ = false;
  std::uint64_t generation_ = 0;  // counts what could pull a file from under a lookup
  std::uint64_t swaps_ = 0;       // those of them that leave alone what a sync is about: only synced segments are swapped

  std::vector<SyncWaiter> sync_waiters_;
  bool sync_running_ = false;
  bool names_dirty_ = false;              // files were made in the folder
  bool folder_dirty_ = false;             // the folder itself is new
  std::vector<SegmentPtr> sealed_dirty_;  // sealed, not yet synced
  std::int64_t unsynced_since_ms_ = -1;
  std::int64_t unsynced_bytes_ = 0;
  std::int64_t last_append_ms_ = 0;
};

}  // namespace barnabas::storage
