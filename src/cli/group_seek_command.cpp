// barnabas group seek: the plan, and with --yes its execution.
#include <algorithm>

#include "cli/admin_command.h"
#include "cli/group_moves.h"
#include "cli/partitions.h"
#include "client/refusal.h"

namespace barnabas::cli {
namespace {

using client::Cluster;
using client::NamedPartition;
using Kind = SeekTarget::Kind;

Result<std::vector<NamedPartition>> chosen(const GroupSeek& seek, const std::map<NamedPartition, client::Committed>& committed,
                                           const protocol::MetadataResponse& topics) {
  std::vector<NamedPartition> all;
  if (seek.topics.empty()) {
    for (const auto& [partition, offset] : committed) all.push_back(partition);
    return all;
  }
  for (const std::string& text : seek.topics) {
    TRY_ASSIGN(const PartitionChoice choice, parse_partitions(text));
    for (const PartitionIndex partition : choice.partitions) all.push_back({choice.topic, partition});
    if (!choice.partitions.empty()) continue;
    for (const auto& topic : topics.topics) {
      if (topic.name != choice.topic) continue;
      TRY(client::accepted(topic.error_code, "topic " + choice.topic));
      for (const auto& partition : topic.partitions) all.push_back({choice.topic, partition.partition_index});
    }
  }
  std::ranges::sort(all);
  all.erase(std::ranges::unique(all).begin(), all.end());
  return all;
}

std::vector<std::string> topic_names(const GroupSeek& seek, const std::map<NamedPartition, client::Committed>& committed) {
  std::vector<std::string> names;
  for (const std::string& text : seek.topics) names.push_back(text.substr(0, text.find(':')));
  if (seek.topics.empty()) {
    for (const auto& [partition, offset] : committed) names.push_back(partition.topic);
  }
  std::ranges::sort(names);
  names.erase(std::ranges::unique(names).begin(), names.end());
  return names;
}

Result<client::OffsetsFound> at(Cluster& cluster, const protocol::MetadataResponse& topics, const std::vector<NamedPartition>& partitions,
                                std::int64_t timestamp) {
  client::OffsetsWanted wanted;
  for (const NamedPartition& partition : partitions) wanted[partition] = timestamp;
  TRY_ASSIGN(auto found, client::list_offsets(cluster, topics, wanted));
  for (const auto& [partition, offset] : found) {
    TRY(client::accepted(wire(offset.error), partition.topic + "-" + std::to_string(partition.partition)));
  }
  return found;
}

Table table_of(const GroupSeek& seek, const std::vector<Move>& moves) {
  Table table({"group", "topic", "partition", "committed", "start", "end", "new"});
  for (const Move& move : moves) {
    table.add({seek.group, move.partition.topic, move.partition.partition, move.from, move.start, move.end, move.to});
  }
  return table;
}

}  // namespace

Result<std::vector<Move>> plan_seek(Cluster& cluster, const GroupSeek& seek, std::int64_t now_ms) {
  const SeekTarget& target = seek.targets.front();
  TRY_ASSIGN(const auto committed, client::committed_offsets(cluster, seek.group));
  TRY_ASSIGN(const auto topics, cluster.topics(topic_names(seek, committed)));
  TRY_ASSIGN(const auto partitions, chosen(seek, committed, *topics));
  TRY_ASSIGN(const auto starts, at(cluster, *topics, partitions, client::kEarliest));
  TRY_ASSIGN(const auto ends, at(cluster, *topics, partitions, client::kLatest));
  client::OffsetsFound timed;
  if (target.kind == Kind::kTime || target.kind == Kind::kAgo) {
    const std::int64_t when = target.kind == Kind::kTime ? target.value : now_ms - target.value;
    TRY_ASSIGN(timed, at(cluster, *topics, partitions, std::max<std::int64_t>(0, when)));
  }
  std::vector<Move> moves;
  for (const NamedPartition& partition : partitions) {
    Move move{partition, std::nullopt, starts.at(partition).offset, ends.at(partition).offset, 0};
    if (const auto found = committed.find(partition); found != committed.end()) move.from = found->second.offset;
    switch (target.kind) {
      case Kind::kEarliest: move.to = move.start; break;
      case Kind::kLatest: move.to = move.end; break;
      case Kind::kOffset: move.to = target.value; break;
      case Kind::kShift:
        if (!move.from) {
          return fail(Errc::kNotFound, partition.topic + "-" + std::to_string(partition.partition) +
                                           ": nothing is committed there, so there is nothing to shift; give --to");
        }
        move.to = *move.from + target.value;
        break;
      case Kind::kTime:
      case Kind::kAgo: move.to = timed.at(partition).offset < 0 ? move.end : timed.at(partition).offset; break;
    }
    move.to = std::clamp(move.to, move.start, std::max(move.start, move.end));
    moves.push_back(std::move(move));
  }
  return moves;
}

// A broker refuses each partition by itself with UNKNOWN_MEMBER_ID; this says it once, and who is in the way.
Result<> nobody_reads(Cluster& cluster, const std::string& group) {
  const auto described = client::describe_group(cluster, group);
  if (!described) {
    if (described.error().code == Errc::kNotFound || described.error().code == Errc::kUnsupported) return {};
    return std::unexpected(described.error());
  }
  if (described->members.empty()) return {};
  return std::unexpected(client::refusal(ErrorCode::kNonEmptyGroup, "group " + group,
                                         "it has " + std::to_string(described->members.size()) + " members (" + described->state + ")"));
}

Result<std::map<NamedPartition, ErrorCode>> execute(Cluster& cluster, const GroupSeek& seek, const std::vector<Move>& moves) {
  std::map<NamedPartition, client::Committed> offsets;
  for (const Move& move : moves) offsets[move.partition].offset = move.to;
  return client::commit_offsets(cluster, seek.group, offsets);
}

int run(const Asked& asked, const GroupSeek& seek) {
  if (seek.targets.size() != 1) return wrong_usage(asked.context, "give exactly one of --to, --ago and --shift");
  for (const std::string& text : seek.topics) {
    if (const auto choice = parse_partitions(text); !choice) return wrong_usage(asked.context, choice.error().message);
  }
  auto cluster = connect(asked.context, asked.connection);
  if (!cluster) return wrong_usage(asked.context, cluster.error().message);
  if (const auto idle = nobody_reads(*cluster, seek.group); !idle) return failed(asked.context, idle.error());
  const auto moves = plan_seek(*cluster, seek, asked.context.clock.wall_ms());
  if (!moves) return failed(asked.context, moves.error());
  const Table table = table_of(seek, *moves);
  if (moves->empty()) {
    asked.context.console.err("barnabas: group " + seek.group + " has committed nothing; name topics with --topic\n");
    return kRefused;
  }
  if (!seek.yes) {
    print(asked.context, asked.output, table);
    asked.context.console.err("This is the plan, nothing was done. Give --yes to do it.\n");
    return kDone;
  }
  const auto codes = execute(*cluster, seek, *moves);
  if (!codes) return failed(asked.context, codes.error());
  int code = kDone;
  for (const auto& [partition, error] : *codes) {
    if (error == ErrorCode::kNone) continue;
    const std::string what = "group " + seek.group + ", " + partition.topic + "-" + std::to_string(partition.partition);
    code = failed(asked.context, client::refusal(error, what));
  }
  print(asked.context, asked.output, table);
  return code;
}

}  // namespace barnabas::cli
