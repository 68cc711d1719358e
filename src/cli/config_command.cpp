// barnabas config get, set: settings of topics, brokers, groups and subscriptions of client metrics in a running cluster.
#include <algorithm>

#include "cli/admin_command.h"
#include "cli/outcomes.h"
#include "client/admin.h"

namespace barnabas::cli {
namespace {

constexpr std::int8_t kSourceDefault = 5;

std::optional<client::Resource> resource(const std::string& type, const std::string& name) {
  if (type == "topic") return client::Resource{client::ResourceType::kTopic, name};
  if (type == "group") return client::Resource{client::ResourceType::kGroup, name};
  if (type == "client-metrics") return client::Resource{client::ResourceType::kClientMetrics, name};
  if (type == "broker") return client::Resource{client::ResourceType::kBroker, name == "all" ? "" : name};
  return std::nullopt;
}

std::string_view source(std::int8_t number) {
  constexpr std::string_view kNames[] = {"unknown", "topic",  "broker",         "all brokers", "broker's settings",
                                         "default", "logger", "client metrics", "group"};
  return number >= 0 && static_cast<std::size_t>(number) < std::size(kNames) ? kNames[number] : kNames[0];
}

}  // namespace

int run(const Asked& asked, const ConfigGet& get) {
  const auto of = resource(get.type, get.name);
  if (!of) return wrong_usage(asked.context, "configs belong to a topic, a broker, a group or to client metrics, not to a " + get.type);
  auto cluster = connect(asked.context, asked.connection);
  if (!cluster) return wrong_usage(asked.context, cluster.error().message);
  auto configs = client::describe_configs(*cluster, *of, get.keys);
  if (!configs) return failed(asked.context, configs.error());
  std::ranges::sort(*configs, {}, [](const auto& each) { return each.name; });
  Table table({"config", "value", "source", "sensitive", "read_only"});
  for (const auto& config : *configs) {
    const bool by_default = config.config_source == kSourceDefault || (config.config_source < 0 && config.is_default);
    if (by_default && get.keys.empty() && !get.all) continue;
    table.add({config.name, config.value, source(config.config_source), config.is_sensitive, config.read_only});
  }
  print(asked.context, asked.output, table);
  for (const std::string& key : get.keys) {
    if (std::ranges::any_of(*configs, [&](const auto& each) { return each.name == key; })) continue;
    asked.context.console.err("barnabas: " + client::describe(*of) + " has no config " + key + "; see barnabas config explain\n");
    return kRefused;
  }
  return kDone;
}

int run(const Asked& asked, const ConfigSet& set) {
  const auto of = resource(set.type, set.name);
  if (!of) return wrong_usage(asked.context, "configs belong to a topic, a broker, a group or to client metrics, not to a " + set.type);
  std::vector<client::ConfigChange> changes;
  Value::Object more;
  for (const std::string& text : set.changes) {
    const auto pair = key_value(text);
    if (!pair) return wrong_usage(asked.context, pair.error().message);
    changes.push_back({pair->first, pair->second});
    more.emplace_back(pair->first, pair->second);
  }
  for (const std::string& key : set.deleted) {
    changes.push_back({key, std::nullopt});
    more.emplace_back(key, Value());
  }
  if (changes.empty()) return wrong_usage(asked.context, "nothing to set: give key=value or --delete KEY");
  auto cluster = connect(asked.context, asked.connection);
  if (!cluster) return wrong_usage(asked.context, cluster.error().message);
  const auto done = cluster->retry([&] { return client::alter_configs(*cluster, *of, changes, set.dry_run); });
  if (!done) return failed(asked.context, done.error());
  Outcomes outcomes(asked.context, asked.output, set.type);
  outcomes.done(set.name, set.dry_run ? "could be set" : "set", std::move(more));
  return outcomes.finish();
}

}  // namespace barnabas::cli
