// barnabas config explain: what a setting is, from the table that is built in. Asks no broker.
#include <algorithm>

#include "cli/admin_command.h"
#include "config/setting.h"
#include "config/value.h"

namespace barnabas::cli {
namespace {

struct Kind {
  std::string_view of;
  std::span<const Setting> table;
};

std::vector<Kind> kinds() {
  return {{"broker", broker_settings()},
          {"topic", topic_settings()},
          {"group", group_settings()},
          {"client-metrics", client_metrics_settings()}};
}

std::string_view type_name(SettingType type) {
  constexpr std::string_view kNames[] = {"", "boolean", "string", "int", "short", "long", "double", "list", "class", "password"};
  return kNames[static_cast<std::size_t>(type)];
}

std::string_view live(Live live) {
  switch (live) {
    case Live::kRestart: return "at start";
    case Live::kPerBroker: return "for one broker while it runs";
    case Live::kClusterWide: return "for all brokers while they run";
  }
  return "";
}

std::string_view effect(Effect effect) {
  switch (effect) {
    case Effect::kEffective: return "effective";
    case Effect::kNoEffect: return "known, without effect";
    case Effect::kRefused: return "anything but the default is refused";
  }
  return "";
}

Value::Object explained(std::string_view of, const Setting& row) {
  Value::Object object{{"config", row.name},           {"of", of},
                       {"type", type_name(row.type)},  {"default", row.default_value != nullptr ? Value(row.default_value) : Value()},
                       {"allowed", allowed_text(row)}, {"effect", effect(row.effect)}};
  if (of == "broker") object.emplace_back("changed", live(row.live));
  if (row.kafka_default != nullptr) object.emplace_back("kafka_default", row.kafka_default);
  object.emplace_back("meaning", row.doc);
  return object;
}

int explain_all(const Asked& asked) {
  Table table({"config", "of", "default", "effect"});
  for (const Kind& kind : kinds()) {
    for (const Setting& row : kind.table) {
      table.add({row.name, kind.of, row.default_value != nullptr ? Value(row.default_value) : Value(), effect(row.effect)});
    }
  }
  print(asked.context, asked.output, table);
  return kDone;
}

std::string unknown(const std::string& name) {
  std::string text = "there is no config " + name;
  for (const Kind& kind : kinds()) {
    const std::string_view near = did_you_mean(kind.table, name);
    if (!near.empty()) return text + "; did you mean " + std::string(near) + "?";
  }
  return text + "; barnabas config explain lists them all";
}

}  // namespace

int run(const Asked& asked, const ConfigExplain& explain) {
  if (explain.names.empty()) return explain_all(asked);
  std::string text;
  Value::List objects;
  int code = kDone;
  for (const std::string& name : explain.names) {
    bool found = false;
    for (const Kind& kind : kinds()) {
      const Setting* row = find_setting(kind.table, name);
      if (row == nullptr) continue;
      found = true;
      Value::Object object = explained(kind.of, *row);
      text += (text.empty() ? "" : "\n") + fields_text(object);
      objects.emplace_back(std::move(object));
    }
    if (!found) code = wrong_usage(asked.context, unknown(name));
  }
  print(asked.context, asked.output, text, objects);
  return code;
}

}  // namespace barnabas::cli
