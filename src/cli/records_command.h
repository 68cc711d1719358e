#pragma once
// produce and consume as the shims of Kafka's console tools need them: silent, or with Kafka's own closing line.
#include "cli/admin_command.h"

namespace barnabas::cli {

struct ConsumeStyle {
  std::int64_t idle_max_ms = 0;  // stop when nothing came for so long; 0: never
  bool say_total = false;        // on standard error, at the end
};

int run(const Asked& asked, const Consume& consume, const ConsumeStyle& style);
int run_silently(const Asked& asked, const Produce& produce);

}  // namespace barnabas::cli
