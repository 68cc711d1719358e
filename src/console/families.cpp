#include "console/families.h"

namespace barnabas::console {
namespace {

constexpr FamilyGroup kGroups[] = {
    {"Requests", "Times end when the kernel has the answer's last byte. Only APIs that somebody has called have series.", table::kRequests},
    {"Connections", "", table::kConnections},
    {"Disks and recovery", "A directory is a log directory, by its path.", table::kDisks},
    {"The node and its process", "", table::kNode},
    {"Names of kafka_exporter", "What it asks a broker for, the broker tells by itself.", table::kExporter},
    {"Names of the JMX exporter",
     "As Strimzi's dashboards query them. Names whose meaning Barnabas does not have (a JVM's memory, idle shares of thread pools) are "
     "left out.",
     table::kJmx},
};

}  // namespace

std::span<const FamilyGroup> family_groups() { return kGroups; }

}  // namespace barnabas::console
