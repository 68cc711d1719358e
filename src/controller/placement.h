#pragma once
// Which brokers hold a partition's replicas. Chosen: neighbours in a ring of the live brokers, each partition one step
// further from a random start, so that leaders and followers spread evenly. Given by the client: checked.
#include <expected>
#include <span>
#include <string>
#include <vector>

#include "base/random.h"
#include "controller/wishes.h"
#include "metadata/image.h"
#include "metadata/records.h"

namespace barnabas::controller {

// `count` replica lists, the first replica leads. INVALID_REPLICATION_FACTOR when fewer than `factor` brokers live.
Outcome<std::vector<std::vector<BrokerId>>> place(const metadata::Image& image, std::int32_t count, std::int16_t factor, Random& random);

// Registered brokers, each once, `factor` of them if it is positive, at least one alive: else INVALID_REPLICA_ASSIGNMENT.
Verdict check_assignment(const metadata::Image& image, std::span<const BrokerId> replicas, std::size_t factor);

// A new partition: every live replica is in sync, the first of them leads.
metadata::PartitionRecord new_partition(const metadata::Image& image, const TopicId& topic, PartitionIndex index,
                                        std::vector<BrokerId> replicas);

}  // namespace barnabas::controller
