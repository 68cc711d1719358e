#pragma once
// Kafka's offset checkpoints, one a log directory: recovery-point-offset-checkpoint, log-start-offset-checkpoint,
// replication-offset-checkpoint (high watermarks).
//
//   0                      version
//   1                      number of lines that follow
//   orders 3 4096          topic, partition, offset
//
// Threads: none of its own.
#include <map>
#include <string>

#include "base/disk.h"
#include "model/types.h"

namespace barnabas::storage {

// By log name, "<topic>-<partition>".
using OffsetsByLog = std::map<std::string, Offset>;

// kNotFound, kCorrupt, kUnsupported.
Result<OffsetsByLog> read_offset_checkpoint(Disk& disk, const Path& file);
// Durable when it returns; after a crash the old or the new contents are there.
Result<> write_offset_checkpoint(Disk& disk, const Path& file, const OffsetsByLog& offsets);

// What is in such a file.
Result<OffsetsByLog> parse_offsets(ByteView text);
std::string offsets_text(const OffsetsByLog& offsets);

// "<topic>-<partition>", and back; topics may contain dashes.
std::string log_name(std::string_view topic, PartitionIndex partition);
struct LogName {
  std::string topic;
  PartitionIndex partition = 0;
};
std::optional<LogName> parse_log_name(std::string_view folder);

// partition.metadata: "version: 0" and "topic_id: <22 characters>".
std::string partition_metadata_text(const TopicId& topic_id);
std::optional<TopicId> parse_partition_metadata(ByteView text);

}  // namespace barnabas::storage
