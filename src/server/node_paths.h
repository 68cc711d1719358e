#pragma once
// Where a node keeps its metadata: in the first log directory, under a name that no partition's folder can have.
#include <string>

#include "config/settings.h"
#include "metadata/local_log.h"

namespace barnabas::server {

inline metadata::LocalLogOptions metadata_options(const Settings& settings, const std::string& cluster_id) {
  metadata::LocalLogOptions options;
  options.directory = Path(settings.log_dirs().front()) / "metadata";
  options.cluster_id = cluster_id;
  options.node = settings.node_id();
  return options;
}

}  // namespace barnabas::server
