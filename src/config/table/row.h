#pragma once
// The small language that rows of the table are written in.
#include "config/setting.h"

namespace barnabas::table {

using enum SettingType;
using enum Live;
using enum Effect;

constexpr Allowed anything() { return {}; }
constexpr Allowed at_least(double min) { return {.min = min}; }
constexpr Allowed between(double min, double max) { return {.min = min, .max = max}; }
constexpr Allowed minus_one_or(double min, double max) { return {.min = min, .max = max, .also_minus_one = true}; }
constexpr Allowed one_of(std::string_view values) { return {.one_of = values}; }
constexpr Allowed one_of_any_case(std::string_view values) { return {.one_of = values, .any_case = true}; }
constexpr Allowed not_built(Allowed allowed, std::string_view values) {
  allowed.not_built = values;
  return allowed;
}
constexpr Allowed non_empty() { return {.non_empty = true}; }
constexpr Allowed throttled() { return {.throttled_replicas = true}; }

}  // namespace barnabas::table
