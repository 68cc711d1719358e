#pragma once
// Topics that nobody created and somebody asks for: by name from a client's Metadata request, and the internal ones that
// the coordinators live on.
//
// Threads: any; `done` runs on the metadata executor, after this broker's image holds what was created.
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "broker/broker.h"

namespace barnabas::broker {

// Why a topic could not be created; LEADER_NOT_AVAILABLE where asking again may help.
using CreationErrors = std::map<std::string, ErrorCode, std::less<>>;

void create_missing_topics(Broker& broker, std::vector<std::string> names, std::move_only_function<void(const CreationErrors&)> done);

// __consumer_offsets with the broker's offsets.topic.* settings.
void create_offsets_topic(Broker& broker, std::move_only_function<void(ErrorCode)> done);

}  // namespace barnabas::broker
