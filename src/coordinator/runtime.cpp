#include "coordinator/runtime.h"

#include <fmt/core.h>

#include "coordinator/shard.h"

namespace barnabas::coordinator {

Runtime::Runtime(std::string topic, RuntimeSettings settings, const Clock& clock, Executor& executor, MakeMachine make_machine)
    : topic_(std::move(topic)), settings_(settings), clock_(clock), executor_(executor), make_machine_(std::move(make_machine)) {}

Runtime::~Runtime() { stop(); }

void Runtime::load(PartitionIndex partition, std::shared_ptr<LogPort> log) {
  std::shared_ptr<Shard> old;
  std::shared_ptr<Shard> shard;
  {
    const std::lock_guard lock(mutex_);
    if (stopped_) return;
    shard = std::make_shared<Shard>(fmt::format("{}-{}", topic_, partition), settings_, clock_, executor_, make_machine_(partition),
                                    std::move(log));
    old = std::exchange(shards_[partition], shard);
  }
  if (old) old->close();
  shard->load();
}

void Runtime::unload(PartitionIndex partition) {
  std::shared_ptr<Shard> old;
  {
    const std::lock_guard lock(mutex_);
    const auto found = shards_.find(partition);
    if (found == shards_.end()) return;
    old = std::move(found->second);
    shards_.erase(found);
  }
  old->close();
}

void Runtime::stop() {
  std::map<PartitionIndex, std::shared_ptr<Shard>> old;
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    old.swap(shards_);
  }
  for (const auto& [partition, shard] : old) shard->close();
}

std::shared_ptr<Shard> Runtime::find(PartitionIndex partition) const {
  const std::shared_lock lock(mutex_);
  const auto found = shards_.find(partition);
  return found == shards_.end() ? nullptr : found->second;
}

bool Runtime::is_active(PartitionIndex partition) const {
  const auto shard = find(partition);
  return shard && shard->is_active();
}

std::vector<PartitionIndex> Runtime::partitions() const {
  const std::shared_lock lock(mutex_);
  std::vector<PartitionIndex> found;
  for (const auto& [partition, shard] : shards_) found.push_back(partition);
  return found;
}

ErrorCode Runtime::run(PartitionIndex partition, Decide decide) {
  std::shared_ptr<Shard> shard;
  {
    const std::shared_lock lock(mutex_);
    if (stopped_) return ErrorCode::kCoordinatorNotAvailable;
    const auto found = shards_.find(partition);
    if (found == shards_.end()) return ErrorCode::kNotCoordinator;
    shard = found->second;
  }
  return shard->run(std::move(decide));
}

}  // namespace barnabas::coordinator
