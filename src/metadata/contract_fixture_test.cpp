#include "metadata/contract_fixture_test.h"

#include <utility>

namespace barnabas::metadata::testing {

void Recorder::event(std::string what) {
  EXPECT_FALSE(std::exchange(inside_, true)) << "a callback inside a callback";
  events.push_back(std::move(what));
  inside_ = false;
}

void Recorder::on_snapshot(const SnapshotId& id, ByteView image) {
  event("snapshot");
  state.clear();
  ++snapshots_loaded;
  while (!image.empty()) {
    const auto size = load_be<std::uint32_t>(image.data());
    const ByteView one = image.subspan(4, size);
    state.push_back({Bytes(one.begin(), one.end()), ControllerEpoch(0)});
    image = image.subspan(4 + size);
  }
  EXPECT_EQ(end(), id.end);
}

void Recorder::on_batch(const Batch& batch) {
  event("batch");
  EXPECT_FALSE(batch.records.empty());
  EXPECT_EQ(batch.base, end()) << "a gap or a repetition";
  if (!batches.empty()) { EXPECT_GE(batch.epoch, batches.back().epoch); }
  batches.push_back(batch);
  for (const Bytes& one : batch.records) state.push_back({one, batch.epoch});
  if (during_batch) during_batch();
}

void Recorder::on_elected(ControllerEpoch epoch) {
  event("elected");
  EXPECT_FALSE(leading.has_value());
  if (!batches.empty()) { EXPECT_GT(epoch, batches.back().epoch); }
  leading = epoch;
}

void Recorder::on_resigned(ControllerEpoch epoch) {
  event("resigned");
  EXPECT_EQ(leading, epoch);
  leading.reset();
}

SnapshotSource Recorder::take_snapshot(const SnapshotId& id) {
  if (busy) return {};
  EXPECT_EQ(id.end, end());
  ++snapshots_taken;
  return [records = records()] {
    Bytes out;
    for (const Bytes& one : records) {
      const std::size_t at = out.size();
      out.resize(at + 4);
      store_be(out.data() + at, static_cast<std::uint32_t>(one.size()));
      out.insert(out.end(), one.begin(), one.end());
    }
    return out;
  };
}

void Recorder::on_fatal(std::string reason) {
  event("fatal");
  EXPECT_TRUE(fatal.empty()) << "fatal twice";
  fatal = std::move(reason);
}

std::vector<Bytes> Recorder::records() const {
  std::vector<Bytes> all;
  for (const Entry& entry : state) all.push_back(entry.record);
  return all;
}

std::unique_ptr<MetadataLog> MemoryEngine::make(const EngineOptions& options) {
  MemoryLogOptions memory{.cluster_id = options.cluster_id, .node = 1, .limits = {}, .snapshot_after_records = 1u << 30};
  memory.limits.max_batch_bytes = options.max_batch_bytes;
  if (options.snapshot_after_bytes < 1u << 30) memory.snapshot_after_records = 50;
  return make_memory_log(memory, store_, executor_);
}

void MemoryEngine::kill() {
  executor_.drop_everything();
  store_->in_use = false;
}

std::unique_ptr<MetadataLog> LocalEngine::make(const EngineOptions& options) {
  LocalLogOptions local{.directory = directory(), .cluster_id = options.cluster_id, .node = 1, .limits = {}};
  local.limits.max_batch_bytes = options.max_batch_bytes;
  local.snapshot_after_bytes = options.snapshot_after_bytes;
  return make_local_log(local, disk, queue(), executor_, random);
}

void LocalEngine::new_queue() {
  queues_.push_back(std::make_unique<SimDiskQueue>(executor_, clock_));
  queue().set_sync_delay(std::chrono::milliseconds(2));
}

void LocalEngine::kill() {
  disk.kill();
  executor_.drop_everything();
  new_queue();
}

void LocalEngine::power_cut(std::uint64_t seed) {
  SimRandom chance(seed);
  disk.power_cut(PowerCut::kRandom, chance);
  executor_.drop_everything();
  new_queue();
}

void LocalEngine::settle() {
  executor_.run_until_idle();
  while (executor_.step()) executor_.run_until_idle();
}

std::size_t Node::ask(std::vector<Bytes> records, std::optional<MetadataOffset> expected_end) {
  return ask_as(epoch(), std::move(records), expected_end);
}

std::size_t Node::ask_as(ControllerEpoch epoch, std::vector<Bytes> records, std::optional<MetadataOffset> expected_end) {
  const std::size_t question = questions_++;
  log_->append(
      epoch, std::move(records), [this, question](AppendResult result) { answers.push_back({question, result, heard.end()}); },
      expected_end);
  return question;
}

AppendResult Node::append(std::vector<Bytes> records) {
  const std::size_t question = ask(std::move(records));
  engine_.settle();
  for (const Answer& answer : answers)
    if (answer.question == question) return answer.result;
  ADD_FAILURE() << "no answer";
  return {};
}

AppendResult Node::append(std::string_view text) { return append({record(text)}); }

void Node::close() {
  bool closed = false;
  log_->close([&] { closed = true; });
  engine_.settle();
  EXPECT_TRUE(closed);
}

}  // namespace barnabas::metadata::testing
