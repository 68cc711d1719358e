// kafka-configs.sh, kafka-get-offsets.sh
#include <algorithm>
#include <charconv>

#include "cli/partitions.h"
#include "cli/shim.h"
#include "client/admin.h"
#include "client/refusal.h"

namespace barnabas::cli {
namespace {

using client::Cluster;

constexpr std::int8_t kSourceTopic = 1, kSourceBroker = 2, kSourceAllBrokers = 3, kSourceGroup = 8;

std::unexpected<Error> bad(std::string why) { return fail(Errc::kInvalidArgument, std::move(why)); }

struct Entity {
  client::Resource resource;
  std::string shown;  // "topic orders", "broker 1", "default broker"
};

Result<Entity> entity(const ShimOptions& options) {
  std::string type = options.get("entity-type"), name = options.get("entity-name");
  for (const auto& [shorthand, long_type] : {std::pair{"topic", "topics"}, {"broker", "brokers"}, {"group", "groups"}}) {
    if (!options.has(shorthand)) continue;
    type = long_type;
    name = options.get(shorthand);
  }
  const bool of_all = options.has("entity-default") || options.has("broker-defaults");
  if (options.has("broker-defaults")) type = "brokers";
  if (type.empty()) return bad("At least one entity type must be specified: topics, brokers or groups are understood here");
  if (name.empty() && !of_all) return bad("An entity name must be specified: --entity-name, or --entity-default for brokers");
  if (type == "topics") return Entity{{client::ResourceType::kTopic, name}, "topic " + name};
  if (type == "groups") return Entity{{client::ResourceType::kGroup, name}, "group " + name};
  if (type == "brokers") return Entity{{client::ResourceType::kBroker, name}, of_all ? "default broker" : "broker " + name};
  return bad("entity type " + type + ": topics, brokers and groups are understood here");
}

// "a=1,b=[x,y]": commas inside of brackets belong to the value.
Result<std::vector<client::ConfigChange>> additions(const std::string& text) {
  std::vector<client::ConfigChange> changes;
  std::string part;
  int depth = 0;
  for (std::size_t i = 0; i <= text.size(); ++i) {
    const char c = i < text.size() ? text[i] : ',';
    if (c == ',' && depth == 0) {
      if (part.empty()) continue;
      TRY_ASSIGN(auto pair, key_value(part));
      changes.push_back({pair.first, pair.second});
      part.clear();
    } else if (c == '[') {
      ++depth;
    } else if (c == ']') {
      --depth;
    } else {
      part += c;
    }
  }
  return changes;
}

Result<> alter(const Context& context, Cluster& cluster, const ShimOptions& options, const Entity& of) {
  TRY_ASSIGN(auto changes, additions(options.get("add-config")));
  for (const std::string& list : options.all("delete-config")) {
    std::string_view rest = list;
    while (!rest.empty()) {
      const std::size_t comma = rest.find(',');
      if (const std::string_view key = rest.substr(0, comma); !key.empty()) changes.push_back({std::string(key), std::nullopt});
      rest = comma == std::string_view::npos ? std::string_view() : rest.substr(comma + 1);
    }
  }
  if (changes.empty()) return bad("At least one of --add-config, --delete-config must be specified with --alter");
  TRY(client::alter_configs(cluster, of.resource, changes, false));
  context.console.out("Completed updating config for " + of.shown + ".\n");
  return {};
}

Result<> describe(const Context& context, Cluster& cluster, const ShimOptions& options, const Entity& of) {
  constexpr std::string_view kSources[] = {"UNKNOWN",
                                           "DYNAMIC_TOPIC_CONFIG",
                                           "DYNAMIC_BROKER_CONFIG",
                                           "DYNAMIC_DEFAULT_BROKER_CONFIG",
                                           "STATIC_BROKER_CONFIG",
                                           "DEFAULT_CONFIG",
                                           "DYNAMIC_BROKER_LOGGER_CONFIG",
                                           "DYNAMIC_CLIENT_METRICS_CONFIG",
                                           "DYNAMIC_GROUP_CONFIG"};
  TRY_ASSIGN(const auto configs, client::describe_configs(cluster, of.resource, {}));
  context.console.out((options.has("all") ? "All configs for " : "Dynamic configs for ") + of.shown + " are:\n");
  for (const auto& config : configs) {
    const bool dynamic = config.config_source == kSourceTopic || config.config_source == kSourceBroker ||
                         config.config_source == kSourceAllBrokers || config.config_source == kSourceGroup;
    if (!dynamic && !options.has("all")) continue;
    std::string synonyms;
    for (const auto& synonym : config.synonyms) {
      const auto source = static_cast<std::size_t>(std::clamp<int>(synonym.source, 0, std::size(kSources) - 1));
      synonyms +=
          (synonyms.empty() ? "" : ", ") + std::string(kSources[source]) + ":" + synonym.name + "=" + synonym.value.value_or("null");
    }
    context.console.out("  " + config.name + "=" + config.value.value_or("null") +
                        " sensitive=" + (config.is_sensitive ? "true" : "false") + " synonyms={" + synonyms + "}\n");
  }
  return {};
}

Result<> run_configs(const Context& context, const ShimOptions& options) {
  TRY_ASSIGN(const ConnectionOptions connection, shim_connection(context, options, "command-config"));
  TRY_ASSIGN(const Entity of, entity(options));
  TRY_ASSIGN(Cluster cluster, connect(context, connection));
  if (options.has("alter") == options.has("describe")) return bad("Command must include exactly one action: --describe or --alter");
  return options.has("alter") ? alter(context, cluster, options, of) : describe(context, cluster, options, of);
}

Result<std::int64_t> timestamp(const ShimOptions& options) {
  const std::string text = options.get("time", "latest");
  if (text == "latest") return client::kLatest;
  if (text == "earliest") return client::kEarliest;
  if (text == "max-timestamp") return client::kMaxTimestamp;
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return bad("Malformed time argument " + text);
  return value;
}

Result<bool> wanted(const ShimOptions& options, const std::string& topic, bool internal, PartitionIndex partition) {
  if (internal && options.has("exclude-internal-topics")) return false;
  if (options.has("topic")) {
    TRY_ASSIGN(const bool named, fits(options.get("topic"), topic));
    if (!named) return false;
  }
  if (!options.has("partitions")) return true;
  TRY_ASSIGN(const PartitionChoice choice, parse_partitions("x:" + options.get("partitions")));
  return std::ranges::find(choice.partitions, partition) != choice.partitions.end();
}

Result<> run_offsets(const Context& context, const ShimOptions& options) {
  TRY_ASSIGN(const ConnectionOptions connection, shim_connection(context, options, "command-config"));
  TRY_ASSIGN(const std::int64_t time, timestamp(options));
  TRY_ASSIGN(Cluster cluster, connect(context, connection));
  TRY_ASSIGN(const auto topics, cluster.topics(std::nullopt));
  client::OffsetsWanted asked;
  for (const auto& topic : topics->topics) {
    for (const auto& partition : topic.partitions) {
      TRY_ASSIGN(const bool take, wanted(options, topic.name.value_or(""), topic.is_internal, partition.partition_index));
      if (take) asked[{topic.name.value_or(""), partition.partition_index}] = time;
    }
  }
  if (asked.empty()) return bad("Could not match any topic-partitions with the specified filters");
  TRY_ASSIGN(const auto found, client::list_offsets(cluster, *topics, asked));
  for (const auto& [partition, one] : found) {
    if (one.error != ErrorCode::kNone) {
      context.console.err("Skip getting offsets for topic-partition " + partition.topic + "-" + std::to_string(partition.partition) +
                          " due to: " + client::describe(one.error) + "\n");
      continue;
    }
    const std::string offset = one.offset < 0 ? "" : std::to_string(one.offset);
    context.console.out(partition.topic + ":" + std::to_string(partition.partition) + ":" + offset + "\n");
  }
  return {};
}

}  // namespace

const Shim kConfigsShim{"kafka-configs.sh",
                        {"bootstrap-server=", "command-config=", "describe", "alter", "entity-type=", "entity-name=", "entity-default",
                         "topic=", "broker=", "group=", "broker-defaults", "add-config=", "delete-config=", "all"},
                        run_configs};

const Shim kOffsetsShim{
    "kafka-get-offsets.sh",
    {"bootstrap-server=", "broker-list=", "command-config=", "topic=", "partitions=", "time=", "exclude-internal-topics"},
    run_offsets};

}  // namespace barnabas::cli
