#include "config/client_subscription.h"

#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>
#include <charconv>

#include "base/log.h"
#include "config/value.h"

namespace barnabas {
namespace {

constexpr std::array<std::string_view, kClientAttributes> kNames{
    "client_instance_id", "client_id", "client_software_name", "client_software_version", "client_source_address", "client_source_port"};
constexpr std::int64_t kPatternMaxMemory = 256 << 10;

using Pattern = std::shared_ptr<const re2::RE2>;

Result<Pattern> compile(std::string_view text) {
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(kPatternMaxMemory);
  auto pattern = std::make_shared<const re2::RE2>(re2::StringPiece(text.data(), text.size()), options);
  if (!pattern->ok()) return fail(Errc::kUnsupported, fmt::format("match: {}: {}", log::escape(text), pattern->error()));
  return pattern;
}

// "client_id=shop-.*", as Kafka splits it: a name and a pattern with one = between, none of them empty.
Result<> add_pattern(std::string_view item, std::array<Pattern, kClientAttributes>& patterns) {
  const std::size_t equals = item.find('=');
  const std::string_view name = trimmed(item.substr(0, equals));
  const auto known = std::ranges::find(kNames, name);
  if (equals == std::string_view::npos || known == kNames.end() || item.find('=', equals + 1) != std::string_view::npos ||
      equals + 1 == item.size()) {
    return fail(Errc::kUnsupported,
                fmt::format("match: {} is not NAME=PATTERN with one of the names {}.", log::escape(item), fmt::join(kNames, ", ")));
  }
  TRY_ASSIGN(patterns[static_cast<std::size_t>(known - kNames.begin())], compile(trimmed(item.substr(equals + 1))));
  return {};
}

bool is_number(std::string_view text) {
  text = trimmed(text);
  std::int32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} && end == text.data() + text.size();
}

}  // namespace

Result<ClientSubscription> ClientSubscription::make(const ConfigMap& configs) {
  ClientSubscription made;
  for (const auto& [name, value] : configs) {
    const Setting* row = find_setting(client_metrics_settings(), name);
    if (row == nullptr) return fail(Errc::kInvalidArgument, fmt::format("Unknown client metrics config {}.", log::escape(name)));
    const auto canonical = parse_value(*row, value);
    if (!canonical) {
      return fail(is_number(value) ? Errc::kInvalidArgument : Errc::kUnsupported, fmt::format("{}: {}", name, canonical.error().message));
    }
    if (name == "interval.ms") std::from_chars(canonical->data(), canonical->data() + canonical->size(), made.interval_ms_);
    if (name == "metrics") made.metrics_ = split_list(*canonical);
    if (name != "match") continue;
    for (const std::string& item : split_list(*canonical)) TRY(add_pattern(item, made.patterns_));
  }
  return made;
}

bool ClientSubscription::matches(const ClientAttributes& client) const {
  for (std::size_t i = 0; i < kClientAttributes; ++i) {
    if (patterns_[i] == nullptr) continue;
    if (!re2::RE2::FullMatch(re2::StringPiece(client[i].data(), client[i].size()), *patterns_[i])) return false;
  }
  return true;
}

}  // namespace barnabas
