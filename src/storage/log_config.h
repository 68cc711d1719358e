#pragma once
// What a topic's configuration means to its logs. Names and defaults are Kafka's.
#include <cstdint>

namespace barnabas::storage {

struct LogConfig {
  std::int64_t segment_bytes = 1LL << 30;
  std::int64_t segment_ms = 7LL * 24 * 60 * 60 * 1000;
  std::int32_t index_interval_bytes = 4096;
  std::int32_t index_bytes_max = 10 << 20;                // segment.index.bytes
  std::int64_t retention_ms = 7LL * 24 * 60 * 60 * 1000;  // -1: for ever
  std::int64_t retention_bytes = -1;                      // -1: without limit
  std::int64_t file_delete_delay_ms = 60'000;
  std::int64_t flush_ms = INT64_MAX;                       // flush.ms: sync at the latest so long after an append
  std::int64_t flush_messages = INT64_MAX;                 // flush.messages: sync after so many records
  std::int64_t timestamp_after_max_ms = 60LL * 60 * 1000;  // a later timestamp is no argument for keeping a segment
  std::int64_t producer_expiration_ms = 24LL * 60 * 60 * 1000;
  bool delete_old = true;                                    // cleanup.policy contains "delete"
  bool compact = false;                                      // cleanup.policy contains "compact": log_cleaner.h
  std::int64_t delete_retention_ms = 24LL * 60 * 60 * 1000;  // how long a tombstone outlives its first compaction
  std::int64_t min_compaction_lag_ms = 0;                    // so long a record is safe from compaction
  std::int64_t max_compaction_lag_ms = INT64_MAX;            // so long it may stay uncompacted
  double min_cleanable_ratio = 0.5;                          // of a log's bytes that must be uncompacted before it is worth it
};

}  // namespace barnabas::storage
