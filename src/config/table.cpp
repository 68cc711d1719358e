#include <algorithm>
#include <array>
#include <concepts>

#include "config/keys.h"
#include "config/setting.h"
#include "config/table/client_metrics.h"
#include "config/table/group.h"
#include "config/table/group_configs.h"
#include "config/table/log.h"
#include "config/table/metadata.h"
#include "config/table/own.h"
#include "config/table/remote.h"
#include "config/table/replication.h"
#include "config/table/sasl.h"
#include "config/table/security.h"
#include "config/table/server.h"
#include "config/table/share.h"
#include "config/table/topic_configs.h"
#include "config/table/transaction.h"

namespace barnabas {
namespace {

// The areas' rows in one table, by name.
template <std::size_t... N>
constexpr auto merged(const Setting (&... areas)[N]) {
  std::array<Setting, (N + ...)> all{};
  auto out = all.begin();
  ((out = std::ranges::copy(areas, out).out), ...);
  std::ranges::sort(all, {}, &Setting::name);
  return all;
}

constexpr auto kBroker = merged(table::kServerSettings, table::kLogSettings, table::kGroupSettings, table::kShareSettings,
                                table::kTransactionSettings, table::kReplicationSettings, table::kMetadataSettings,
                                table::kSecuritySettings, table::kSaslSettings, table::kRemoteSettings, table::kOwnSettings);
constexpr auto kTopic = merged(table::kTopicConfigs);
constexpr auto kGroup = merged(table::kGroupConfigs);
constexpr auto kClientMetrics = merged(table::kClientMetrics);

constexpr bool names_differ(std::span<const Setting> rows) { return std::ranges::adjacent_find(rows, {}, &Setting::name) == rows.end(); }
static_assert(names_differ(kBroker), "a setting has two rows");
static_assert(names_differ(kTopic) && names_differ(kGroup), "a config has two rows");

constexpr const Setting* find_in(std::span<const Setting> rows, std::string_view name) {
  const auto it = std::ranges::lower_bound(rows, name, {}, &Setting::name);
  return it != rows.end() && it->name == name ? &*it : nullptr;
}

template <class T>
constexpr bool reads(SettingType type) {
  using enum SettingType;
  if constexpr (std::same_as<T, bool>) return type == kBoolean;
  if constexpr (std::same_as<T, std::int32_t>) return type == kInt || type == kShort;
  if constexpr (std::same_as<T, std::int64_t>) return type == kLong;
  if constexpr (std::same_as<T, double>) return type == kDouble;
  if constexpr (std::same_as<T, std::string>) return type == kString || type == kClass || type == kPassword;
  if constexpr (std::same_as<T, StringList>) return type == kList;
}

template <class T>
constexpr bool has_row(Key<T> key) {
  const Setting* row = find_in(kBroker, key.name);
  return row != nullptr && reads<T>(row->type);
}
#define BARNABAS_CHECK_KEY(type, constant, name) \
  static_assert(has_row(setting::constant), "no row of the table has this key's name and type: " name);
BARNABAS_SETTING_KEYS(BARNABAS_CHECK_KEY)
#undef BARNABAS_CHECK_KEY

// Edits (one letter more, less, other, or two swapped) from a to b, or more than `limit`.
std::size_t edits(std::string_view a, std::string_view b, std::size_t limit) {
  std::array<std::array<std::size_t, 66>, 3> rows{};
  if (a.size() > 64 || b.size() > 64) return limit + 1;
  for (std::size_t j = 0; j <= b.size(); ++j) rows[0][j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    auto& row = rows[i % 3];
    const auto& above = rows[(i + 2) % 3];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({above[j] + 1, row[j - 1] + 1, above[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) row[j] = std::min(row[j], rows[(i + 1) % 3][j - 2] + 1);
    }
  }
  return rows[a.size() % 3][b.size()];
}

}  // namespace

std::span<const Setting> broker_settings() { return kBroker; }
std::span<const Setting> topic_settings() { return kTopic; }
std::span<const Setting> group_settings() { return kGroup; }
std::span<const Setting> client_metrics_settings() { return kClientMetrics; }

const Setting* find_setting(std::span<const Setting> table, std::string_view name) { return find_in(table, name); }

std::string_view did_you_mean(std::span<const Setting> table, std::string_view name) {
  std::string_view best;
  std::size_t best_edits = 1 + std::clamp<std::size_t>(name.size() / 5, 1, 3);
  for (const Setting& row : table) {
    const std::size_t distance = edits(name, row.name, best_edits);
    if (distance < best_edits) {
      best = row.name;
      best_edits = distance;
    }
  }
  return best;
}

}  // namespace barnabas
