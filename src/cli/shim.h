#pragma once
// The scripts of Apache Kafka under their own names and with their own flags and output, without a JVM:
//
//   ln -s barnabas kafka-topics.sh; ./kafka-topics.sh --bootstrap-server localhost:9092 --list
//   barnabas shim kafka-topics.sh --bootstrap-server localhost:9092 --list
//
// An option that is not understood is refused, never left aside. The exit code is 0 or 1, as the originals have it.
#include "cli/context.h"
#include "cli/shim_options.h"

namespace barnabas::cli {

struct ShimCommand {
  std::string name;  // "kafka-topics.sh"
  std::vector<std::string> arguments;
};

// Of a path's last part, with or without ".sh"; nullopt: none of them.
std::optional<std::string> shim_name(std::string_view program);

int run(const Context& context, const ShimCommand& command);

// ---- for the shims themselves ----

// Where to connect to, from --bootstrap-server; kInvalidArgument without it, or when the file of client settings that
// was named asks for protection that is not spoken yet.
Result<ConnectionOptions> shim_connection(const Context& context, const ShimOptions& options, std::string_view config_option);

// "a,b.*|c": names and patterns as Kafka's --topic has them. `text` fits whole. Of regular expressions, "." and ".*" are
// understood; others are kInvalidArgument.
Result<bool> fits(std::string_view expression, std::string_view text);

struct Shim {
  std::string_view name;
  ShimGrammar grammar;
  Result<> (*run)(const Context&, const ShimOptions&);
};
extern const Shim kTopicsShim, kProducerShim, kConsumerShim, kGroupsShim, kConfigsShim, kOffsetsShim;

}  // namespace barnabas::cli
