#include "config/topic_synonyms.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

#include "base/check.h"

namespace barnabas {
namespace {

constexpr std::int64_t kMinute = 60'000;
constexpr std::int64_t kHour = 3'600'000;

struct Row {
  std::string_view topic_config;
  std::array<TopicSynonym, 3> synonyms;
  std::size_t count;
};
constexpr Row row(std::string_view topic_config, TopicSynonym first) { return {topic_config, {first}, 1}; }
constexpr Row row(std::string_view topic_config, TopicSynonym first, TopicSynonym second) { return {topic_config, {first, second}, 2}; }
constexpr Row row(std::string_view topic_config, TopicSynonym first, TopicSynonym second, TopicSynonym third) {
  return {topic_config, {first, second, third}, 3};
}

constexpr Row kRows[] = {
    row("cleanup.policy", {"log.cleanup.policy"}),
    row("compression.gzip.level", {"compression.gzip.level"}),
    row("compression.lz4.level", {"compression.lz4.level"}),
    row("compression.type", {"compression.type"}),
    row("compression.zstd.level", {"compression.zstd.level"}),
    row("delete.retention.ms", {"log.cleaner.delete.retention.ms"}),
    row("file.delete.delay.ms", {"log.segment.delete.delay.ms"}),
    row("flush.messages", {"log.flush.interval.messages"}),
    row("flush.ms", {"log.flush.interval.ms"}, {"log.flush.scheduler.interval.ms"}),
    row("index.interval.bytes", {"log.index.interval.bytes"}),
    row("local.retention.bytes", {"log.local.retention.bytes"}),
    row("local.retention.ms", {"log.local.retention.ms"}),
    row("max.compaction.lag.ms", {"log.cleaner.max.compaction.lag.ms"}),
    row("max.message.bytes", {"message.max.bytes"}),
    row("message.timestamp.after.max.ms", {"log.message.timestamp.after.max.ms"}),
    row("message.timestamp.before.max.ms", {"log.message.timestamp.before.max.ms"}),
    row("message.timestamp.type", {"log.message.timestamp.type"}),
    row("min.cleanable.dirty.ratio", {"log.cleaner.min.cleanable.ratio"}),
    row("min.compaction.lag.ms", {"log.cleaner.min.compaction.lag.ms"}),
    row("min.insync.replicas", {"min.insync.replicas"}),
    row("preallocate", {"log.preallocate"}),
    row("retention.bytes", {"log.retention.bytes"}),
    row("retention.ms", {"log.retention.ms"}, {"log.retention.minutes", kMinute}, {"log.retention.hours", kHour}),
    row("segment.bytes", {"log.segment.bytes"}),
    row("segment.index.bytes", {"log.index.size.max.bytes"}),
    row("segment.jitter.ms", {"log.roll.jitter.ms"}, {"log.roll.jitter.hours", kHour}),
    row("segment.ms", {"log.roll.ms"}, {"log.roll.hours", kHour}),
    row("unclean.leader.election.enable", {"unclean.leader.election.enable"}),
};

// Hours and minutes are whole numbers of 32 bits: in milliseconds they fit 64. A negative time is for ever.
std::string converted(std::string_view topic_config, std::string_view text, std::int64_t factor) {
  if (factor == 1 && topic_config != "retention.ms") return std::string(text);
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  CHECK(error == std::errc() && end == text.data() + text.size());
  return std::to_string(value < 0 ? -1 : value * factor);
}

}  // namespace

std::span<const TopicSynonym> topic_synonyms(std::string_view topic_config) {
  const auto found = std::ranges::find(kRows, topic_config, &Row::topic_config);
  if (found == std::end(kRows)) return {};
  return std::span(found->synonyms).first(found->count);
}

std::string_view synonym_in_force(const Settings& settings, std::string_view topic_config) {
  for (const TopicSynonym& synonym : topic_synonyms(topic_config))
    if (settings.text(synonym.broker_name)) return synonym.broker_name;
  return {};
}

std::optional<std::string> broker_value(const Settings& settings, std::string_view topic_config) {
  for (const TopicSynonym& synonym : topic_synonyms(topic_config))
    if (const auto text = settings.text(synonym.broker_name)) return converted(topic_config, *text, synonym.factor);
  const Setting* row = find_setting(topic_settings(), topic_config);
  CHECK(row != nullptr);
  if (row->default_value == nullptr) return std::nullopt;
  return std::string(row->default_value);
}

}  // namespace barnabas
