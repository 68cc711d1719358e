#pragma once
// Moving a group: the plan is made, shown, and perhaps executed. And how far a group is behind.
#include "cli/commands.h"
#include "client/groups.h"

namespace barnabas::cli {

struct Move {
  client::NamedPartition partition;
  std::optional<std::int64_t> from;
  std::int64_t start = 0, end = 0, to = 0;
};

// kNotFound, kInvalidArgument: what the seek names is not there. `now_ms` is for times ago.
Result<std::vector<Move>> plan_seek(client::Cluster& cluster, const GroupSeek& seek, std::int64_t now_ms);
// Fails with NON_EMPTY_GROUP while the group has members.
Result<> nobody_reads(client::Cluster& cluster, const std::string& group);
Result<std::map<client::NamedPartition, ErrorCode>> execute(client::Cluster& cluster, const GroupSeek& seek,
                                                            const std::vector<Move>& moves);

struct Lag {
  client::NamedPartition partition;
  std::optional<std::int64_t> committed, end, lag;
  const client::GroupMember* member = nullptr;  // of the group that was given
};
// Every partition that the group has committed or reads now.
Result<std::vector<Lag>> lag_of(client::Cluster& cluster, const client::DescribedGroup& group);

}  // namespace barnabas::cli
