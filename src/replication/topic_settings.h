#pragma once
// What a topic's configuration means to its partitions, worked out once a change and shared by all of them.
#include <memory>

#include "config/topic_config.h"
#include "model/batch_validation.h"
#include "storage/log_config.h"

namespace barnabas::replication {

struct TopicSettings {
  TopicConfig config;
  AppendRules append;      // what a batch must keep to
  storage::LogConfig log;  // how it is kept

  // From the topic's stored overrides. Stored values were checked when they were set; should a newer version have
  // stored what this one cannot read, the defaults hold and the caller is told.
  static Result<std::shared_ptr<const TopicSettings>> make(const Settings& settings, const ConfigMap& overrides);
};

}  // namespace barnabas::replication
