#include "config/settings.h"

#include <algorithm>
#include <charconv>

#include "base/check.h"
#include "config/value.h"

namespace barnabas {
namespace {

// Canonical texts were checked when they were set: reading them back cannot fail.
template <class T>
T decode(std::string_view text) {
  if constexpr (std::same_as<T, bool>) {
    return text == "true";
  } else if constexpr (std::same_as<T, std::string>) {
    return std::string(text);
  } else if constexpr (std::same_as<T, StringList>) {
    return split_list(text);
  } else {
    T value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    CHECK(error == std::errc() && end == text.data() + text.size());
    return value;
  }
}

std::optional<std::string_view> view(const std::optional<std::string>& text) {
  return text ? std::optional<std::string_view>(*text) : std::nullopt;
}

}  // namespace

const Settings::Entry* Settings::entry(std::string_view name) const {
  const Setting* row = find_setting(broker_settings(), name);
  return row ? &entries_[static_cast<std::size_t>(row - broker_settings().data())] : nullptr;
}

template <class T>
std::optional<T> Settings::find(Key<T> key) const {
  const Entry* found = entry(key.name);
  CHECK(found != nullptr);
  const auto& text = found->effective();
  if (!text) return std::nullopt;
  return decode<T>(*text);
}

template <class T>
T Settings::get(Key<T> key) const {
  auto value = find(key);
  CHECK(value.has_value());
  return *std::move(value);
}

#define BARNABAS_READABLE(type)                           \
  template type Settings::get<type>(Key<type> key) const; \
  template std::optional<type> Settings::find<type>(Key<type> key) const;
BARNABAS_READABLE(bool)
BARNABAS_READABLE(std::int32_t)
BARNABAS_READABLE(std::int64_t)
BARNABAS_READABLE(double)
BARNABAS_READABLE(std::string)
BARNABAS_READABLE(StringList)
#undef BARNABAS_READABLE

bool Settings::is_set(std::string_view name) const {
  const Entry* found = entry(name);
  return found && !found->origin.empty();
}

std::string_view Settings::origin(std::string_view name) const {
  const Entry* found = entry(name);
  return found ? std::string_view(found->origin) : std::string_view();
}

std::optional<std::string_view> Settings::text(std::string_view name) const {
  const Entry* found = entry(name);
  return found ? view(found->effective()) : std::nullopt;
}

std::optional<std::string_view> Settings::start_text(std::string_view name) const {
  const Entry* found = entry(name);
  return found ? view(found->text) : std::nullopt;
}

std::optional<std::string_view> Settings::cluster_text(std::string_view name) const {
  const Entry* found = entry(name);
  return found ? view(found->cluster) : std::nullopt;
}

std::optional<std::string_view> Settings::broker_text(std::string_view name) const {
  const Entry* found = entry(name);
  return found ? view(found->broker) : std::nullopt;
}

Settings Settings::with_dynamic(const ConfigMap& cluster, const ConfigMap& broker) const {
  Settings merged = *this;
  const auto overlay = [&](const ConfigMap& configs, std::optional<std::string> Entry::* layer) {
    for (const auto& [name, value] : configs) {
      const Setting* row = find_setting(broker_settings(), name);
      if (row == nullptr || row->live == Live::kRestart) continue;
      auto text = parse_value(*row, value);
      if (text && refusal(*row, *text).empty()) {
        merged.entries_[static_cast<std::size_t>(row - broker_settings().data())].*layer = *std::move(text);
      }
    }
  };
  overlay(cluster, &Entry::cluster);
  overlay(broker, &Entry::broker);
  const auto per_ip = parse_connections_per_ip(merged.text(setting::kMaxConnectionsPerIpOverrides.name).value_or(""));
  if (per_ip) merged.per_ip_ = *per_ip;
  return merged;
}

const Listener* Settings::advertised(std::string_view listener) const {
  const auto found = std::ranges::find(advertised_, listener, &Listener::name);
  return found == advertised_.end() ? nullptr : &*found;
}

}  // namespace barnabas
