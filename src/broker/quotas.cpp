#include "broker/quotas.h"

#include <algorithm>
#include <cmath>

namespace barnabas::broker {
namespace {

constexpr std::size_t kNameMaxBytes = 256;
constexpr std::array<std::string_view, kQuotaKinds> kKeys{"producer_byte_rate", "consumer_byte_rate", "request_percentage"};
// A connection at rest does not notice that its client is gone, so no rest lasts for ever.
constexpr double kLongestRestSeconds = 900;

std::string cut(std::string_view name) { return std::string(name.substr(0, kNameMaxBytes)); }

MonoDuration to_duration(double seconds) {
  return std::chrono::duration_cast<MonoDuration>(std::chrono::duration<double>(std::min(seconds, kLongestRestSeconds)));
}

double to_seconds(MonoDuration duration) { return std::chrono::duration<double>(duration).count(); }

// One level of precedence: who must be set for it, and whose usage counts together.
struct Level {
  enum class Part : std::uint8_t { kNone, kOwn, kDefault } user, client;
};
constexpr std::array kLevels{
    Level{Level::Part::kOwn, Level::Part::kOwn},         Level{Level::Part::kOwn, Level::Part::kDefault},
    Level{Level::Part::kOwn, Level::Part::kNone},        Level{Level::Part::kDefault, Level::Part::kOwn},
    Level{Level::Part::kDefault, Level::Part::kDefault}, Level{Level::Part::kDefault, Level::Part::kNone},
    Level{Level::Part::kNone, Level::Part::kOwn},        Level{Level::Part::kNone, Level::Part::kDefault},
};

void add_part(metadata::QuotaEntity& entity, const char* type, Level::Part part, const std::string& name) {
  if (part == Level::Part::kOwn) entity.emplace(type, name);
  if (part == Level::Part::kDefault) entity.emplace(type, std::nullopt);
}

}  // namespace

void UsageMeter::advance(std::int64_t window) {
  if (window <= latest_) return;
  const auto count = static_cast<std::int64_t>(sums_.size());
  for (std::int64_t w = std::max(latest_ + 1, window - count + 1); w <= window; ++w) sums_[static_cast<std::size_t>(w % count)] = 0;
  latest_ = window;
}

void UsageMeter::record(MonoTime now, MonoDuration window, double amount) {
  advance(now.ns / window.count());
  sums_[static_cast<std::size_t>(latest_) % sums_.size()] += amount;
}

MonoDuration UsageMeter::excess(MonoTime now, MonoDuration window, double bound) {
  advance(now.ns / window.count());
  double total = 0;
  for (const double sum : sums_) total += sum;
  const double length = to_seconds(window) * static_cast<double>(sums_.size() - 1) + to_seconds(MonoDuration(now.ns % window.count()));
  const double over = total / std::max(length, to_seconds(window)) - bound;
  return over <= 0 ? MonoDuration{} : to_duration(over / bound * std::max(length, to_seconds(window)));
}

MonoDuration Quotas::record(const Map& quotas, QuotaKind kind, std::string_view user, std::string_view client_id, double amount) {
  if (quotas->empty()) return {};
  const std::lock_guard lock(mutex_);
  const auto& applied = client(quotas, user, client_id).applied[static_cast<std::size_t>(kind)];
  if (!applied) return {};
  const MonoTime now = clock_.mono();
  applied->meter->record(now, limits_.window, amount);
  const MonoDuration rest = applied->meter->excess(now, limits_.window, applied->bound);
  // KIP-124: for time, never more than a window, as usage is measured after the fact.
  return kind == QuotaKind::kRequestTime ? std::min(rest, limits_.window) : rest;
}

std::optional<double> Quotas::allowance(const Map& quotas, QuotaKind kind, std::string_view user, std::string_view client_id) {
  if (quotas->empty()) return std::nullopt;
  const std::lock_guard lock(mutex_);
  const auto& applied = client(quotas, user, client_id).applied[static_cast<std::size_t>(kind)];
  if (!applied) return std::nullopt;
  return applied->bound * to_seconds(limits_.window) * static_cast<double>(limits_.windows - 1);
}

std::size_t Quotas::remembered() const {
  const std::lock_guard lock(mutex_);
  return clients_.size();
}

Quotas::Client& Quotas::client(const Map& quotas, std::string_view user, std::string_view client_id) {
  const std::string who = cut(user), what = cut(client_id);
  std::string key = who + '\0' + what;
  auto [found, fresh] = clients_.try_emplace(key);
  Client& known = found->second;
  if (fresh) {
    ages_.push_front(std::move(key));
    known.age = ages_.begin();
  } else {
    ages_.splice(ages_.begin(), ages_, known.age);
  }
  if (known.resolved != quotas) {
    for (std::size_t kind = 0; kind < kQuotaKinds; ++kind) known.applied[kind] = resolve(*quotas, QuotaKind(kind), who, what);
    known.resolved = quotas;
  }
  if (clients_.size() > limits_.clients_max) {
    clients_.erase(ages_.back());
    ages_.pop_back();
    if (meters_.size() > kQuotaKinds * limits_.clients_max) {
      std::erase_if(meters_, [](const auto& entry) { return entry.second.expired(); });
    }
  }
  return known;
}

std::optional<Quotas::Applied> Quotas::resolve(const metadata::QuotaMap& quotas, QuotaKind kind, const std::string& user,
                                               const std::string& client_id) {
  const std::string_view key = kKeys[static_cast<std::size_t>(kind)];
  for (const Level& level : kLevels) {
    metadata::QuotaEntity entity;
    add_part(entity, "user", level.user, user);
    add_part(entity, "client-id", level.client, client_id);
    const auto set = quotas.find(entity);
    if (set == quotas.end()) continue;
    const auto value = set->second->find(key);
    if (value == set->second->end()) continue;
    std::string whose(key);
    whose += '\0';
    if (level.user != Level::Part::kNone) whose += 'u' + user;
    whose += '\0';
    if (level.client != Level::Part::kNone) whose += 'c' + client_id;
    // 100 % is one thread for a whole second.
    return Applied{kind == QuotaKind::kRequestTime ? value->second / 100 : value->second, meter(whose)};
  }
  return std::nullopt;
}

std::shared_ptr<UsageMeter> Quotas::meter(const std::string& key) {
  std::weak_ptr<UsageMeter>& known = meters_[key];
  std::shared_ptr<UsageMeter> shared = known.lock();
  if (shared == nullptr) known = shared = std::make_shared<UsageMeter>(limits_.windows);
  return shared;
}

}  // namespace barnabas::broker
