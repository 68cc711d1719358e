#include "config/loader.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/check.h"
#include "base/log.h"

namespace barnabas {
namespace {

constexpr std::size_t kProblemsShown = 20;

// Words that a setting about security has in its name. One that is not in the table may be a typing error or an
// extension's; leaving it aside could leave a broker open that its operator thinks is closed.
constexpr std::array<std::string_view, 24> kSecurityWords = {
    "acl",         "acls",  "auth",       "authentication", "authorization", "authorizer",  "credential",
    "credentials", "jaas",  "kerberos",   "keystore",       "oauth",         "oauthbearer", "password",
    "principal",   "sasl",  "scram",      "secret",         "security",      "ssl",         "super",
    "tls",         "token", "truststore",
};
static_assert(std::ranges::is_sorted(kSecurityWords));

bool looks_like_security(std::string_view name) {
  while (!name.empty()) {
    const std::string_view word = name.substr(0, name.find_first_of(".-_"));
    if (std::ranges::binary_search(kSecurityWords, word)) return true;
    name.remove_prefix(std::min(name.size(), word.size() + 1));
  }
  return false;
}

// Settings of plugins behind Kafka's prefixes, for parts that are not run here.
bool belongs_to_a_plugin(std::string_view name) { return name.starts_with("rsm.config.") || name.starts_with("rlmm.config."); }

std::string hint(std::string_view name) {
  const std::string_view near = did_you_mean(broker_settings(), name);
  return near.empty() ? std::string() : fmt::format("; did you mean {}?", near);
}

}  // namespace

Result<Settings> Settings::load(const SettingSources& sources) { return SettingsLoader(sources).load(); }

Result<Settings> SettingsLoader::load() {
  TRY_ASSIGN(GivenSettings given, collect_given(sources_));
  settings_.warnings_ = std::move(given.warnings);
  take_defaults();
  for (const auto& [name, value] : given.by_name) take(name, value);
  // Rules look at values that are each sound.
  if (problems_.empty()) {
    check_engine();
    derive_node_id();
    derive_log_dirs();
    derive_listeners();
    derive_http_listener();
    derive_per_ip_limits();
    check_values();
    warn_overruled();
  }
  if (problems_.empty()) return std::move(settings_);
  const std::size_t more = problems_.size() - std::min(problems_.size(), kProblemsShown);
  problems_.resize(problems_.size() - more);
  std::string message = fmt::format("{}", fmt::join(problems_, "\n"));
  if (more > 0) message += fmt::format("\nand {} more", more);
  return fail(Errc::kInvalidArgument, std::move(message));
}

void SettingsLoader::take_defaults() {
  for (const Setting& row : broker_settings())
    settings_.entries_.push_back({row.default_value ? std::optional<std::string>(row.default_value) : std::nullopt, {}});
  entry(setting::kBarnabasIoThreads.name).text = std::to_string(std::max(1, sources_.cores / 2));
}

void SettingsLoader::take(const std::string& name, const Given& given) {
  if (const Setting* row = find_setting(broker_settings(), name)) return take_known(*row, given);
  if (name.starts_with("listener.name.")) return take_for_listener(name, given);
  take_unknown(name, given);
}

void SettingsLoader::take_known(const Setting& row, const Given& given) {
  auto value = parse_value(row, given.value);
  // Nothing where the default is nothing: the same as not set.
  if (row.default_value == nullptr && trimmed(given.value).empty()) return;
  if (!value) return wrong(value_problem(row.name, given.value, row.sensitive(), given.origin, value.error().message));
  if (const std::string why = refusal(row, *value); !why.empty())
    return wrong(value_problem(row.name, *value, row.sensitive(), given.origin, why));
  if (row.effect == Effect::kNoEffect && !is_default(row, *value))
    warn(fmt::format("{} ({}) is accepted without effect: {}", row.name, given.origin, row.doc));
  entry(row.name) = {*std::move(value), given.origin};
}

// listener.name.external.ssl.keystore.location: Kafka's forms for one listener.
void SettingsLoader::take_for_listener(const std::string& name, const Given& given) {
  constexpr std::size_t kPrefix = std::string_view("listener.name.").size();
  const auto dot = name.find('.', kPrefix);
  const std::string_view suffix = dot == std::string::npos ? std::string_view() : std::string_view(name).substr(dot + 1);
  const Setting* row = find_setting(broker_settings(), suffix);
  if (row == nullptr) return take_unknown(name, given);
  const auto value = parse_value(*row, given.value);
  if (!value) return wrong(value_problem(name, given.value, row->sensitive(), given.origin, value.error().message));
  if (const std::string why = refusal(*row, *value); !why.empty())
    return wrong(value_problem(name, *value, row->sensitive(), given.origin, why));
  if (!is_default(*row, *value))
    warn(fmt::format("{} ({}) is accepted without effect: settings for one listener are not built yet", log::escape(name), given.origin));
}

// Never shows the value: nobody knows whether it is a secret.
void SettingsLoader::take_unknown(const std::string& name, const Given& given) {
  const std::string shown = fmt::format("{} ({})", log::escape(name), given.origin);
  if (name.starts_with("barnabas.")) return wrong(fmt::format("{} is not a setting of Barnabas{}", shown, hint(name)));
  if (looks_like_security(name))
    return wrong(fmt::format("{} looks like a security setting and is not known; leaving it aside could leave this broker open{}", shown,
                             hint(name)));
  if (belongs_to_a_plugin(name)) return warn(fmt::format("{} is accepted without effect: tiered storage is not built yet", shown));
  warn(fmt::format("{} is not a known setting and is left aside{}", shown, hint(name)));
}

void SettingsLoader::wrong_value(std::string_view name, std::string_view why) {
  const Setting* row = find_setting(broker_settings(), name);
  CHECK(row != nullptr);
  wrong(value_problem(name, text(name), row->sensitive(), settings_.origin(name), why));
}

Settings::Entry& SettingsLoader::entry(std::string_view name) {
  const Setting* row = find_setting(broker_settings(), name);
  CHECK(row != nullptr);
  return settings_.entries_[static_cast<std::size_t>(row - broker_settings().data())];
}

}  // namespace barnabas
