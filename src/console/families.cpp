#include "console/families.h"

namespace barnabas::console {
namespace {

constexpr FamilyGroup kGroups[] = {
    {"Requests", "Times end when the kernel has the answer's last byte. Only APIs that somebody has called have series.", table::kRequests},
    {"Connections", "", table::kConnections},
    {"Disks and recovery", "A directory is a log directory, by its path.", table::kDisks},
    {"The node and its process", "", table::kNode},
    {"Quotas",
     "Client quotas that are set: produce and fetch are those of bytes, request that of time. A kind, not a client: clients choose their "
     "ids.",
     table::kQuotas},
    {"Compaction", "Of topics whose cleanup.policy has compact, over all log directories.", table::kCleaner},
    {"What clients tell of themselves",
     "Clients push their own metrics (KIP-714) when a subscription asks for them: `barnabas config set client-metrics all "
     "'metrics=*' interval.ms=10000`, or Kafka's `kafka-client-metrics.sh`. They are shown while the client is connected, under the "
     "client's own names for them (`metric`) and labels (`attributes` has those without a label here), with its id, "
     "which `barnabas_client_info` explains. A client has at most 1,000 series, all clients together `barnabas.metrics.series.max`.",
     table::kClients},
    {"Names of kafka_exporter", "What it asks a broker for, the broker tells by itself.", table::kExporter},
    {"Names of the JMX exporter",
     "As Strimzi's dashboards query them, and alerts on the cleaner. Names whose meaning Barnabas does not have (a JVM's memory, idle "
     "shares of thread pools) are "
     "left out.",
     table::kJmx},
};

}  // namespace

std::span<const FamilyGroup> family_groups() { return kGroups; }

}  // namespace barnabas::console
