#include "cli/shim.h"

#include <algorithm>
#include <array>

#include "config/properties.h"

namespace barnabas::cli {
namespace {

constexpr std::string_view kMeta = "\\[](){}+^$";

std::array<const Shim*, 6> shims() { return {&kTopicsShim, &kProducerShim, &kConsumerShim, &kGroupsShim, &kConfigsShim, &kOffsetsShim}; }

std::string help(const Shim& shim) {
  std::string text = std::string(shim.name) + ", as Apache Kafka has it, by Barnabas. It takes:\n";
  for (const std::string_view option : shim.grammar) {
    text += "  --" + std::string(option.substr(0, option.find('='))) + (option.contains('=') ? " <value>" : "") + "\n";
  }
  return text;
}

}  // namespace

std::optional<std::string> shim_name(std::string_view program) {
  program = program.substr(program.rfind('/') + 1);
  for (const Shim* shim : shims()) {
    if (program == shim->name || program == shim->name.substr(0, shim->name.size() - 3)) return std::string(shim->name);
  }
  return std::nullopt;
}

int run(const Context& context, const ShimCommand& command) {
  for (const Shim* shim : shims()) {
    if (shim->name != command.name) continue;
    if (std::ranges::find(command.arguments, "--help") != command.arguments.end()) {
      context.console.out(help(*shim));
      return 0;
    }
    const auto options = ShimOptions::parse(shim->grammar, command.arguments);
    const Result<> outcome = options ? shim->run(context, *options) : Result<>(std::unexpected(options.error()));
    if (outcome) return 0;
    if (!outcome.error().message.empty()) context.console.err(outcome.error().message + "\n");
    return 1;
  }
  return wrong_usage(context, "there is no shim " + command.name);
}

Result<ConnectionOptions> shim_connection(const Context& context, const ShimOptions& options, std::string_view config_option) {
  ConnectionOptions connection;
  connection.brokers = options.get("bootstrap-server", options.get("broker-list"));
  if (connection.brokers.empty()) return fail(Errc::kInvalidArgument, "Missing required argument \"[bootstrap-server]\"");
  if (const std::string file = options.get(config_option); !file.empty()) {
    TRY_ASSIGN(const Bytes contents, read_file(context.disk, file, kPropertiesMaxBytes));
    TRY_ASSIGN(const auto properties, parse_properties(as_text(contents)));
    for (const Property& property : properties) {
      if (property.key == "security.protocol" && property.value != "PLAINTEXT") {
        return fail(Errc::kUnsupported, file + ": security.protocol=" + property.value + ": only PLAINTEXT is spoken yet");
      }
    }
  }
  return connection;
}

Result<bool> fits(std::string_view expression, std::string_view text) {
  std::string pattern;
  for (std::size_t i = 0; i <= expression.size(); ++i) {
    const char c = i < expression.size() ? expression[i] : '|';
    if (c == '|' || c == ',') {
      if (matches(pattern, text)) return true;
      pattern.clear();
    } else if (c == '.' && i + 1 < expression.size() && expression[i + 1] == '*') {
      pattern += '*';
      ++i;
    } else if (c == '*' || c == '?' || kMeta.contains(c)) {
      return fail(Errc::kInvalidArgument, "'" + std::string(expression) + "': of regular expressions only . and .* are understood here");
    } else {
      // A dot is nearly always meant as itself, and means any character besides.
      pattern += c == '.' ? '?' : c;
    }
  }
  return false;
}

}  // namespace barnabas::cli
