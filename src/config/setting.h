#pragma once
// One row of the table of settings: everything Barnabas knows about a name before anybody has set it.
//
//   {"log.segment.bytes", kInt, "1073741824", at_least(1048576), kClusterWide, kEffective, "Size at which ..."}
//
// Parsing, validation, DescribeConfigs and docs/configuration.md all come from these rows; adding a setting is adding
// a row (table_*.h) and, when code reads it, a key (keys.h). Rows are constants: any thread may read them.
#include <cstdint>
#include <limits>
#include <span>
#include <string_view>

namespace barnabas {

// The numbers are those of DescribeConfigs' ConfigType (KIP-569).
enum class SettingType : std::int8_t {
  kBoolean = 1,
  kString = 2,
  kInt = 3,
  kShort = 4,
  kLong = 5,
  kDouble = 6,
  kList = 7,
  kClass = 8,
  kPassword = 9,
};

// Whether it can be changed while the broker runs (KIP-226), for each broker by itself or also for all of them. What Kafka
// can change and Barnabas cannot (listeners) is kRestart.
enum class Live : std::int8_t { kRestart, kPerBroker, kClusterWide };

enum class Effect : std::int8_t {
  kEffective,
  kNoEffect,  // known and checked, then said once at start: nothing here reads it
  kRefused,   // anything but its default stops the start: it promises what is not enforced (yet)
};

// What a value may be beyond its type.
struct Allowed {
  double min = -std::numeric_limits<double>::infinity();
  double max = std::numeric_limits<double>::infinity();
  std::string_view one_of = {};     // "a|b|c"; for a list, each of its members
  std::string_view not_built = {};  // those of them that Barnabas refuses for now
  bool any_case = false;            // of one_of
  bool also_minus_one = false;      // outside the bounds, yet fine
  bool non_empty = false;
  bool throttled_replicas = false;  // "*", or partition:broker pairs
};

struct Setting {
  std::string_view name;
  SettingType type;
  const char* default_value;  // nullptr where Kafka has null: not set, another setting or a rule decides
  Allowed allowed;
  Live live;
  Effect effect;
  std::string_view doc;                 // one sentence, ours
  const char* kafka_default = nullptr;  // only where Barnabas departs from it

  // Never shown in logs, errors, DescribeConfigs.
  constexpr bool sensitive() const { return type == SettingType::kPassword; }
};

// All broker settings, Kafka's and our own, ordered by name.
std::span<const Setting> broker_settings();
// All topic configs, all group configs, ordered by name.
std::span<const Setting> topic_settings();
std::span<const Setting> group_settings();
std::span<const Setting> client_metrics_settings();

// The row of that name, or nullptr.
const Setting* find_setting(std::span<const Setting> table, std::string_view name);

// The name nearest to it in spelling, or empty when none is near.
std::string_view did_you_mean(std::span<const Setting> table, std::string_view name);

}  // namespace barnabas
