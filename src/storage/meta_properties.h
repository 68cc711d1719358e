#pragma once
// meta.properties, in Kafka's format of a KRaft node: whose log directory this is.
//
//   version=1
//   cluster.id=Zm9vYmFyYmF6cXV1eHg0Mg
//   node.id=1
//   directory.id=c29tZWRpcmVjdG9yeWlkMQ
#include <optional>
#include <string>

#include "base/disk.h"
#include "model/types.h"

namespace barnabas::storage {

struct MetaProperties {
  std::string cluster_id;
  BrokerId node_id = 0;
  Uuid directory_id;
};

inline constexpr const char* kMetaPropertiesFile = "meta.properties";

// kNotFound, kCorrupt (a key is missing or makes no sense), kUnsupported (another version).
Result<MetaProperties> read_meta_properties(Disk& disk, const Path& directory);
// Durable when it returns.
Result<> write_meta_properties(Disk& disk, const Path& directory, const MetaProperties& properties);

}  // namespace barnabas::storage
