// kafka-consumer-groups.sh
#include <fmt/format.h>

#include <algorithm>

#include "cli/group_moves.h"
#include "cli/partitions.h"
#include "cli/shim.h"
#include "cli/time_text.h"
#include "client/refusal.h"

namespace barnabas::cli {
namespace {

using client::Cluster;

std::unexpected<Error> bad(std::string why) { return fail(Errc::kInvalidArgument, std::move(why)); }

Result<std::vector<std::string>> groups(Cluster& cluster, const ShimOptions& options) {
  if (!options.has("all-groups")) {
    if (!options.has("group")) return bad("Option takes one of these options: --all-groups, --group");
    return options.all("group");
  }
  TRY_ASSIGN(const auto listed, client::list_groups(cluster));
  std::vector<std::string> all;
  for (const auto& each : listed) all.push_back(each.group);
  return all;
}

Result<> list(const Context& context, Cluster& cluster, const ShimOptions& options) {
  TRY_ASSIGN(const auto listed, client::list_groups(cluster));
  const std::string wanted = options.get("state");
  if (options.has("state")) context.console.out(fmt::format("{:<25} {}\n", "GROUP", "STATE"));
  for (const auto& each : listed) {
    if (!options.has("state")) {
      context.console.out(each.group + "\n");
    } else if (wanted.empty() || each.state == wanted) {
      context.console.out(fmt::format("{:<25} {}\n", each.group, each.state));
    }
  }
  return {};
}

std::string cell(const std::optional<std::int64_t>& number) { return number ? std::to_string(*number) : "-"; }

Result<> describe_offsets(const Context& context, Cluster& cluster, const client::DescribedGroup& group) {
  TRY_ASSIGN(const auto lags, lag_of(cluster, group));
  if (group.members.empty()) context.console.err("\nConsumer group '" + group.group + "' has no active members.\n");
  std::size_t group_width = 15, topic_width = 15, member_width = 15, host_width = 15;
  for (const Lag& lag : lags) {
    group_width = std::max(group_width, group.group.size());
    topic_width = std::max(topic_width, lag.partition.topic.size());
    if (lag.member == nullptr) continue;
    member_width = std::max(member_width, lag.member->member_id.size());
    host_width = std::max(host_width, lag.member->host.size());
  }
  const auto line = [&](const auto& g, const auto& t, const auto& p, const auto& c, const auto& e, const auto& l, const auto& m,
                        const auto& h, const auto& i) {
    context.console.out(fmt::format("{:<{}} {:<{}} {:<10} {:<15} {:<15} {:<15} {:<{}} {:<{}} {}\n", g, group_width, t, topic_width, p, c, e,
                                    l, m, member_width, h, host_width, i));
  };
  context.console.out("\n");
  line("GROUP", "TOPIC", "PARTITION", "CURRENT-OFFSET", "LOG-END-OFFSET", "LAG", "CONSUMER-ID", "HOST", "CLIENT-ID");
  for (const Lag& lag : lags) {
    const bool read = lag.member != nullptr;
    line(group.group, lag.partition.topic, lag.partition.partition, cell(lag.committed), cell(lag.end), cell(lag.lag),
         read ? lag.member->member_id : "-", read ? lag.member->host : "-", read ? lag.member->client_id : "-");
  }
  return {};
}

void describe_members(const Context& context, const client::DescribedGroup& group) {
  context.console.out(fmt::format("\n{:<15} {:<45} {:<15} {:<15} {}\n", "GROUP", "CONSUMER-ID", "HOST", "CLIENT-ID", "#PARTITIONS"));
  for (const auto& member : group.members) {
    context.console.out(fmt::format("{:<15} {:<45} {:<15} {:<15} {}\n", group.group, member.member_id, member.host, member.client_id,
                                    member.partitions.size()));
  }
}

Result<> describe(const Context& context, Cluster& cluster, const ShimOptions& options) {
  TRY_ASSIGN(const auto names, groups(cluster, options));
  for (const std::string& name : names) {
    const auto group = client::describe_group(cluster, name);
    if (!group || group->state == "Dead") return bad("Error: Consumer group '" + name + "' does not exist.");
    if (options.has("members")) {
      describe_members(context, *group);
    } else if (options.has("state")) {
      context.console.out(
          fmt::format("\n{:<25} {:<25} {:<20} {:<15} {}\n", "GROUP", "COORDINATOR (ID)", "ASSIGNMENT-STRATEGY", "STATE", "#MEMBERS"));
      context.console.out(fmt::format("{:<25} {:<25} {:<20} {:<15} {}\n", name, fmt::format("({})", group->coordinator), group->protocol,
                                      group->state, group->members.size()));
    } else {
      TRY(describe_offsets(context, cluster, *group));
    }
  }
  return {};
}

Result<> remove(const Context& context, Cluster& cluster, const ShimOptions& options) {
  TRY_ASSIGN(const auto names, groups(cluster, options));
  std::string deleted;
  for (const std::string& name : names) {
    TRY_ASSIGN(const ErrorCode code, client::delete_group(cluster, name));
    TRY(client::accepted(wire(code), "Error: Deletion of group '" + name + "' failed"));
    deleted += (deleted.empty() ? "'" : ", '") + name + "'";
  }
  context.console.out("Deletion of requested consumer groups (" + deleted + ") was successful.\n");
  return {};
}

Result<SeekTarget> target(const ShimOptions& options) {
  std::vector<SeekTarget> targets;
  if (options.has("to-earliest")) targets.push_back({SeekTarget::Kind::kEarliest, 0});
  if (options.has("to-latest")) targets.push_back({SeekTarget::Kind::kLatest, 0});
  if (options.has("to-current")) targets.push_back({SeekTarget::Kind::kShift, 0});
  for (const auto& [name, kind] : {std::pair{"to-offset", SeekTarget::Kind::kOffset}, {"shift-by", SeekTarget::Kind::kShift}}) {
    if (!options.has(name)) continue;
    TRY_ASSIGN(const std::int64_t value, options.number(name, 0));
    targets.push_back({kind, value});
  }
  if (options.has("to-datetime")) {
    const auto time = parse_datetime(options.get("to-datetime"));
    if (!time) return bad("--to-datetime: write YYYY-MM-DDTHH:mm:SS.sss");
    targets.push_back({SeekTarget::Kind::kTime, *time});
  }
  if (options.has("by-duration")) {
    const auto duration = parse_duration(options.get("by-duration"));
    if (!duration) return bad("--by-duration: write PnDTnHnMnS");
    targets.push_back({SeekTarget::Kind::kAgo, duration->count()});
  }
  if (targets.size() != 1) return bad("Option '--reset-offsets' requires exactly one scenario, as --to-earliest or --to-datetime");
  return targets.front();
}

Result<> reset(const Context& context, Cluster& cluster, const ShimOptions& options) {
  if (options.has("topic") == options.has("all-topics"))
    return bad("Option '--reset-offsets' takes one of these options: --all-topics, --topic");
  TRY_ASSIGN(const SeekTarget to, target(options));
  TRY_ASSIGN(const auto names, groups(cluster, options));
  context.console.out(fmt::format("\n{:<30} {:<30} {:<10} {:<15}\n", "GROUP", "TOPIC", "PARTITION", "NEW-OFFSET"));
  for (const std::string& name : names) {
    const GroupSeek seek{name, {to}, options.all("topic"), options.has("execute")};
    TRY(nobody_reads(cluster, name));
    TRY_ASSIGN(const auto moves, plan_seek(cluster, seek, context.clock.wall_ms()));
    if (options.has("execute")) {
      TRY_ASSIGN(const auto codes, execute(cluster, seek, moves));
      for (const auto& [partition, code] : codes) TRY(client::accepted(wire(code), "group " + name + ", " + partition.topic));
    }
    for (const Move& move : moves) {
      context.console.out(fmt::format("{:<30} {:<30} {:<10} {:<15}\n", name, move.partition.topic, move.partition.partition, move.to));
    }
  }
  if (!options.has("execute") && !options.has("dry-run")) {
    context.console.err("WARN: No action will be performed as the --execute option is missing.\n");
  }
  return {};
}

Result<> run_groups(const Context& context, const ShimOptions& options) {
  TRY_ASSIGN(const ConnectionOptions connection, shim_connection(context, options, "command-config"));
  TRY_ASSIGN(Cluster cluster, connect(context, connection));
  int actions = 0;
  for (const char* action : {"list", "describe", "delete", "reset-offsets"}) actions += options.has(action) ? 1 : 0;
  if (actions != 1) return bad("Command must include exactly one action: --list, --describe, --delete or --reset-offsets");
  if (options.has("list")) return list(context, cluster, options);
  if (options.has("describe")) return describe(context, cluster, options);
  if (options.has("delete")) return remove(context, cluster, options);
  return reset(context, cluster, options);
}

}  // namespace

const Shim kGroupsShim{
    "kafka-consumer-groups.sh",
    {"bootstrap-server=", "command-config=", "list",    "describe", "delete",      "reset-offsets", "group=",     "all-groups", "topic=",
     "all-topics",        "state=?",         "members", "offsets",  "to-earliest", "to-latest",     "to-current", "to-offset=", "shift-by=",
     "to-datetime=",      "by-duration=",    "execute", "dry-run"},
    run_groups};

}  // namespace barnabas::cli
