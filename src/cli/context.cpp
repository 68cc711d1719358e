#include "cli/context.h"

#include "cli/profile.h"
#include "cli/version.h"
#include "client/address.h"

namespace barnabas::cli {

Result<std::string> brokers_text(const Context& context, const ConnectionOptions& options) {
  const auto variable = [&](std::string_view name) {
    const auto found = context.environment.find(name);
    return found == context.environment.end() ? std::string() : found->second;
  };
  if (!options.brokers.empty()) return options.brokers;
  if (const std::string brokers = variable("BARNABAS_BROKERS"); options.profile.empty() && !brokers.empty()) return brokers;
  const std::string& named = options.profile.empty() ? variable("BARNABAS_PROFILE") : options.profile;
  TRY_ASSIGN(const auto of_profile, profile_brokers(context.disk, context.environment, named));
  return of_profile.value_or("localhost:9092");
}

Result<client::Cluster> connect(const Context& context, const ConnectionOptions& options) {
  client::ClusterOptions cluster;
  TRY_ASSIGN(const std::string brokers, brokers_text(context, options));
  TRY_ASSIGN(cluster.bootstrap, client::parse_brokers(brokers));
  cluster.timeout = options.timeout;
  cluster.connection.software_version = kVersion;
  return client::Cluster(context.dialer, context.clock, std::move(cluster));
}

void print(const Context& context, const OutputOptions& options, std::string_view text, const Value& value) {
  switch (options.format) {
    case Format::kTable: context.console.out(text); break;
    case Format::kJson: context.console.out(value.pretty_json()); break;
    case Format::kYaml: context.console.out(value.yaml()); break;
  }
}

void print(const Context& context, const OutputOptions& options, const Table& table) {
  print(context, options, table.text(!options.no_headings), table.value());
}

int wrong_usage(const Context& context, std::string_view what) {
  context.console.err("barnabas: " + std::string(what) + "\n");
  return kWrongUsage;
}

int exit_code(const Error& error) {
  switch (error.code) {
    case Errc::kIo:
    case Errc::kTimeout:
    case Errc::kClosed:
    case Errc::kCorrupt: return kNoConnection;
    default: return kRefused;
  }
}

int failed(const Context& context, const Error& error) {
  context.console.err("barnabas: " + error.message + "\n");
  return exit_code(error);
}

std::optional<bool> confirmed(const Context& context, std::string_view what_will_happen, bool yes) {
  if (yes) return true;
  if (!context.console.in_is_terminal()) {
    context.console.err("barnabas: " + std::string(what_will_happen) + "\nNobody is there to be asked: give --yes to do it.\n");
    return std::nullopt;
  }
  context.console.err(std::string(what_will_happen) + "\nGo on? [y/N] ");
  std::string answer;
  const bool yes_typed = context.console.read_line(answer) && (answer == "y" || answer == "Y" || answer == "yes");
  if (!yes_typed) context.console.err("Nothing was done.\n");
  return yes_typed;
}

Result<std::pair<std::string, std::string>> key_value(std::string_view text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string_view::npos || equals == 0) {
    return fail(Errc::kInvalidArgument, "'" + std::string(text) + "': write key=value");
  }
  return std::pair{std::string(text.substr(0, equals)), std::string(text.substr(equals + 1))};
}

bool matches(std::string_view pattern, std::string_view text) {
  // Where the last star stood, and how far it has eaten: enough to go back to.
  std::size_t p = 0, t = 0, star = std::string_view::npos, eaten = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      eaten = t;
    } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == text[t])) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++eaten;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

}  // namespace barnabas::cli
