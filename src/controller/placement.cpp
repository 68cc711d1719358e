#include "controller/placement.h"

#include <fmt/format.h>

#include <algorithm>

namespace barnabas::controller {
namespace {

bool alive(const metadata::Image& image, BrokerId id) {
  const metadata::Broker* broker = image.find_broker(id);
  return broker != nullptr && !broker->fenced;
}

}  // namespace

Outcome<std::vector<std::vector<BrokerId>>> place(const metadata::Image& image, std::int32_t count, std::int16_t factor, Random& random) {
  std::vector<BrokerId> ring;
  for (const auto& [id, broker] : image.brokers()) {
    if (!broker->fenced) ring.push_back(id);
  }
  if (factor < 1 || static_cast<std::size_t>(factor) > ring.size()) {
    return std::unexpected(Refusal{ErrorCode::kInvalidReplicationFactor,
                                   fmt::format("Replication factor {} is not possible with {} live broker(s).", factor, ring.size())});
  }
  const std::size_t start = random.next() % ring.size();
  std::vector<std::vector<BrokerId>> placed(static_cast<std::size_t>(count));
  for (std::size_t partition = 0; partition < placed.size(); ++partition) {
    for (std::size_t replica = 0; replica < static_cast<std::size_t>(factor); ++replica) {
      placed[partition].push_back(ring[(start + partition + replica) % ring.size()]);
    }
  }
  return placed;
}

Verdict check_assignment(const metadata::Image& image, std::span<const BrokerId> replicas, std::size_t factor) {
  const auto bad = [](std::string why) { return Verdict{ErrorCode::kInvalidReplicaAssignment, std::move(why)}; };
  if (replicas.empty()) return bad("A partition is assigned to no broker.");
  std::vector<BrokerId> sorted(replicas.begin(), replicas.end());
  std::ranges::sort(sorted);
  if (std::ranges::adjacent_find(sorted) != sorted.end()) return bad("A partition is assigned to the same broker twice.");
  for (const BrokerId id : sorted) {
    if (image.find_broker(id) == nullptr) return bad(fmt::format("A partition is assigned to broker {}, which is not registered.", id));
  }
  if (factor > 0 && replicas.size() != factor) {
    return bad(fmt::format("A partition is assigned to {} broker(s), the others have {}.", replicas.size(), factor));
  }
  if (std::ranges::none_of(sorted, [&](BrokerId id) { return alive(image, id); })) {
    return bad("A partition is assigned only to brokers that are not alive.");
  }
  return {};
}

metadata::PartitionRecord new_partition(const metadata::Image& image, const TopicId& topic, PartitionIndex index,
                                        std::vector<BrokerId> replicas) {
  metadata::PartitionRecord record;
  record.topic_id = topic;
  record.partition = index;
  std::ranges::copy_if(replicas, std::back_inserter(record.isr), [&](BrokerId id) { return alive(image, id); });
  record.leader = record.isr.front();
  record.directories.resize(replicas.size());
  record.replicas = std::move(replicas);
  return record;
}

}  // namespace barnabas::controller
