// barnabas group list, describe, lag, delete. group_seek_command.cpp moves a group.
#include <algorithm>

#include "cli/admin_command.h"
#include "cli/group_moves.h"
#include "cli/outcomes.h"
#include "cli/partitions.h"
#include "client/refusal.h"

namespace barnabas::cli {
namespace {

using client::Cluster;
using client::NamedPartition;

Value or_null(const std::string& text) { return text.empty() ? Value() : Value(text); }

Table members_of(const client::DescribedGroup& group) {
  Table table({"member", "client", "host", "instance", "partitions"});
  for (const auto& member : group.members) {
    table.add({member.member_id, member.client_id, member.host, member.instance_id, or_null(partitions_text(member.partitions))});
  }
  return table;
}

std::int64_t sum(const std::vector<Lag>& lags) {
  std::int64_t total = 0;
  for (const Lag& lag : lags) total += lag.lag.value_or(0);
  return total;
}

Result<std::vector<NamedPartition>> partitions_to_forget(Cluster& cluster, const std::string& group,
                                                         const std::vector<std::string>& topics) {
  TRY_ASSIGN(const auto committed, client::committed_offsets(cluster, group));
  std::vector<NamedPartition> all;
  for (const std::string& text : topics) {
    TRY_ASSIGN(const PartitionChoice choice, parse_partitions(text));
    for (const PartitionIndex partition : choice.partitions) all.push_back({choice.topic, partition});
    if (!choice.partitions.empty()) continue;
    for (const auto& [partition, offset] : committed) {
      if (partition.topic == choice.topic) all.push_back(partition);
    }
  }
  std::ranges::sort(all);
  return all;
}

int forget_topics(const Asked& asked, Cluster& cluster, const GroupDelete& remove) {
  Outcomes outcomes(asked.context, asked.output, "group");
  for (const std::string& name : remove.names) {
    const auto partitions = partitions_to_forget(cluster, name, remove.topics);
    if (!partitions) return failed(asked.context, partitions.error());
    if (partitions->empty()) {
      outcomes.done(name, "has committed nothing for these topics");
      continue;
    }
    const auto codes = client::delete_offsets(cluster, name, *partitions);
    if (!codes) return failed(asked.context, codes.error());
    for (const auto& [partition, code] : *codes) {
      outcomes.add(name, wire(code), std::nullopt, "offset deleted", {{"topic", partition.topic}, {"partition", partition.partition}});
    }
  }
  return outcomes.finish();
}

}  // namespace

Result<std::vector<Lag>> lag_of(Cluster& cluster, const client::DescribedGroup& group) {
  TRY_ASSIGN(const auto committed, client::committed_offsets(cluster, group.group));
  std::map<NamedPartition, const client::GroupMember*> all;
  for (const auto& [partition, offset] : committed) all[partition] = nullptr;
  for (const auto& member : group.members) {
    for (const auto& partition : member.partitions) all[partition] = &member;
  }
  std::vector<std::string> names;
  client::OffsetsWanted wanted;
  for (const auto& [partition, member] : all) {
    if (names.empty() || names.back() != partition.topic) names.push_back(partition.topic);
    wanted[partition] = client::kLatest;
  }
  TRY_ASSIGN(const auto topics, cluster.topics(names));
  TRY_ASSIGN(const auto ends, client::list_offsets(cluster, *topics, wanted));
  std::vector<Lag> lags;
  for (const auto& [partition, member] : all) {
    Lag lag{partition, {}, {}, {}, member};
    const auto found = committed.find(partition);
    const client::FoundOffset& end = ends.at(partition);
    if (found != committed.end()) lag.committed = found->second.offset;
    if (end.error == ErrorCode::kNone) lag.end = end.offset;
    if (found != committed.end() && end.error == ErrorCode::kNone) lag.lag = std::max<std::int64_t>(0, end.offset - found->second.offset);
    lags.push_back(std::move(lag));
  }
  return lags;
}

int run(const Asked& asked, const GroupList& list) {
  auto cluster = connect(asked.context, asked.connection);
  if (!cluster) return wrong_usage(asked.context, cluster.error().message);
  const auto groups = client::list_groups(*cluster);
  if (!groups) return failed(asked.context, groups.error());
  Table table({"group", "type", "protocol", "state", "coordinator"});
  for (const client::ListedGroup& group : *groups) {
    const auto fits = [&](const std::string& pattern) { return matches(pattern, group.group); };
    if (!list.patterns.empty() && std::ranges::none_of(list.patterns, fits)) continue;
    table.add({group.group, or_null(group.type), or_null(group.protocol), or_null(group.state), group.coordinator});
  }
  print(asked.context, asked.output, table);
  return kDone;
}

int run(const Asked& asked, const GroupDescribe& describe) {
  auto cluster = connect(asked.context, asked.connection);
  if (!cluster) return wrong_usage(asked.context, cluster.error().message);
  std::string text;
  Value::List objects;
  int code = kDone;
  for (const std::string& name : describe.names) {
    const auto group = client::describe_group(*cluster, name);
    const auto lags = group ? lag_of(*cluster, *group) : Result<std::vector<Lag>>(std::unexpected(group.error()));
    if (!lags) {
      code = std::max(code, failed(asked.context, lags.error()));
      continue;
    }
    Value::Object object{{"group", name},
                         {"state", group->state},
                         {"protocol_type", or_null(group->protocol_type)},
                         {"protocol", or_null(group->protocol)},
                         {"coordinator", group->coordinator},
                         {"members", static_cast<std::int32_t>(group->members.size())},
                         {"lag", sum(*lags)}};
    const Table members = members_of(*group);
    text += (text.empty() ? "" : "\n") + fields_text(object);
    if (members.size() > 0) text += "\n" + members.text(!asked.output.no_headings);
    object[5].second = members.value();
    objects.emplace_back(std::move(object));
  }
  print(asked.context, asked.output, text, objects);
  return code;
}

int run(const Asked& asked, const GroupLag& lag) {
  auto cluster = connect(asked.context, asked.connection);
  if (!cluster) return wrong_usage(asked.context, cluster.error().message);
  Table each({"group", "topic", "partition", "committed", "end", "lag", "client", "host"});
  Table total({"group", "state", "partitions", "lag"});
  int code = kDone;
  for (const std::string& name : lag.names) {
    const auto group = client::describe_group(*cluster, name);
    const auto lags = group ? lag_of(*cluster, *group) : Result<std::vector<Lag>>(std::unexpected(group.error()));
    if (!lags) {
      code = std::max(code, failed(asked.context, lags.error()));
      continue;
    }
    for (const Lag& one : *lags) {
      each.add({name, one.partition.topic, one.partition.partition, one.committed, one.end, one.lag,
                one.member != nullptr ? Value(one.member->client_id) : Value(), one.member != nullptr ? Value(one.member->host) : Value()});
    }
    total.add({name, group->state, static_cast<std::int32_t>(lags->size()), sum(*lags)});
  }
  print(asked.context, asked.output, lag.total ? total : each);
  return code;
}

int run(const Asked& asked, const GroupDelete& remove) {
  for (const std::string& text : remove.topics) {
    if (const auto choice = parse_partitions(text); !choice) return wrong_usage(asked.context, choice.error().message);
  }
  auto cluster = connect(asked.context, asked.connection);
  if (!cluster) return wrong_usage(asked.context, cluster.error().message);
  std::string what =
      remove.topics.empty() ? "This deletes groups and all that they have committed:" : "This forgets what was committed for";
  for (const std::string& topic : remove.topics) what += " " + topic;
  if (!remove.topics.empty()) what += " by:";
  for (const std::string& name : remove.names) what += "\n  group " + name;
  const auto go_on = confirmed(asked.context, what, remove.yes);
  if (!go_on) return kWrongUsage;
  if (!*go_on) return kDone;
  cluster->restart_deadline();  // thinking takes time
  if (!remove.topics.empty()) return forget_topics(asked, *cluster, remove);
  Outcomes outcomes(asked.context, asked.output, "group");
  for (const std::string& name : remove.names) {
    const auto code = client::delete_group(*cluster, name);
    if (!code) return failed(asked.context, code.error());
    outcomes.add(name, wire(*code), std::nullopt, "deleted");
  }
  return outcomes.finish();
}

}  // namespace barnabas::cli
