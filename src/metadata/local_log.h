#pragma once
// The metadata log of a cluster of one node: a checksummed file (local_format.h) and nothing else.
//
//   append -> pending -> one write of everything pending -> one sync -> on_batch, done, on_batch, done ...
//
// While a sync is on its way, appends gather for the next one (group commit). A start appends an epoch frame, so epochs
// grow over restarts. When the log is longer than `snapshot_after_bytes` and twice the last snapshot, it goes on in a
// new file and a snapshot replaces the old one.
//
// A crash takes only what was never reported. After a failed sync, or damage found at a start, the engine is dead
// (on_fatal): the kernel may have dropped what it could not write, so nothing later can be believed.
//
// Threads: as metadata_log.h. Small writes to the page cache happen on the executor; whatever waits for the disk is a
// job of the queue.
#include <memory>
#include <string>

#include "base/disk.h"
#include "base/executor.h"
#include "base/random.h"
#include "metadata/metadata_log.h"

namespace barnabas::metadata {

struct LocalLogOptions {
  Path directory;  // of its own, created when missing
  std::string cluster_id;
  BrokerId node = 0;
  Limits limits;
  std::uint64_t snapshot_after_bytes = 8u << 20;
  std::size_t group_max_bytes = 4u << 20;  // of one write
};

// Disk, queue, executor and random outlive the log and every task it has posted.
std::unique_ptr<MetadataLog> make_local_log(LocalLogOptions options, Disk& disk, DiskQueue& queue, Executor& executor, Random& random);

}  // namespace barnabas::metadata
