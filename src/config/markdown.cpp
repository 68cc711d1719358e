#include "config/markdown.h"

#include <fmt/format.h>

#include "config/given.h"
#include "config/setting.h"
#include "config/topic_synonyms.h"
#include "config/value.h"

namespace barnabas {
namespace {

constexpr std::string_view kOpening = R"(# Configuration

This page is made from the table in `src/config/table/`; change it there and run
`BARNABAS_WRITE_DOCS=1 unit_config`.

## How a setting is given

The first place that has it wins:

1. `--set name=value` on the command line; the later of two wins.
2. A variable of the environment that begins with `BARNABAS_`.
3. A variable of the environment that begins with `KAFKA_`.
4. The properties file, in Java's syntax: comments with `#` and `!`, `name=value`, `name: value` or `name value`, a
   backslash to go on in the next line, `\uXXXX`. It is UTF-8, or else ISO-8859-1, and at most 1 MiB.
5. The default below.

The end of a variable's name is the setting's name in capitals: `_` is a dot, `__` an underscore, `___` a dash, as the
container image `apache/kafka` has it. A name of our own may leave out its first word. A value is taken as it stands,
without escapes.

| variable | setting |
|---|---|
| `KAFKA_LISTENERS` | `listeners` |
| `KAFKA_LOG_RETENTION_MS` | `log.retention.ms` |
| `KAFKA_LISTENER_NAME_EXTERNAL_MAX_CONNECTIONS` | `listener.name.external.max.connections` |
| `BARNABAS_NUM_PARTITIONS` | `num.partitions` |
| `BARNABAS_DURABILITY` | `barnabas.durability` |
| `CLUSTER_ID` | `barnabas.cluster.id` |

Left aside are what Kubernetes injects for a service called kafka or barnabas (`KAFKA_SERVICE_HOST`,
`KAFKA_PORT=tcp://...`), and the image's variables that are no settings:
)";

constexpr std::string_view kRules = R"(
## What happens to a setting

- *effective*: it does what it says.
- *no effect*: it is known and checked, and nothing here reads it. Set to something else than its default, it is said
  once at start.
- *stops the start*: anything but its default stops the start with a message that names it. These are promises, mostly
  of protection, that are not kept yet, and a broker that left them aside would be open without its operator's
  knowledge. The same holds for `listener.name.<listener>.` in front of such a name, and for an unknown name that looks
  like a security setting.

A value of the wrong type or out of bounds stops the start; the message names setting, value, place and what is
allowed. An unknown name is said once at start, with the nearest known one; an unknown `barnabas.` name stops the start.
Whatever is wrong is said in one go. Values of passwords and of unknown settings are never shown.

Where Kafka has several units for one thing (`log.retention.ms`, `log.retention.minutes`, `log.retention.hours`) the
finest that is set wins, whatever the places, and the others are said to be overruled.

*Live* says what can be changed while the broker runs, as with Kafka's `kafka-configs.sh`: *cluster*, for all brokers or
for one; *per broker*, only for one. What is set that way is kept in the cluster's metadata and wins over the file, the
environment and `--set`. Kafka also changes `listeners` and `listener.security.protocol.map` live; Barnabas does not yet.

## Coming from Kafka

A stock `server.properties` describes a cluster: `process.roles` and `controller.quorum.*` for KRaft,
`zookeeper.connect` for Kafka 3.9. One of them (or `controller.listener.names`) without `barnabas.metadata.engine`
stops the start, because a node that
silently went its own way would split that cluster. When the node is the whole cluster, say so:

```
barnabas serve server.properties --set barnabas.metadata.engine=local
```

Then these settings are accepted without effect, on conditions: `process.roles` is both roles, `controller.quorum.voters`
is this node only, `controller.quorum.bootstrap.servers` is only this node's controller listener. Controller listeners
are not opened.

With nothing configured the broker is node 1, listens on `PLAINTEXT://:9092`, all interfaces, and keeps its data under
`$XDG_DATA_HOME/barnabas`, else `$HOME/.local/share/barnabas`; root is no exception. Without either variable `log.dirs`
must be set. A client is told the listener's own host when it has one, the address it connected to when it has none,
and `advertised.listeners` before both.
)";

std::string cell(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '|') out += '\\';
    out += c;
  }
  return out;
}

std::string code(const char* text) {
  if (text == nullptr) return "";
  return *text ? fmt::format("`{}`", text) : std::string("(empty)");
}

std::string_view word(SettingType type) {
  switch (type) {
    case SettingType::kBoolean: return "boolean";
    case SettingType::kString: return "string";
    case SettingType::kInt: return "int";
    case SettingType::kShort: return "short";
    case SettingType::kLong: return "long";
    case SettingType::kDouble: return "double";
    case SettingType::kList: return "list";
    case SettingType::kClass: return "class";
    case SettingType::kPassword: return "password";
  }
  return {};
}

std::string_view word(Live live) {
  switch (live) {
    case Live::kRestart: return "";
    case Live::kPerBroker: return "per broker";
    case Live::kClusterWide: return "cluster";
  }
  return {};
}

std::string effect(const Setting& row) {
  switch (row.effect) {
    case Effect::kEffective: break;
    case Effect::kNoEffect: return "no effect";
    case Effect::kRefused: return "stops the start";
  }
  std::string text = "effective";
  if (!row.allowed.not_built.empty()) text += "; not built: " + cell(row.allowed.not_built);
  return text;
}

// Only what the type does not say.
std::string allowed(const Setting& row) {
  const bool bounded = row.allowed.min > -1e300 || row.allowed.max < 1e300;
  if (!row.allowed.one_of.empty() || row.allowed.throttled_replicas || row.allowed.non_empty) return cell(allowed_text(row));
  if (!bounded) return {};
  const std::string text = allowed_text(row);
  const auto at = std::min(text.find("at least"), text.find("from"));
  return at == std::string::npos ? text : text.substr(at);
}

std::string departures() {
  std::string text = "\n## Where a default is not Kafka's\n\n| setting | Kafka | Barnabas |\n|---|---|---|\n";
  for (const Setting& row : broker_settings()) {
    if (row.kafka_default == nullptr) continue;
    text += fmt::format("| `{}` | {} | {} |\n", row.name, *row.kafka_default ? code(row.kafka_default) : "none",
                        row.default_value ? code(row.default_value) : "see below");
  }
  return text;
}

std::string broker_rows(bool ours) {
  std::string text = "| setting | type | default | allowed | live | effect | meaning |\n|---|---|---|---|---|---|---|\n";
  for (const Setting& row : broker_settings()) {
    if (row.name.starts_with("barnabas.") != ours) continue;
    text += fmt::format("| `{}` | {} | {} | {} | {} | {} | {} |\n", row.name, word(row.type), code(row.default_value), allowed(row),
                        word(row.live), effect(row), cell(row.doc));
  }
  return text;
}

std::string topic_rows() {
  std::string text =
      "| config | type | default | allowed | broker settings behind it | effect | meaning |\n|---|---|---|---|---|---|---|\n";
  for (const Setting& row : topic_settings()) {
    std::string behind;
    for (const TopicSynonym& synonym : topic_synonyms(row.name))
      behind += fmt::format("{}`{}`", behind.empty() ? "" : ", ", synonym.broker_name);
    const std::string what = row.effect == Effect::kRefused ? "not built" : effect(row);
    text += fmt::format("| `{}` | {} | {} | {} | {} | {} | {} |\n", row.name, word(row.type), code(row.default_value), allowed(row), behind,
                        what, cell(row.doc));
  }
  return text;
}

std::string group_rows() {
  std::string text = "| config | type | default | allowed | effect | meaning |\n|---|---|---|---|---|---|\n";
  for (const Setting& row : group_settings())
    text += fmt::format("| `{}` | {} | {} | {} | {} | {} |\n", row.name, word(row.type), code(row.default_value), allowed(row), effect(row),
                        cell(row.doc));
  return text;
}

}  // namespace

std::string configuration_markdown() {
  std::string text(kOpening);
  for (const std::string_view variable : ignored_variables()) text += fmt::format("\n- `{}`", variable);
  text += '\n';
  text += kRules;
  text += departures();
  text += "\n## Barnabas's own settings\n\n" + broker_rows(true);
  text += "\n## Kafka's broker settings\n\nAll of Kafka 4.3.1's, and those of 3.9.2 that 4.x dropped.\n\n" + broker_rows(false);
  text +=
      "\n## Topic configs\n\nA topic's own value comes first, then the first broker setting that is set, then the default. A value that is "
      "not built\n"
      "yet, or that Kafka 4.3.1 would not take, is answered with INVALID_CONFIG.\n\n" +
      topic_rows();
  text += "\n## Group configs\n\nBehind each is the broker setting of the same name with `group.` in front, where there is one.\n\n" +
          group_rows();
  return text;
}

}  // namespace barnabas
