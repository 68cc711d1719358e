#pragma once
// Partitions as people write them: "orders" all of a topic, "orders:0,2" some.
#include "client/admin.h"

namespace barnabas::cli {

struct PartitionChoice {
  std::string topic;
  std::vector<PartitionIndex> partitions;  // empty: all
};

// kInvalidArgument: no topic, or a number that is none.
Result<PartitionChoice> parse_partitions(std::string_view text);

// "orders:0,2 bills:1"
std::string partitions_text(const std::vector<client::NamedPartition>& sorted);

}  // namespace barnabas::cli
