#pragma once
// A metadata log of one node that lives in memory, for tests and simulations. What must outlive the node (a "restart")
// is in the store: open another log on the same store and it goes on where the last one was.
//
// Threads: as metadata_log.h; a store belongs to one executor.
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/executor.h"
#include "metadata/metadata_log.h"

namespace barnabas::metadata {

struct MemoryLogStore {
  std::string cluster_id;
  std::vector<Batch> batches;  // behind the snapshot
  std::optional<std::pair<SnapshotId, Bytes>> snapshot;
  ControllerEpoch epoch{0};
  MetadataOffset end{0};
  bool in_use = false;
};

struct MemoryLogOptions {
  std::string cluster_id;
  BrokerId node = 0;
  Limits limits;
  std::size_t snapshot_after_records = 100'000;
};

std::unique_ptr<MetadataLog> make_memory_log(MemoryLogOptions options, std::shared_ptr<MemoryLogStore> store, Executor& executor);

}  // namespace barnabas::metadata
