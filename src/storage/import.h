#pragma once
// Takes partitions that a stopped Apache Kafka wrote: `barnabas storage import`.
//
// A partition's folder is checked batch by batch and copied with its topic id, leader epochs and aborted-transaction
// index; indexes and producer state are made from the batches. The source is only read. The copy gets its name when it
// is whole and durable: an interrupted import leaves nothing that would be served.
//
// Threads: one. Everything here waits.
#include <string>
#include <vector>

#include "storage/log.h"

namespace barnabas::storage {

struct ImportedPartition {
  std::string folder;
  TopicId topic_id;
  Offset log_start;
  Offset log_end;
  std::uint64_t batches = 0;
  std::uint64_t bytes = 0;
  std::size_t producers = 0;
  LeaderEpoch latest_epoch = kNoLeaderEpoch;
};

// kNotFound: no such folder. kCorrupt: a batch is damaged; the message says where. kUnsupported: a message format of
// before Kafka 0.11. kAlreadyExists: the partition is here. `log_start`: from the source's log-start-offset-checkpoint.
Result<ImportedPartition> import_partition(LogDirectory& into, const Path& source_folder, Offset log_start, const LogConfig& config);

// Every partition of a topic in a Kafka log directory. kBusy: that Kafka is running. Stops at the first failure; what
// was imported before stays and is in `done`.
Result<> import_topic(LogDirectory& into, const Path& source_directory, const std::string& topic, const LogConfig& config,
                      std::vector<ImportedPartition>& done);

}  // namespace barnabas::storage
