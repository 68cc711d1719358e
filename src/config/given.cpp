#include "config/given.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/log.h"
#include "config/properties.h"
#include "config/value.h"

namespace barnabas {
namespace {

constexpr std::array<std::string_view, 15> kIgnored = {
    "KAFKA_DEBUG",      "KAFKA_GC_LOG_OPTS",          "KAFKA_HEAP_OPTS",
    "KAFKA_HOME",       "KAFKA_JMX_HOSTNAME",         "KAFKA_JMX_OPTS",
    "KAFKA_JMX_PORT",   "KAFKA_JVM_PERFORMANCE_OPTS", "KAFKA_LOG4J_LOGGERS",
    "KAFKA_LOG4J_OPTS", "KAFKA_LOG4J_ROOT_LOGLEVEL",  "KAFKA_MODE",
    "KAFKA_OPTS",       "KAFKA_TOOLS_LOG4J_LOGLEVEL", "KAFKA_VERSION",
};

// Of the command line (src/cli/context.cpp): a broker may share its environment with a person.
constexpr std::array<std::string_view, 3> kCommandLine = {"BARNABAS_BROKERS", "BARNABAS_CLI_CONFIG", "BARNABAS_PROFILE"};

// KAFKA_SERVICE_HOST, KAFKA_UI_SERVICE_PORT_HTTP, KAFKA_PORT=tcp://10.0.0.1:9092, KAFKA_PORT_9092_TCP_ADDR
bool is_service_link(std::string_view variable, std::string_view value) {
  if (variable.ends_with("_SERVICE_HOST") || variable.ends_with("_SERVICE_PORT") || variable.contains("_SERVICE_PORT_")) return true;
  if (variable.ends_with("_PORT") && value.contains("://")) return true;
  const auto port = variable.rfind("_PORT_");
  if (port == std::string_view::npos) return false;
  const std::string_view rest = variable.substr(port + 6);
  return !rest.empty() && rest.front() >= '0' && rest.front() <= '9' &&
         (rest.contains("_TCP") || rest.contains("_UDP") || rest.contains("_SCTP"));
}

class Collector {
 public:
  explicit Collector(const SettingSources& sources) : sources_(sources) {}

  Result<GivenSettings> collect() {
    TRY(file());
    if (const auto id = sources_.environment.find("CLUSTER_ID"); id != sources_.environment.end())
      put("barnabas.cluster.id", id->second, "environment CLUSTER_ID");
    environment("KAFKA_");
    environment("BARNABAS_");
    TRY(overrides());
    dev();
    return std::move(given_);
  }

 private:
  void put(std::string name, std::string value, std::string origin) {
    given_.by_name.insert_or_assign(std::move(name), Given{std::move(value), std::move(origin)});
  }

  Result<> file() {
    auto properties = parse_properties(sources_.file_text);
    if (!properties) return wrap(std::move(properties).error(), sources_.file_name.empty() ? "properties" : sources_.file_name);
    for (Property& property : *properties) {
      const std::string origin = fmt::format("{}:{}", sources_.file_name, property.line);
      if (const auto before = given_.by_name.find(property.key); before != given_.by_name.end())
        given_.warnings.push_back(
            fmt::format("{} is set twice: {} overrules {}", log::escape(property.key), origin, before->second.origin));
      put(std::move(property.key), std::move(property.value), origin);
    }
    return {};
  }

  void environment(std::string_view prefix) {
    for (const auto& [variable, value] : sources_.environment) {
      if (!variable.starts_with(prefix) || variable.size() == prefix.size() || std::ranges::binary_search(kIgnored, variable)) continue;
      if (std::ranges::binary_search(kCommandLine, variable)) continue;
      std::string name = name_of_variable(std::string_view(variable).substr(prefix.size()));
      const bool known = find_setting(broker_settings(), name) != nullptr;
      if (!known && is_service_link(variable, value)) continue;
      if (!known && prefix == "BARNABAS_" && !name.starts_with("listener.name.")) name = "barnabas." + name;
      put(std::move(name), value, "environment " + variable);
    }
  }

  Result<> overrides() {
    for (const std::string& text : sources_.overrides) {
      const auto equals = text.find('=');
      const std::string_view name = trimmed(std::string_view(text).substr(0, equals));
      if (equals == std::string::npos || name.empty())
        return fail(Errc::kInvalidArgument, fmt::format("--set {}: must be name=value", log::escape(text)));
      put(std::string(name), std::string(trimmed(std::string_view(text).substr(equals + 1))), "--set");
    }
    return {};
  }

  void dev() {
    for (const std::string& text : sources_.dev) {
      const auto equals = text.find('=');
      given_.by_name.try_emplace(text.substr(0, equals), Given{text.substr(equals + 1), std::string(kDevOrigin)});
    }
  }

  const SettingSources& sources_;
  GivenSettings given_;
};

}  // namespace

std::string name_of_variable(std::string_view variable) {
  std::string name;
  for (std::size_t i = 0; i < variable.size();) {
    if (variable[i] != '_') {
      const char c = variable[i++];
      name += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    } else if (variable.substr(i).starts_with("___")) {
      name += '-';
      i += 3;
    } else if (variable.substr(i).starts_with("__")) {
      name += '_';
      i += 2;
    } else {
      name += '.';
      i += 1;
    }
  }
  return name;
}

std::span<const std::string_view> ignored_variables() { return kIgnored; }

Result<GivenSettings> collect_given(const SettingSources& sources) { return Collector(sources).collect(); }

}  // namespace barnabas
