// kafka-console-producer.sh, kafka-console-consumer.sh
#include "cli/records_command.h"
#include "cli/shim.h"

namespace barnabas::cli {
namespace {

std::unexpected<Error> bad(std::string why) { return fail(Errc::kInvalidArgument, std::move(why)); }

// As part of a format string it means itself.
std::string literal(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '%' || c == '\\') out += c;
    out += c;
  }
  return out;
}

bool is_true(const std::map<std::string, std::string>& properties, const std::string& name, bool fallback = false) {
  const auto found = properties.find(name);
  return found == properties.end() ? fallback : found->second == "true";
}

std::string text_of(const std::map<std::string, std::string>& properties, const std::string& name, const char* fallback) {
  const auto found = properties.find(name);
  return found == properties.end() ? fallback : found->second;
}

Result<> only(const std::map<std::string, std::string>& properties, const std::vector<std::string_view>& known) {
  for (const auto& [name, value] : properties) {
    bool found = false;
    for (const std::string_view each : known) found = found || name == each;
    if (!found) return bad("property " + name + " is not understood here");
  }
  return {};
}

// An exit code of ours; what is wrong has been said.
Result<> ended(int code) { return code == kDone ? Result<>() : fail(Errc::kInvalidArgument, ""); }

Result<> run_producer(const Context& context, const ShimOptions& options) {
  TRY_ASSIGN(const ConnectionOptions connection,
             shim_connection(context, options, options.has("command-config") ? "command-config" : "producer.config"));
  TRY_ASSIGN(const auto reader, options.properties({"property", "reader-property"}));
  TRY(only(reader, {"parse.key", "key.separator"}));
  Produce produce;
  produce.topic = options.get("topic");
  if (produce.topic.empty()) return bad("Missing required argument \"[topic]\"");
  if (is_true(reader, "parse.key")) produce.key_separator = text_of(reader, "key.separator", "\t");
  if (options.has("compression-codec")) produce.compression = options.get("compression-codec", "gzip");
  produce.acks = options.get("request-required-acks", "all");
  for (const char* name : {"producer-property", "command-property"}) {
    for (const std::string& property : options.all(name)) produce.properties.push_back(property);
  }
  produce.auto_create = true;
  const OutputOptions output;
  return ended(run_silently({context, connection, output}, produce));
}

std::string format_of(const std::map<std::string, std::string>& formatter) {
  const std::string separator = literal(text_of(formatter, "key.separator", "\t"));
  std::string format;
  const auto part = [&](const char* property, const char* verb, bool fallback = false) {
    if (is_true(formatter, property, fallback)) format += (format.empty() ? "" : separator) + verb;
  };
  part("print.timestamp", "CreateTime:%d");
  part("print.partition", "Partition:%p");
  part("print.offset", "Offset:%o");
  part("print.headers", "%h{console}");
  part("print.key", "%k{null}");
  part("print.value", "%v{null}", true);
  return format + literal(text_of(formatter, "line.separator", "\n"));
}

Result<> run_consumer(const Context& context, const ShimOptions& options) {
  TRY_ASSIGN(const ConnectionOptions connection,
             shim_connection(context, options, options.has("command-config") ? "command-config" : "consumer.config"));
  TRY_ASSIGN(const auto formatter, options.properties({"property", "formatter-property"}));
  TRY(only(formatter, {"print.timestamp", "print.partition", "print.offset", "print.headers", "print.key", "print.value", "key.separator",
                       "line.separator"}));
  Consume consume;
  consume.topics = {options.get("topic")};
  if (!options.has("topic")) return bad("Missing required argument \"[topic]\"");
  consume.group = options.get("group");
  consume.format = format_of(formatter);
  const std::string offset = options.get("offset", options.has("from-beginning") ? "earliest" : "latest");
  consume.range = offset == "earliest" ? "start" : offset == "latest" ? "end" : offset;
  if (options.has("partition")) {
    TRY_ASSIGN(const std::int64_t partition, options.number("partition", 0));
    consume.partitions = {static_cast<std::int32_t>(partition)};
  } else if (options.has("offset")) {
    return bad("The partition is required when offset is specified.");
  }
  TRY_ASSIGN(consume.count, options.number("max-messages", 0));
  consume.count = std::max<std::int64_t>(0, consume.count);
  consume.properties = {"isolation.level=" + options.get("isolation-level", "read_uncommitted")};
  for (const char* name : {"consumer-property", "command-property"}) {
    for (const std::string& property : options.all(name)) consume.properties.push_back(property);
  }
  ConsumeStyle style;
  TRY_ASSIGN(style.idle_max_ms, options.number("timeout-ms", 0));
  style.say_total = true;
  const OutputOptions output;
  return ended(run({context, connection, output}, consume, style));
}

}  // namespace

const Shim kProducerShim{
    "kafka-console-producer.sh",
    {"bootstrap-server=", "broker-list=", "topic=", "property=", "reader-property=", "producer-property=", "command-property=",
     "producer.config=", "command-config=", "compression-codec=?", "request-required-acks=", "sync"},
    run_producer};

const Shim kConsumerShim{
    "kafka-console-consumer.sh",
    {"bootstrap-server=", "topic=", "from-beginning", "max-messages=", "partition=", "offset=", "group=", "timeout-ms=", "property=",
     "formatter-property=", "consumer-property=", "command-property=", "consumer.config=", "command-config=", "isolation-level="},
    run_consumer};

}  // namespace barnabas::cli
