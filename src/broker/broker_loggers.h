#pragma once
// The broker's log levels as Kafka's BROKER_LOGGER resource has them: "root" and one logger a room of the source
// ("barnabas.storage"). Levels last until the process ends, as in Kafka. TRACE is DEBUG here, and FATAL is ERROR.
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "controller/wishes.h"

namespace barnabas::broker {

struct LoggerLevel {
  std::string name;
  std::string_view level;  // "INFO"
};
std::vector<LoggerLevel> logger_levels();

// All of the changes or none. Refused: an unknown logger or level (INVALID_CONFIG), another operation than set and
// delete, a logger named twice, deleting root's level (INVALID_REQUEST).
controller::Verdict alter_loggers(const controller::IncrementalAlterConfigs::Resource& resource, bool validate_only);

}  // namespace barnabas::broker
