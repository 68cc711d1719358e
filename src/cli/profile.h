#pragma once
// Clusters by name, in one file in the syntax of Java's properties (config/properties.h):
//
//   # ~/.config/barnabas/profiles.properties
//   profile = staging
//   staging.brokers = kafka-1:9092,kafka-2:9092
//   production.brokers = kafka.example.org:9092
//
// The file is $BARNABAS_CLI_CONFIG, else $XDG_CONFIG_HOME/barnabas/profiles.properties, else the one above. It need not
// exist. Everything in it is checked, so that a slip in a name never means another cluster.
#include <optional>
#include <string>

#include "base/disk.h"
#include "config/settings.h"

namespace barnabas::cli {

// The brokers of the profile `name`, or where it is empty of the file's own choice; nullopt: the file chooses none.
// kInvalidArgument: no such profile, or something else is wrong with the file.
Result<std::optional<std::string>> profile_brokers(Disk& disk, const Environment& environment, const std::string& name);

}  // namespace barnabas::cli
