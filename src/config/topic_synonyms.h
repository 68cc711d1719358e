#pragma once
// Which broker settings stand behind a topic's config, the first that is set winning, and in which unit.
//
//   retention.ms   log.retention.ms, log.retention.minutes * 60000, log.retention.hours * 3600000
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "config/settings.h"

namespace barnabas {

struct TopicSynonym {
  std::string_view broker_name;
  std::int64_t factor = 1;  // broker's unit to topic's
};

// In order of precedence; none for a config that only topics have.
std::span<const TopicSynonym> topic_synonyms(std::string_view topic_config);

// The one of them that decides, or empty.
std::string_view synonym_in_force(const Settings& settings, std::string_view topic_config);

// What holds for a topic that does not set it: from the broker's settings, else the config's default; canonical.
std::optional<std::string> broker_value(const Settings& settings, std::string_view topic_config);

}  // namespace barnabas
