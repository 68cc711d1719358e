// barnabas topic create, alter, delete: what changes topics. topic_show_command.cpp shows them.
#include <fmt/format.h>

#include "cli/admin_command.h"
#include "cli/outcomes.h"
#include "client/admin.h"
#include "client/refusal.h"
#include "protocol/generated/create_partitions.h"
#include "protocol/generated/create_topics.h"
#include "protocol/generated/delete_topics.h"

namespace barnabas::cli {
namespace {

using client::Cluster;
using client::Connection;

Result<client::Answer<protocol::CreateTopicsResponse>> create_topics(Cluster& cluster, protocol::CreateTopicsRequest request) {
  return cluster.retry([&]() -> Result<client::Answer<protocol::CreateTopicsResponse>> {
    TRY_ASSIGN(Connection * controller, cluster.controller());
    request.timeout_ms = cluster.timeout_ms();
    TRY_ASSIGN(auto answer, controller->call<protocol::CreateTopicsResponse>(request, INT16_MAX, cluster.deadline()));
    for (const auto& topic : answer->topics) {
      if (topic.error_code == wire(ErrorCode::kNotController)) TRY(client::accepted(topic.error_code, "topic " + topic.name));
    }
    return answer;
  });
}

Result<> add_partitions(Cluster& cluster, const std::string& topic, std::int32_t total, bool validate_only) {
  return cluster.retry([&]() -> Result<> {
    TRY_ASSIGN(Connection * controller, cluster.controller());
    protocol::CreatePartitionsRequest request;
    request.timeout_ms = cluster.timeout_ms();
    request.validate_only = validate_only;
    auto& one = request.topics.emplace_back();
    one.name = topic;
    one.count = total;
    one.assignments.reset();
    TRY_ASSIGN(const auto answer, controller->call<protocol::CreatePartitionsResponse>(request, INT16_MAX, cluster.deadline()));
    for (const auto& result : answer->results) TRY(client::accepted(result.error_code, "topic " + topic, result.error_message));
    return {};
  });
}

// "orders (12 partitions, 48210 records)": enough to see that it is the wrong one.
Result<std::string> describe_for_deletion(Cluster& cluster, const std::vector<std::string>& names) {
  TRY_ASSIGN(const auto topics, cluster.topics(names));
  client::OffsetsWanted ends, starts;
  for (const auto& topic : topics->topics) {
    for (const auto& partition : topic.partitions) {
      ends[{topic.name.value_or(""), partition.partition_index}] = client::kLatest;
      starts[{topic.name.value_or(""), partition.partition_index}] = client::kEarliest;
    }
  }
  TRY_ASSIGN(const auto end, client::list_offsets(cluster, *topics, ends));
  TRY_ASSIGN(const auto start, client::list_offsets(cluster, *topics, starts));
  std::string text = "This deletes, with all of their records:";
  for (const auto& topic : topics->topics) {
    if (topic.error_code != 0) continue;
    std::int64_t records = 0;
    for (const auto& partition : topic.partitions) {
      const client::NamedPartition id{topic.name.value_or(""), partition.partition_index};
      records += end.at(id).offset - start.at(id).offset;
    }
    text += fmt::format("\n  topic {}: {} partitions, {} offsets in use", topic.name.value_or(""), topic.partitions.size(), records);
  }
  return text;
}

Result<client::Answer<protocol::DeleteTopicsResponse>> delete_topics(Cluster& cluster, const std::vector<std::string>& names) {
  return cluster.retry([&]() -> Result<client::Answer<protocol::DeleteTopicsResponse>> {
    TRY_ASSIGN(Connection * controller, cluster.controller());
    TRY_ASSIGN(const std::int16_t version, controller->version(protocol::ApiKey::kDeleteTopics));
    protocol::DeleteTopicsRequest request;
    request.timeout_ms = cluster.timeout_ms();
    if (version >= 6) {
      for (const std::string& name : names) request.topics.emplace_back().name = name;
    } else {
      request.topic_names = names;
    }
    TRY_ASSIGN(auto answer, controller->call<protocol::DeleteTopicsResponse>(request, version, cluster.deadline()));
    for (const auto& topic : answer->responses) {
      if (topic.error_code == wire(ErrorCode::kNotController)) TRY(client::accepted(topic.error_code, "topic"));
    }
    return answer;
  });
}

}  // namespace

int run(const Asked& asked, const TopicCreate& create) {
  protocol::CreateTopicsRequest request;
  request.validate_only = create.dry_run;
  std::vector<protocol::CreateTopicsRequest::CreatableTopicConfig> configs;
  for (const std::string& text : create.configs) {
    const auto pair = key_value(text);
    if (!pair) return wrong_usage(asked.context, pair.error().message);
    auto& config = configs.emplace_back();
    config.name = pair->first;
    config.value = pair->second;
  }
  for (const std::string& name : create.names) {
    auto& topic = request.topics.emplace_back();
    topic.name = name;
    topic.num_partitions = create.partitions;
    topic.replication_factor = create.replicas;
    topic.configs = configs;
  }
  auto cluster = connect(asked.context, asked.connection);
  if (!cluster) return wrong_usage(asked.context, cluster.error().message);
  const auto answer = create_topics(*cluster, std::move(request));
  if (!answer) return failed(asked.context, answer.error());
  Outcomes outcomes(asked.context, asked.output, "topic");
  for (const auto& topic : (*answer)->topics) {
    if (create.if_not_exists && topic.error_code == wire(ErrorCode::kTopicAlreadyExists)) {
      outcomes.done(topic.name, "exists already");
      continue;
    }
    Value::Object more;
    if (topic.num_partitions >= 0) more = {{"partitions", topic.num_partitions}, {"replicas", std::int32_t{topic.replication_factor}}};
    if (!topic.topic_id.is_zero()) more.emplace_back("id", topic.topic_id.text());
    outcomes.add(topic.name, topic.error_code, topic.error_message, create.dry_run ? "could be created" : "created", std::move(more));
  }
  return outcomes.finish();
}

int run(const Asked& asked, const TopicAlter& alter) {
  std::vector<client::ConfigChange> changes;
  for (const std::string& text : alter.configs) {
    const auto pair = key_value(text);
    if (!pair) return wrong_usage(asked.context, pair.error().message);
    changes.push_back({pair->first, pair->second});
  }
  for (const std::string& key : alter.deleted_configs) changes.push_back({key, std::nullopt});
  if (changes.empty() && !alter.partitions)
    return wrong_usage(asked.context, "nothing to change: give --partitions, --config or --delete-config");
  auto cluster = connect(asked.context, asked.connection);
  if (!cluster) return wrong_usage(asked.context, cluster.error().message);
  Value::Object more;
  if (!changes.empty()) {
    const auto done = client::alter_configs(*cluster, {client::ResourceType::kTopic, alter.name}, changes, alter.dry_run);
    if (!done) return failed(asked.context, done.error());
    for (const auto& change : changes) more.emplace_back(change.name, change.value);
  }
  if (alter.partitions) {
    const auto done = add_partitions(*cluster, alter.name, *alter.partitions, alter.dry_run);
    if (!done) return failed(asked.context, done.error());
    more.emplace_back("partitions", *alter.partitions);
  }
  Outcomes outcomes(asked.context, asked.output, "topic");
  outcomes.done(alter.name, alter.dry_run ? "could be altered" : "altered", std::move(more));
  return outcomes.finish();
}

int run(const Asked& asked, const TopicDelete& remove) {
  auto cluster = connect(asked.context, asked.connection);
  if (!cluster) return wrong_usage(asked.context, cluster.error().message);
  if (!remove.yes) {
    const auto what = describe_for_deletion(*cluster, remove.names);
    if (!what) return failed(asked.context, what.error());
    const auto go_on = confirmed(asked.context, *what, false);
    if (!go_on) return kWrongUsage;
    if (!*go_on) return kDone;
    cluster->restart_deadline();  // thinking takes time
  }
  const auto answer = delete_topics(*cluster, remove.names);
  if (!answer) return failed(asked.context, answer.error());
  Outcomes outcomes(asked.context, asked.output, "topic");
  for (const auto& topic : (*answer)->responses) {
    const std::string name = topic.name.value_or("");
    if (remove.if_exists && topic.error_code == wire(ErrorCode::kUnknownTopicOrPartition)) {
      outcomes.done(name, "was not there");
    } else {
      outcomes.add(name, topic.error_code, topic.error_message, "deleted");
    }
  }
  return outcomes.finish();
}

}  // namespace barnabas::cli
