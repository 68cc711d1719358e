#include "broker/auto_topics.h"

#include <algorithm>

namespace barnabas::broker {
namespace {

controller::CreateTopics::Topic offsets_topic(const Settings& settings) {
  controller::CreateTopics::Topic topic;
  topic.name = kConsumerOffsetsTopic;
  topic.partitions = settings.get(setting::kOffsetsTopicNumPartitions);
  topic.configs = {{"cleanup.policy", "compact"},
                   {"compression.type", "producer"},
                   {"segment.bytes", std::to_string(settings.get(setting::kOffsetsTopicSegmentBytes))}};
  return topic;
}

// As many replicas as there are brokers to hold them, up to what is configured: a single node must work out of the box.
std::int16_t replicas_within(const metadata::Image& image, std::int32_t wanted) {
  const auto alive = std::ranges::count_if(image.brokers(), [](const auto& entry) { return !entry.second->fenced; });
  return static_cast<std::int16_t>(std::clamp<std::int64_t>(wanted, 1, std::max<std::int64_t>(alive, 1)));
}

}  // namespace

void create_missing_topics(Broker& broker, std::vector<std::string> names, std::move_only_function<void(const CreationErrors&)> done) {
  std::ranges::sort(names);
  names.erase(std::ranges::unique(names).begin(), names.end());
  controller::CreateTopics wish;
  CreationErrors errors;
  for (std::string& name : names) {
    if (!topic_name_problem(name).empty()) {
      errors.emplace(std::move(name), ErrorCode::kInvalidTopicException);
    } else if (name == kConsumerOffsetsTopic) {
      wish.topics.push_back(offsets_topic(broker.settings()));
      wish.topics.back().replication_factor =
          replicas_within(*broker.images().current(), broker.settings().get(setting::kOffsetsTopicReplicationFactor));
    } else if (is_internal_topic(name)) {
      errors.emplace(std::move(name), ErrorCode::kUnknownTopicOrPartition);  // its coordinator is not served yet
    } else {
      wish.topics.emplace_back().name = std::move(name);
    }
  }
  if (wish.topics.empty()) return done(errors);
  broker.controller().submit(std::move(wish), [names = std::move(names), errors = std::move(errors), done = std::move(done)](
                                                  controller::Outcome<controller::CreateTopics::Response> outcome) mutable {
    if (!outcome) {
      for (const std::string& name : names) errors.emplace(name, ErrorCode::kLeaderNotAvailable);
      return done(errors);
    }
    for (const controller::CreatedTopic& topic : *outcome) {
      // Somebody else created it meanwhile: then it is there.
      if (topic.verdict.ok() || topic.verdict.code == ErrorCode::kTopicAlreadyExists) continue;
      const bool retriable = topic.verdict.code == ErrorCode::kNotController || topic.verdict.code == ErrorCode::kInvalidReplicationFactor;
      errors.emplace(topic.name, retriable ? ErrorCode::kLeaderNotAvailable : topic.verdict.code);
    }
    done(errors);
  });
}

void create_offsets_topic(Broker& broker, std::move_only_function<void(ErrorCode)> done) {
  create_missing_topics(broker, {std::string(kConsumerOffsetsTopic)}, [done = std::move(done)](const CreationErrors& errors) mutable {
    done(errors.empty() ? ErrorCode::kNone : ErrorCode::kCoordinatorNotAvailable);
  });
}

}  // namespace barnabas::broker
