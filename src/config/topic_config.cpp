#include "config/topic_config.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

#include "base/check.h"
#include "base/log.h"
#include "config/topic_synonyms.h"
#include "config/value.h"

namespace barnabas {
namespace {

Result<std::string> checked(const Setting* row, std::string_view name, std::string_view value, std::string_view what) {
  if (row == nullptr) {
    const std::string_view near = did_you_mean(what == "topic" ? topic_settings() : group_settings(), name);
    return fail(Errc::kInvalidArgument, fmt::format("Unknown {} config name: {}{}", what, log::escape(name),
                                                    near.empty() ? std::string() : fmt::format("; did you mean {}?", near)));
  }
  auto parsed = parse_value(*row, value);
  if (!parsed) return fail(Errc::kInvalidArgument, value_problem(name, value, row->sensitive(), {}, parsed.error().message));
  return parsed;
}

// Canonical texts of a topic's configs, by name.
class Texts {
 public:
  static Result<Texts> make(const Settings& settings, const ConfigMap& overrides) {
    Texts texts(settings);
    for (const auto& [name, value] : overrides) {
      TRY_ASSIGN(std::string text, checked(find_setting(topic_settings(), name), name, value, "topic"));
      texts.own_.emplace(name, std::move(text));
    }
    return texts;
  }

  std::string text(std::string_view name) const { return find(name).value_or(std::string()); }

  std::optional<std::string> find(std::string_view name) const {
    if (const auto own = own_.find(name); own != own_.end()) return own->second;
    return broker_value(settings_, name);
  }

  template <class T>
  T number(std::string_view name) const {
    const std::string digits = text(name);
    T value{};
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    CHECK(error == std::errc() && end == digits.data() + digits.size());
    return value;
  }
  bool flag(std::string_view name) const { return text(name) == "true"; }
  bool listed(std::string_view name, std::string_view item) const {
    const auto items = split_list(text(name));
    return std::ranges::find(items, item) != items.end();
  }

 private:
  explicit Texts(const Settings& settings) : settings_(settings) {}

  const Settings& settings_;
  ConfigMap own_;
};

CompressionPolicy compression(std::string_view text) {
  constexpr std::string_view kNames[] = {"producer", "uncompressed", "gzip", "snappy", "lz4", "zstd"};
  const auto found = std::ranges::find(kNames, text);
  CHECK(found != std::end(kNames));
  return static_cast<CompressionPolicy>(found - std::begin(kNames));
}

void read_size_and_time(TopicConfig& config, const Texts& texts) {
  const auto tiny = texts.find("internal.segment.bytes");
  config.segment_bytes = texts.number<std::int32_t>(tiny ? "internal.segment.bytes" : "segment.bytes");
  config.segment_ms = texts.number<std::int64_t>("segment.ms");
  config.segment_jitter_ms = texts.number<std::int64_t>("segment.jitter.ms");
  config.segment_index_bytes = texts.number<std::int32_t>("segment.index.bytes");
  config.index_interval_bytes = texts.number<std::int32_t>("index.interval.bytes");
  config.max_message_bytes = texts.number<std::int32_t>("max.message.bytes");
  config.retention_ms = texts.number<std::int64_t>("retention.ms");
  config.retention_bytes = texts.number<std::int64_t>("retention.bytes");
  config.local_retention_ms = texts.number<std::int64_t>("local.retention.ms");
  config.local_retention_bytes = texts.number<std::int64_t>("local.retention.bytes");
  config.file_delete_delay_ms = texts.number<std::int64_t>("file.delete.delay.ms");
  config.flush_messages = texts.number<std::int64_t>("flush.messages");
  config.flush_ms = texts.number<std::int64_t>("flush.ms");
}

void read_cleaning(TopicConfig& config, const Texts& texts) {
  config.cleanup_delete = texts.listed("cleanup.policy", "delete");
  config.cleanup_compact = texts.listed("cleanup.policy", "compact");
  config.delete_retention_ms = texts.number<std::int64_t>("delete.retention.ms");
  config.min_compaction_lag_ms = texts.number<std::int64_t>("min.compaction.lag.ms");
  config.max_compaction_lag_ms = texts.number<std::int64_t>("max.compaction.lag.ms");
  config.min_cleanable_dirty_ratio = texts.number<double>("min.cleanable.dirty.ratio");
}

void read_records(TopicConfig& config, const Texts& texts) {
  config.compression_type = compression(texts.text("compression.type"));
  config.compression_gzip_level = texts.number<std::int32_t>("compression.gzip.level");
  config.compression_lz4_level = texts.number<std::int32_t>("compression.lz4.level");
  config.compression_zstd_level = texts.number<std::int32_t>("compression.zstd.level");
  config.message_timestamp_type =
      texts.text("message.timestamp.type") == "LogAppendTime" ? TimestampPolicy::kLogAppendTime : TimestampPolicy::kCreateTime;
  config.message_timestamp_before_max_ms = texts.number<std::int64_t>("message.timestamp.before.max.ms");
  config.message_timestamp_after_max_ms = texts.number<std::int64_t>("message.timestamp.after.max.ms");
}

void read_replicas(TopicConfig& config, const Texts& texts) {
  config.min_insync_replicas = texts.number<std::int32_t>("min.insync.replicas");
  config.preallocate = texts.flag("preallocate");
  config.unclean_leader_election_enable = texts.flag("unclean.leader.election.enable");
  config.remote_storage_enable = texts.flag("remote.storage.enable");
  config.remote_log_copy_disable = texts.flag("remote.log.copy.disable");
  config.remote_log_delete_on_disable = texts.flag("remote.log.delete.on.disable");
}

}  // namespace

Result<TopicConfig> TopicConfig::make(const Settings& settings, const ConfigMap& overrides) {
  TRY_ASSIGN(const Texts texts, Texts::make(settings, overrides));
  TopicConfig config;
  read_size_and_time(config, texts);
  read_cleaning(config, texts);
  read_records(config, texts);
  read_replicas(config, texts);
  if (config.min_compaction_lag_ms > config.max_compaction_lag_ms)
    return fail(Errc::kInvalidArgument, fmt::format("min.compaction.lag.ms ({}) must not be more than max.compaction.lag.ms ({})",
                                                    config.min_compaction_lag_ms, config.max_compaction_lag_ms));
  return config;
}

Result<> validate_topic_config(std::string_view name, std::string_view value) {
  const Setting* row = find_setting(topic_settings(), name);
  TRY_ASSIGN(const std::string text, checked(row, name, value, "topic"));
  if (const std::string why = refusal(*row, text); !why.empty())
    return fail(Errc::kInvalidArgument, value_problem(name, text, row->sensitive(), {}, why));
  return {};
}

Result<> check_topic_configs(const Settings& settings, const ConfigMap& overrides) {
  for (const auto& [name, value] : overrides) TRY(validate_topic_config(name, value));
  TRY(TopicConfig::make(settings, overrides));
  return {};
}

Result<> validate_group_config(std::string_view name, std::string_view value) {
  TRY(checked(find_setting(group_settings(), name), name, value, "group"));
  return {};
}

}  // namespace barnabas
