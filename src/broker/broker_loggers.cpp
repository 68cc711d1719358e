#include "broker/broker_loggers.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/log.h"

namespace barnabas::broker {
namespace {

constexpr std::string_view kRoot = "root";
constexpr std::string_view kPrefix = "barnabas.";

std::string_view to_text(log::Level level) {
  switch (level) {
    case log::Level::kDebug: return "DEBUG";
    case log::Level::kInfo: return "INFO";
    case log::Level::kWarn: return "WARN";
    case log::Level::kError: return "ERROR";
    case log::Level::kOff: return "OFF";
  }
  return "";
}

std::optional<log::Level> to_level(std::string_view text) {
  if (text == "TRACE" || text == "DEBUG") return log::Level::kDebug;
  if (text == "INFO") return log::Level::kInfo;
  if (text == "WARN") return log::Level::kWarn;
  if (text == "ERROR" || text == "FATAL") return log::Level::kError;
  return std::nullopt;
}

// The place in log::kRooms, their number for root.
std::optional<std::size_t> to_room(std::string_view logger) {
  if (logger == kRoot) return log::kRooms.size();
  if (!logger.starts_with(kPrefix)) return std::nullopt;
  const auto found = std::ranges::find(log::kRooms, logger.substr(kPrefix.size()));
  if (found == log::kRooms.end()) return std::nullopt;
  return static_cast<std::size_t>(found - log::kRooms.begin());
}

controller::Verdict refuse(ErrorCode code, std::string message) { return {code, std::move(message)}; }

controller::Verdict check(const controller::IncrementalAlterConfigs::Change& change) {
  const auto operation = controller::ConfigOperation{change.operation};
  const auto room = to_room(change.name);
  const std::string shown = log::escape(change.name);
  if (!room) return refuse(ErrorCode::kInvalidConfig, fmt::format("There is no logger {}.", shown));
  if (operation == controller::ConfigOperation::kDelete) {
    if (change.name == kRoot) return refuse(ErrorCode::kInvalidRequest, "The level of the root logger can be changed, not removed.");
    return {};
  }
  if (operation != controller::ConfigOperation::kSet) {
    return refuse(ErrorCode::kInvalidRequest, "The level of a logger can only be set or deleted.");
  }
  if (!change.value || !to_level(*change.value)) {
    return refuse(ErrorCode::kInvalidConfig,
                  fmt::format("{} is no level for {}: DEBUG, INFO, WARN and ERROR are.", log::escape(change.value.value_or("")), shown));
  }
  return {};
}

}  // namespace

std::vector<LoggerLevel> logger_levels() {
  std::vector<LoggerLevel> loggers{{std::string(kRoot), to_text(log::level())}};
  for (std::size_t room = 0; room < log::kRooms.size(); ++room) {
    loggers.push_back({std::string(kPrefix) + std::string(log::kRooms[room]), to_text(log::level(room))});
  }
  return loggers;
}

controller::Verdict alter_loggers(const controller::IncrementalAlterConfigs::Resource& resource, bool validate_only) {
  std::set<std::string_view> names;
  for (const auto& change : resource.changes) {
    if (!names.insert(change.name).second) {
      return refuse(ErrorCode::kInvalidRequest, fmt::format("Logger {} is named twice.", log::escape(change.name)));
    }
    if (auto verdict = check(change); !verdict.ok()) return verdict;
  }
  if (validate_only) return {};
  for (const auto& change : resource.changes) {
    const bool gone = controller::ConfigOperation{change.operation} == controller::ConfigOperation::kDelete;
    if (change.name == kRoot) {
      log::set_level(*to_level(*change.value));
    } else {
      log::set_level(*to_room(change.name), gone ? std::nullopt : to_level(*change.value));
    }
    log::info("log level changed", {{"logger", change.name}, {"level", gone ? std::string("as root") : *change.value}});
  }
  return {};
}

}  // namespace barnabas::broker
