#include "replication/topic_settings.h"

namespace barnabas::replication {
namespace {

std::optional<Compression> to_compression(CompressionPolicy policy) {
  switch (policy) {
    case CompressionPolicy::kProducer: return std::nullopt;
    case CompressionPolicy::kUncompressed: return Compression::kNone;
    case CompressionPolicy::kGzip: return Compression::kGzip;
    case CompressionPolicy::kSnappy: return Compression::kSnappy;
    case CompressionPolicy::kLz4: return Compression::kLz4;
    case CompressionPolicy::kZstd: return Compression::kZstd;
  }
  return std::nullopt;
}

AppendRules to_append_rules(const TopicConfig& config) {
  return {.compression = to_compression(config.compression_type),
          .levels = {.gzip = config.compression_gzip_level, .lz4 = config.compression_lz4_level, .zstd = config.compression_zstd_level},
          .timestamp_type =
              config.message_timestamp_type == TimestampPolicy::kLogAppendTime ? TimestampType::kLogAppendTime : TimestampType::kCreateTime,
          .timestamp_before_max_ms = config.message_timestamp_before_max_ms,
          .timestamp_after_max_ms = config.message_timestamp_after_max_ms,
          .max_message_bytes = config.max_message_bytes,
          .segment_bytes = config.segment_bytes,
          .compacted = config.cleanup_compact};
}

storage::LogConfig to_log_config(const TopicConfig& config, const Settings& settings) {
  storage::LogConfig log;
  log.segment_bytes = config.segment_bytes;
  log.segment_ms = config.segment_ms;
  log.index_interval_bytes = config.index_interval_bytes;
  log.index_bytes_max = config.segment_index_bytes;
  log.retention_ms = config.retention_ms;
  log.retention_bytes = config.retention_bytes;
  log.file_delete_delay_ms = config.file_delete_delay_ms;
  log.flush_ms = config.flush_ms;
  log.flush_messages = config.flush_messages;
  log.timestamp_after_max_ms = config.message_timestamp_after_max_ms;
  log.producer_expiration_ms = settings.get(setting::kProducerIdExpirationMs);
  log.delete_old = config.cleanup_delete;
  log.compact = config.cleanup_compact;
  log.delete_retention_ms = config.delete_retention_ms;
  log.min_compaction_lag_ms = config.min_compaction_lag_ms;
  log.max_compaction_lag_ms = config.max_compaction_lag_ms;
  log.min_cleanable_ratio = config.min_cleanable_dirty_ratio;
  return log;
}

}  // namespace

Result<std::shared_ptr<const TopicSettings>> TopicSettings::make(const Settings& settings, const ConfigMap& overrides) {
  TRY_ASSIGN(const TopicConfig config, TopicConfig::make(settings, overrides));
  return std::make_shared<const TopicSettings>(TopicSettings{config, to_append_rules(config), to_log_config(config, settings)});
}

}  // namespace barnabas::replication
