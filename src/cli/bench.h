#pragma once
// barnabas bench: how fast a cluster takes records, gives them, and how long one is under way.
#include "cli/context.h"

namespace barnabas::cli {

struct BenchCommand {
  enum class Kind { kProduce, kConsume, kEndToEnd };
  Kind kind = Kind::kProduce;
  std::string topic;
  std::int64_t count = 100'000;
  std::int64_t size_bytes = 100;  // of a value
  std::string compression = "none";
  std::string acks = "all";
  std::vector<std::string> properties;  // librdkafka's own
  ConnectionOptions connection;
  OutputOptions output;
};

int run(const Context& context, const BenchCommand& bench);

}  // namespace barnabas::cli
