#pragma once
// What holds for one topic: its own configs (overrides) over the broker's settings over the defaults.
//
//   retention.ms on the topic  >  log.retention.ms  >  log.retention.minutes  >  log.retention.hours  >  7 days
//
// Two questions are kept apart. "Is it a value Kafka would take?" is TopicConfig::make, which also reads what is already
// stored and serves internal topics. "May a user ask for it now?" is check_topic_configs, which further refuses values
// that are not built yet. Every error here is a client's INVALID_CONFIG (40). Pure; any thread.
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "config/setting.h"
#include "config/settings.h"

namespace barnabas {

// producer: as the batch came.
enum class CompressionPolicy : std::int8_t { kProducer, kUncompressed, kGzip, kSnappy, kLz4, kZstd };
enum class TimestampPolicy : std::int8_t { kCreateTime = 0, kLogAppendTime = 1 };

struct TopicConfig {
  std::int32_t segment_bytes = 0;
  std::int64_t segment_ms = 0;
  std::int64_t segment_jitter_ms = 0;
  std::int32_t segment_index_bytes = 0;
  std::int32_t index_interval_bytes = 0;
  std::int32_t max_message_bytes = 0;      // of a whole batch as stored
  std::int64_t retention_ms = 0;           // -1: for ever
  std::int64_t retention_bytes = 0;        // -1: no limit
  std::int64_t local_retention_ms = 0;     // -2: as retention_ms
  std::int64_t local_retention_bytes = 0;  // -2: as retention_bytes
  std::int64_t file_delete_delay_ms = 0;
  std::int64_t flush_messages = 0;
  std::int64_t flush_ms = 0;
  bool cleanup_delete = true;  // both false: nothing is ever deleted
  bool cleanup_compact = false;
  std::int64_t delete_retention_ms = 0;
  std::int64_t min_compaction_lag_ms = 0;
  std::int64_t max_compaction_lag_ms = 0;
  double min_cleanable_dirty_ratio = 0;
  CompressionPolicy compression_type = CompressionPolicy::kProducer;
  std::int32_t compression_gzip_level = 0;  // -1: the library's own
  std::int32_t compression_lz4_level = 0;
  std::int32_t compression_zstd_level = 0;
  TimestampPolicy message_timestamp_type = TimestampPolicy::kCreateTime;
  std::int64_t message_timestamp_before_max_ms = 0;
  std::int64_t message_timestamp_after_max_ms = 0;
  std::int32_t min_insync_replicas = 0;
  bool preallocate = false;
  bool unclean_leader_election_enable = false;
  bool remote_storage_enable = false;
  bool remote_log_copy_disable = false;
  bool remote_log_delete_on_disable = false;

  // Names and values as Kafka checks them, the rules between values included.
  static Result<TopicConfig> make(const Settings& settings, const ConfigMap& overrides);

  friend bool operator==(const TopicConfig&, const TopicConfig&) = default;
};

// One config by itself: known, of its type and within bounds, and built.
Result<> validate_topic_config(std::string_view name, std::string_view value);

// All that a user wants a topic to have: each by itself, and together as TopicConfig::make checks them.
Result<> check_topic_configs(const Settings& settings, const ConfigMap& overrides);

// A group's config (KIP-848, KIP-932, KIP-1071) by itself: known, of its type and within bounds.
Result<> validate_group_config(std::string_view name, std::string_view value);

}  // namespace barnabas
