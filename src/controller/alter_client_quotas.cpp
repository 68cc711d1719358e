// AlterClientQuotas (KIP-546): the quotas of a user, a client id, both of them, or an address; a name of null is the default
// of all that have none of their own. Kafka's rules (INVALID_REQUEST, 42), and two of ours: a quota that is not enforced
// yet (connection_creation_rate, controller_mutation_rate) is refused rather than kept as a promise, and so is NaN.
#include <fmt/format.h>

#include <cmath>
#include <set>

#include "base/log.h"
#include "controller/decide.h"

namespace barnabas::controller {
namespace {

constexpr std::size_t kMaxNameBytes = 32767;

Verdict refuse(std::string message) { return {ErrorCode::kInvalidRequest, std::move(message)}; }

Verdict check_entity(const metadata::QuotaEntity& entity) {
  if (entity.empty()) return refuse("A quota needs a user, a client id or an address.");
  for (const auto& [type, name] : entity) {
    if (type != "user" && type != "client-id" && type != "ip") {
      return refuse(fmt::format("Quotas of {} are not known.", log::escape(type)));
    }
    if (name && name->empty()) return refuse(fmt::format("The {} is empty.", type));
    if (name && name->size() > kMaxNameBytes) return refuse(fmt::format("The {} is too long.", type));
  }
  if (entity.contains("ip") && entity.size() > 1) return refuse("An address goes with neither a user nor a client id.");
  return {};
}

Verdict check_value(const std::string& key, double value) {
  if (std::isnan(value) || value <= 0) return refuse(fmt::format("{} must be greater than 0.", key));
  if (key == "request_percentage") return {};
  if (value != std::floor(value)) return refuse(fmt::format("{} must be a whole number.", key));
  if (value >= 0x1p63) return refuse(fmt::format("{} is too large.", key));
  return {};
}

Verdict check_change(const metadata::QuotaEntity& entity, const AlterClientQuotas::Change& change) {
  if (change.remove) return {};
  const bool of_address = entity.contains("ip");
  const bool known = of_address ? change.key == "connection_creation_rate"
                                : change.key == "producer_byte_rate" || change.key == "consumer_byte_rate" ||
                                      change.key == "request_percentage" || change.key == "controller_mutation_rate";
  if (!known) return refuse(fmt::format("There is no such quota here: {}.", log::escape(change.key)));
  if (of_address || change.key == "controller_mutation_rate") return refuse(fmt::format("{} is not enforced yet.", change.key));
  return check_value(change.key, change.value);
}

Verdict check_entry(const AlterClientQuotas::Entry& entry) {
  if (Verdict verdict = check_entity(entry.entity); !verdict.ok()) return verdict;
  std::set<std::string_view> keys;
  for (const auto& change : entry.changes) {
    if (!keys.insert(change.key).second) return refuse(fmt::format("{} is named twice.", log::escape(change.key)));
    if (Verdict verdict = check_change(entry.entity, change); !verdict.ok()) return verdict;
  }
  return {};
}

metadata::ClientQuotaRecord to_record(const metadata::QuotaEntity& entity, const AlterClientQuotas::Change& change) {
  metadata::ClientQuotaRecord record;
  for (const auto& [type, name] : entity) {
    auto& part = record.entity.emplace_back();
    part.type = type;
    part.name = name;
  }
  record.key = change.key;
  record.value = change.remove ? 0 : change.value;
  record.remove = change.remove;
  return record;
}

void add_records(const Context& context, const AlterClientQuotas::Entry& entry, std::vector<metadata::Record>& records) {
  const auto known = context.image.quotas()->find(entry.entity);
  for (const auto& change : entry.changes) {
    const double* now = nullptr;
    if (known != context.image.quotas()->end()) {
      const auto value = known->second->find(change.key);
      if (value != known->second->end()) now = &value->second;
    }
    if (change.remove ? now == nullptr : now != nullptr && *now == change.value) continue;
    records.emplace_back(to_record(entry.entity, change));
  }
}

}  // namespace

Decided<AlterClientQuotas> decide(const Context& context, const AlterClientQuotas& wish) {
  std::map<metadata::QuotaEntity, int> asked;
  for (const auto& entry : wish.entries) ++asked[entry.entity];
  Decision<AlterClientQuotas::Response> decision;
  for (const auto& entry : wish.entries) {
    int& times = asked[entry.entity];
    if (times == 0) continue;  // answered at its first place
    AlteredQuota altered{{}, entry.entity};
    altered.verdict = std::exchange(times, 0) > 1 ? refuse("The entity is named more than once.") : check_entry(entry);
    if (altered.verdict.ok()) add_records(context, entry, decision.records);
    decision.response.push_back(std::move(altered));
  }
  if (decision.records.size() > context.policy.max_records) {
    return std::unexpected(
        Refusal{ErrorCode::kPolicyViolation, fmt::format("One request may change at most {} quotas.", context.policy.max_records)});
  }
  if (wish.validate_only) decision.records.clear();
  return decision;
}

}  // namespace barnabas::controller
