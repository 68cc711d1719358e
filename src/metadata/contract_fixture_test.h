#pragma once
// The small language of the contract tests: a node that follows a log, and engines that can be restarted, killed and
// unplugged. What a test says of "the engine" holds for each of them.
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/sim_clock.h"
#include "base/sim_disk.h"
#include "metadata/local_log.h"
#include "metadata/memory_log.h"
#include "metadata/metadata_log.h"

namespace barnabas::metadata::testing {

// A state machine whose state is every record it was given, so that a snapshot can be checked byte for byte.
class Recorder final : public Listener {
 public:
  struct Entry {
    Bytes record;
    ControllerEpoch epoch;  // 0 when it came in a snapshot
    friend bool operator==(const Entry&, const Entry&) = default;
  };

  void on_snapshot(const SnapshotId& id, ByteView image) override;
  void on_batch(const Batch& batch) override;
  void on_caught_up() override { event("caught up"); }
  void on_leader(const std::optional<Leader>& leader) override { event(leader ? "leader" : "no leader"); }
  void on_elected(ControllerEpoch epoch) override;
  void on_resigned(ControllerEpoch epoch) override;
  SnapshotSource take_snapshot(const SnapshotId& id) override;
  void on_fatal(std::string reason) override;

  MetadataOffset end() const { return MetadataOffset(static_cast<std::int64_t>(state.size())); }
  std::vector<Bytes> records() const;

  std::vector<Entry> state;
  std::vector<Batch> batches;
  std::vector<std::string> events;
  std::optional<ControllerEpoch> leading;
  std::string fatal;
  bool busy = false;  // take_snapshot has no time
  int snapshots_loaded = 0, snapshots_taken = 0;
  std::function<void()> during_batch;

 private:
  void event(std::string what);
  bool inside_ = false;
};

struct EngineOptions {
  std::string cluster_id = "cluster-of-the-test";
  std::size_t max_batch_bytes = 64u << 10;
  std::uint64_t snapshot_after_bytes = 1u << 30;  // of records
};

class Engine {
 public:
  virtual ~Engine() = default;
  virtual std::unique_ptr<MetadataLog> make(const EngineOptions& options) = 0;
  // The process is gone: nothing of it runs any more; what the kernel has stays.
  virtual void kill() = 0;
  // The machine loses power.
  virtual void power_cut(std::uint64_t seed) = 0;
  // Until nothing is left to do.
  virtual void settle() = 0;
  // One task, or one step of time; false when there is none.
  virtual bool step() = 0;
};

class MemoryEngine final : public Engine {
 public:
  std::unique_ptr<MetadataLog> make(const EngineOptions& options) override;
  void kill() override;
  void power_cut(std::uint64_t) override { kill(); }
  void settle() override { executor_.run_until_idle(); }
  bool step() override { return executor_.step(); }

 private:
  SimClock clock_;
  SimExecutor executor_{clock_};
  std::shared_ptr<MemoryLogStore> store_ = std::make_shared<MemoryLogStore>();
};

class LocalEngine final : public Engine {
 public:
  LocalEngine() { new_queue(); }
  std::unique_ptr<MetadataLog> make(const EngineOptions& options) override;
  void kill() override;
  void power_cut(std::uint64_t seed) override;
  void settle() override;
  bool step() override { return executor_.step(); }

  Path directory() const { return "/data/metadata"; }
  SimDiskQueue& queue() { return *queues_.back(); }
  SimDisk disk;
  SimRandom random{7};

 private:
  SimClock clock_;
  SimExecutor executor_{clock_};
  void new_queue();

  std::vector<std::unique_ptr<SimDiskQueue>> queues_;  // of each process
};

// One process: an engine, the log it opened, and what it heard.
class Node {
 public:
  explicit Node(Engine& engine, EngineOptions options = {}) : engine_(engine), log_(engine.make(options)) {
    log_->start(heard);
    engine_.settle();
  }
  MetadataLog& log() { return *log_; }
  ControllerEpoch epoch() const { return heard.leading.value_or(ControllerEpoch(-1)); }

  // Asks; the answer lands in `answers`, in the order in which answers come.
  std::size_t ask(std::vector<Bytes> records, std::optional<MetadataOffset> expected_end = std::nullopt);
  std::size_t ask_as(ControllerEpoch epoch, std::vector<Bytes> records, std::optional<MetadataOffset> expected_end = std::nullopt);
  // Asks and waits.
  AppendResult append(std::vector<Bytes> records);
  AppendResult append(std::string_view record);

  void close();
  void drop() { log_.reset(); }

  struct Answer {
    std::size_t question = 0;
    AppendResult result;
    MetadataOffset delivered;  // how far on_batch had come by then
  };
  Recorder heard;
  std::vector<Answer> answers;

 private:
  Engine& engine_;
  std::unique_ptr<MetadataLog> log_;
  std::size_t questions_ = 0;
};

inline Bytes record(std::string_view text) {
  const ByteView view = as_bytes(text);
  return Bytes(view.begin(), view.end());
}

}  // namespace barnabas::metadata::testing
