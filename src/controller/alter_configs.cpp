// IncrementalAlterConfigs (KIP-339) and AlterConfigs, for topics, brokers, groups and client metrics. What results is
// checked as a whole: a value that is fine by itself may not go with another (INVALID_CONFIG, 40). Broker settings that
// are read only at a start are refused with INVALID_REQUEST (42), as in Kafka; so are names that nobody knows, which
// Kafka stores and never reads.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <set>
#include <unordered_map>

#include "base/log.h"
#include "config/client_subscription.h"
#include "config/topic_config.h"
#include "config/value.h"
#include "controller/decide.h"

namespace barnabas::controller {
namespace {

using metadata::ConfigOverrides;
using metadata::ResourceType;

constexpr std::size_t kMaxValueBytes = 32767;

struct Target {
  Verdict verdict;
  ResourceType type = ResourceType::kTopic;
  std::span<const Setting> rows;
  ConfigOverrides now;
};

Verdict refuse(ErrorCode code, std::string message) { return {code, std::move(message)}; }

Target find_topic(const Context& context, const std::string& name) {
  Target target{.verdict = {}, .type = ResourceType::kTopic, .rows = topic_settings(), .now = {}};
  const metadata::Topic* topic = context.image.find_topic(name);
  if (name.empty()) {
    target.verdict = refuse(ErrorCode::kInvalidRequest, "There are no configs for all topics; name one.");
  } else if (const std::string problem = topic_name_problem(name); !problem.empty()) {
    target.verdict = refuse(ErrorCode::kInvalidTopicException, "Topic name is invalid: " + problem);
  } else if (topic == nullptr) {
    target.verdict = refuse(ErrorCode::kUnknownTopicOrPartition, "There is no such topic.");
  } else {
    target.now = *topic->configs;
  }
  return target;
}

Target find_broker(const Context& context, const std::string& name) {
  Target target{.verdict = {}, .type = ResourceType::kBroker, .rows = broker_settings(), .now = context.image.broker_configs(name)};
  if (name.empty()) return target;
  BrokerId id = -1;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), id);
  if (error != std::errc{} || end != name.data() + name.size() || id < 0) {
    target.verdict = refuse(ErrorCode::kInvalidRequest, "A broker's resource is named by its id.");
  } else if (context.image.find_broker(id) == nullptr) {
    target.verdict = refuse(ErrorCode::kBrokerIdNotRegistered, fmt::format("Broker {} is not registered.", id));
  }
  return target;
}

Target find_named(ResourceType type, std::span<const Setting> rows, const metadata::ConfigsMap& all, const std::string& name) {
  Target target{.verdict = {}, .type = type, .rows = rows, .now = {}};
  if (name.empty()) target.verdict = refuse(ErrorCode::kInvalidRequest, "The resource needs a name.");
  if (const auto known = all.find(name); known != all.end()) target.now = *known->second;
  return target;
}

Target find_target(const Context& context, std::int8_t type, const std::string& name) {
  switch (ResourceType{type}) {
    case ResourceType::kTopic: return find_topic(context, name);
    case ResourceType::kBroker: return find_broker(context, name);
    case ResourceType::kGroup: return find_named(ResourceType::kGroup, group_settings(), context.image.group_configs(), name);
    case ResourceType::kClientMetrics:
      return find_named(ResourceType::kClientMetrics, client_metrics_settings(), context.image.client_metrics(), name);
  }
  Target unknown;
  unknown.verdict = refuse(ErrorCode::kInvalidRequest, fmt::format("Resources of type {} have no configs here.", type));
  return unknown;
}

Result<> check_broker_config(std::string_view name, std::string_view value, bool one_broker) {
  const Setting* row = find_setting(broker_settings(), name);
  if (row == nullptr) return fail(Errc::kInvalidArgument, fmt::format("Unknown broker setting {}.", log::escape(name)));
  if (row->live == Live::kRestart) return fail(Errc::kInvalidArgument, fmt::format("{} is only read at a start.", name));
  if (row->live == Live::kPerBroker && !one_broker) {
    return fail(Errc::kInvalidArgument, fmt::format("{} is set for each broker by itself.", name));
  }
  const auto canonical = parse_value(*row, value);
  if (!canonical) return fail(Errc::kInvalidArgument, fmt::format("{}: {}", name, canonical.error().message));
  if (const std::string why = refusal(*row, *canonical); !why.empty())
    return fail(Errc::kInvalidArgument, fmt::format("{}: {}", name, why));
  if (name == setting::kMaxConnectionsPerIpOverrides.name) TRY(parse_connections_per_ip(*canonical));
  return {};
}

Verdict check_subscription(std::string_view name, std::string_view value) {
  const auto made = ClientSubscription::make({{std::string(name), std::string(value)}});
  if (made) return {};
  return refuse(made.error().code == Errc::kUnsupported ? ErrorCode::kInvalidConfig : ErrorCode::kInvalidRequest, made.error().message);
}

Verdict check_one(ResourceType type, std::string_view resource, std::string_view name, std::string_view value) {
  const auto told = [](const Result<>& checked, ErrorCode code) { return checked ? Verdict{} : refuse(code, checked.error().message); };
  switch (type) {
    case ResourceType::kTopic: return told(validate_topic_config(name, value), ErrorCode::kInvalidConfig);
    case ResourceType::kBroker: return told(check_broker_config(name, value, !resource.empty()), ErrorCode::kInvalidRequest);
    case ResourceType::kGroup: return told(validate_group_config(name, value), ErrorCode::kInvalidConfig);
    case ResourceType::kClientMetrics: return check_subscription(name, value);
  }
  return {};
}

Verdict check_result(const Context& context, const Target& target, const std::string& resource, const ConfigOverrides& after) {
  for (const auto& [name, value] : after) {
    // What is set already may be older than a rule: it is nobody's request now.
    if (const auto old = target.now.find(name); old != target.now.end() && old->second == value) continue;
    if (name.size() > kMaxValueBytes || value.size() > kMaxValueBytes) {
      return refuse(ErrorCode::kInvalidConfig, fmt::format("A value may have at most {} bytes.", kMaxValueBytes));
    }
    if (Verdict verdict = check_one(target.type, resource, name, value); !verdict.ok()) return verdict;
  }
  if (target.type != ResourceType::kTopic) return {};
  const Settings settings = context.policy.settings->with_dynamic(context.image.broker_configs(""), {});
  if (const auto checked = TopicConfig::make(settings, after); !checked) {
    return refuse(ErrorCode::kInvalidConfig, checked.error().message);
  }
  return {};
}

// What APPEND and SUBTRACT make of a list that is set, or of its default.
Verdict change_list(const Target& target, const IncrementalAlterConfigs::Change& change, bool append, ConfigOverrides& after) {
  const Setting* row = find_setting(target.rows, change.name);
  if (row == nullptr || row->type != SettingType::kList) {
    return refuse(ErrorCode::kInvalidConfig, fmt::format("{} is not a list: it can only be set.", change.name));
  }
  const auto set = after.find(change.name);
  const std::string_view now =
      set != after.end() ? std::string_view(set->second) : std::string_view(row->default_value == nullptr ? "" : row->default_value);
  std::vector<std::string> items = split_list(now);
  for (const std::string& item : split_list(*change.value)) {
    const auto found = std::ranges::find(items, item);
    if (append && found == items.end()) items.push_back(item);
    if (!append && found != items.end()) items.erase(found);
  }
  after.insert_or_assign(change.name, fmt::format("{}", fmt::join(items, ",")));
  return {};
}

Verdict apply_change(const Target& target, const IncrementalAlterConfigs::Change& change, ConfigOverrides& after) {
  const auto operation = ConfigOperation{change.operation};
  if (operation != ConfigOperation::kDelete && !change.value) {
    return refuse(ErrorCode::kInvalidRequest, fmt::format("Config {} has no value.", change.name));
  }
  switch (operation) {
    case ConfigOperation::kSet: after.insert_or_assign(change.name, *change.value); return {};
    case ConfigOperation::kDelete: after.erase(change.name); return {};
    case ConfigOperation::kAppend: return change_list(target, change, true, after);
    case ConfigOperation::kSubtract: return change_list(target, change, false, after);
  }
  return refuse(ErrorCode::kInvalidRequest, fmt::format("Unknown operation {}.", change.operation));
}

Verdict named_twice(const auto& entries) {
  std::set<std::string_view> names;
  for (const auto& entry : entries) {
    if (!names.insert(entry.name).second) return refuse(ErrorCode::kInvalidRequest, fmt::format("Config {} is named twice.", entry.name));
  }
  return {};
}

Verdict apply_all(const Target& target, const IncrementalAlterConfigs::Resource& resource, ConfigOverrides& after) {
  if (Verdict twice = named_twice(resource.changes); !twice.ok()) return twice;
  for (const auto& change : resource.changes) {
    if (Verdict verdict = apply_change(target, change, after); !verdict.ok()) return verdict;
  }
  return {};
}

Verdict apply_all(const Target&, const AlterConfigs::Resource& resource, ConfigOverrides& after) {
  if (Verdict twice = named_twice(resource.configs); !twice.ok()) return twice;
  after.clear();
  for (const ConfigEntry& entry : resource.configs) {
    if (!entry.value) return refuse(ErrorCode::kInvalidRequest, fmt::format("Config {} has no value.", entry.name));
    after.insert_or_assign(entry.name, *entry.value);
  }
  return {};
}

void add_record(std::int8_t type, const std::string& resource, const std::string& name, std::optional<std::string> value,
                std::vector<metadata::Record>& records) {
  metadata::ConfigRecord record;
  record.resource_type = type;
  record.resource_name = resource;
  record.name = name;
  record.value = std::move(value);
  records.emplace_back(std::move(record));
}

template <class Resource>
Verdict alter(const Context& context, const Resource& resource, std::vector<metadata::Record>& records) {
  const Target target = find_target(context, resource.type, resource.name);
  if (!target.verdict.ok()) return target.verdict;
  ConfigOverrides after = target.now;
  if (Verdict verdict = apply_all(target, resource, after); !verdict.ok()) return verdict;
  if (Verdict verdict = check_result(context, target, resource.name, after); !verdict.ok()) return verdict;
  for (const auto& [name, value] : target.now) {
    if (!after.contains(name)) add_record(resource.type, resource.name, name, std::nullopt, records);
  }
  for (const auto& [name, value] : after) {
    const auto old = target.now.find(name);
    if (old == target.now.end() || old->second != value) add_record(resource.type, resource.name, name, value, records);
  }
  return {};
}

template <class Wish>
Decided<Wish> alter_all(const Context& context, const Wish& wish) {
  std::unordered_map<std::string, int> asked;
  const auto key = [](const auto& resource) { return fmt::format("{}/{}", resource.type, resource.name); };
  for (const auto& resource : wish.resources) ++asked[key(resource)];

  Decision<typename Wish::Response> decision;
  for (const auto& resource : wish.resources) {
    int& times = asked[key(resource)];
    if (times == 0) continue;  // answered at its first place
    AlteredResource altered{{}, resource.type, resource.name};
    if (std::exchange(times, 0) > 1) {
      altered.verdict = refuse(ErrorCode::kInvalidRequest, "The resource is named more than once.");
    } else {
      altered.verdict = alter(context, resource, decision.records);
    }
    decision.response.push_back(std::move(altered));
  }
  if (decision.records.size() > context.policy.max_records) {
    return std::unexpected(
        Refusal{ErrorCode::kPolicyViolation, fmt::format("One request may change at most {} configs.", context.policy.max_records)});
  }
  if (wish.validate_only) decision.records.clear();
  return decision;
}

}  // namespace

Decided<IncrementalAlterConfigs> decide(const Context& context, const IncrementalAlterConfigs& wish) { return alter_all(context, wish); }
Decided<AlterConfigs> decide(const Context& context, const AlterConfigs& wish) { return alter_all(context, wish); }

}  // namespace barnabas::controller
