#pragma once
// What was given, before anything is known about it: names and texts from the file, the environment and --set, with
// where each came from; the place that counts has won. How the environment spells names:
//
//   KAFKA_LOG_RETENTION_MS     log.retention.ms         as the container image apache/kafka has it:
//   KAFKA_A__B___C             a_b-c                    _ is a dot, __ an underscore, ___ a dash
//   BARNABAS_DURABILITY        barnabas.durability      a name of ours may leave out its first word
//   CLUSTER_ID                 barnabas.cluster.id
//
// Left aside: the image's variables for its JVM and shell, and what Kubernetes injects for a service called kafka or
// barnabas (KAFKA_SERVICE_HOST, KAFKA_PORT=tcp://...).
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "config/settings.h"

namespace barnabas {

struct Given {
  std::string value;
  std::string origin;  // "server.properties:12", "environment KAFKA_LISTENERS", "--set", "--dev"
};

struct GivenSettings {
  std::map<std::string, Given, std::less<>> by_name;
  std::vector<std::string> warnings;
};

Result<GivenSettings> collect_given(const SettingSources& sources);

// "LOG_RETENTION_MS" is log.retention.ms.
std::string name_of_variable(std::string_view variable);

// The image's variables that are no settings, for the documentation.
std::span<const std::string_view> ignored_variables();

}  // namespace barnabas
