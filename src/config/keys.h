#pragma once
// The settings that code reads, by a name the compiler knows: settings.get(setting::kLogSegmentBytes).
// A key whose name or type is not that of a row of the table does not compile (table.cpp).
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace barnabas {

template <class T>
struct Key {
  std::string_view name;
};

using StringList = std::vector<std::string>;

// KEY(C++ type, constant, name). Int and short rows are read as std::int32_t, long rows as std::int64_t.
#define BARNABAS_SETTING_KEYS(KEY)                                                                             \
  KEY(std::int32_t, kNodeId, "node.id")                                                                        \
  KEY(std::int32_t, kBrokerId, "broker.id")                                                                    \
  KEY(std::string, kBrokerRack, "broker.rack")                                                                 \
  KEY(StringList, kListeners, "listeners")                                                                     \
  KEY(StringList, kAdvertisedListeners, "advertised.listeners")                                                \
  KEY(std::string, kListenerSecurityProtocolMap, "listener.security.protocol.map")                             \
  KEY(std::string, kInterBrokerListenerName, "inter.broker.listener.name")                                     \
  KEY(std::string, kSecurityInterBrokerProtocol, "security.inter.broker.protocol")                             \
  KEY(StringList, kControllerListenerNames, "controller.listener.names")                                       \
  KEY(StringList, kControllerQuorumVoters, "controller.quorum.voters")                                         \
  KEY(StringList, kControllerQuorumBootstrapServers, "controller.quorum.bootstrap.servers")                    \
  KEY(StringList, kProcessRoles, "process.roles")                                                              \
  KEY(StringList, kLogDir, "log.dir")                                                                          \
  KEY(StringList, kLogDirs, "log.dirs")                                                                        \
  KEY(std::int32_t, kNumPartitions, "num.partitions")                                                          \
  KEY(std::int32_t, kDefaultReplicationFactor, "default.replication.factor")                                   \
  KEY(bool, kAutoCreateTopicsEnable, "auto.create.topics.enable")                                              \
  KEY(bool, kDeleteTopicEnable, "delete.topic.enable")                                                         \
  KEY(std::int32_t, kMessageMaxBytes, "message.max.bytes")                                                     \
  KEY(std::int32_t, kLogSegmentBytes, "log.segment.bytes")                                                     \
  KEY(std::int64_t, kLogRetentionCheckIntervalMs, "log.retention.check.interval.ms")                           \
  KEY(std::int64_t, kLogFlushSchedulerIntervalMs, "log.flush.scheduler.interval.ms")                           \
  KEY(std::int32_t, kLogFlushOffsetCheckpointIntervalMs, "log.flush.offset.checkpoint.interval.ms")            \
  KEY(std::int32_t, kLogFlushStartOffsetCheckpointIntervalMs, "log.flush.start.offset.checkpoint.interval.ms") \
  KEY(bool, kLogCleanerEnable, "log.cleaner.enable")                                                           \
  KEY(std::int32_t, kLogCleanerThreads, "log.cleaner.threads")                                                 \
  KEY(std::int64_t, kLogCleanerDedupeBufferSize, "log.cleaner.dedupe.buffer.size")                             \
  KEY(double, kLogCleanerIoBufferLoadFactor, "log.cleaner.io.buffer.load.factor")                              \
  KEY(double, kLogCleanerIoMaxBytesPerSecond, "log.cleaner.io.max.bytes.per.second")                           \
  KEY(std::int64_t, kLogCleanerBackoffMs, "log.cleaner.backoff.ms")                                            \
  KEY(std::int32_t, kMinInsyncReplicas, "min.insync.replicas")                                                 \
  KEY(std::int32_t, kOffsetsTopicNumPartitions, "offsets.topic.num.partitions")                                \
  KEY(std::int32_t, kOffsetsTopicReplicationFactor, "offsets.topic.replication.factor")                        \
  KEY(std::int32_t, kOffsetsTopicSegmentBytes, "offsets.topic.segment.bytes")                                  \
  KEY(std::int32_t, kOffsetsTopicCompressionCodec, "offsets.topic.compression.codec")                          \
  KEY(std::int32_t, kOffsetMetadataMaxBytes, "offset.metadata.max.bytes")                                      \
  KEY(std::int32_t, kOffsetsRetentionMinutes, "offsets.retention.minutes")                                     \
  KEY(std::int64_t, kOffsetsRetentionCheckIntervalMs, "offsets.retention.check.interval.ms")                   \
  KEY(std::int32_t, kOffsetsCommitTimeoutMs, "offsets.commit.timeout.ms")                                      \
  KEY(std::int32_t, kGroupInitialRebalanceDelayMs, "group.initial.rebalance.delay.ms")                         \
  KEY(std::int32_t, kGroupMinSessionTimeoutMs, "group.min.session.timeout.ms")                                 \
  KEY(std::int32_t, kGroupMaxSessionTimeoutMs, "group.max.session.timeout.ms")                                 \
  KEY(std::int32_t, kGroupMaxSize, "group.max.size")                                                           \
  KEY(std::int32_t, kSocketSendBufferBytes, "socket.send.buffer.bytes")                                        \
  KEY(std::int32_t, kSocketReceiveBufferBytes, "socket.receive.buffer.bytes")                                  \
  KEY(std::int32_t, kSocketRequestMaxBytes, "socket.request.max.bytes")                                        \
  KEY(std::int32_t, kSocketListenBacklogSize, "socket.listen.backlog.size")                                    \
  KEY(std::int32_t, kMaxConnections, "max.connections")                                                        \
  KEY(std::int32_t, kMaxConnectionsPerIp, "max.connections.per.ip")                                            \
  KEY(std::string, kMaxConnectionsPerIpOverrides, "max.connections.per.ip.overrides")                          \
  KEY(std::int64_t, kConnectionsMaxIdleMs, "connections.max.idle.ms")                                          \
  KEY(std::int64_t, kQueuedMaxRequestBytes, "queued.max.request.bytes")                                        \
  KEY(std::int32_t, kFetchMaxBytes, "fetch.max.bytes")                                                         \
  KEY(std::int32_t, kMaxIncrementalFetchSessionCacheSlots, "max.incremental.fetch.session.cache.slots")        \
  KEY(std::int32_t, kMaxRequestPartitionSizeLimit, "max.request.partition.size.limit")                         \
  KEY(std::int32_t, kQuotaWindowNum, "quota.window.num")                                                       \
  KEY(std::int32_t, kQuotaWindowSizeSeconds, "quota.window.size.seconds")                                      \
  KEY(std::int32_t, kProducerIdExpirationMs, "producer.id.expiration.ms")                                      \
  KEY(std::int32_t, kProducerIdExpirationCheckIntervalMs, "producer.id.expiration.check.interval.ms")          \
  KEY(std::string, kBarnabasClusterId, "barnabas.cluster.id")                                                  \
  KEY(std::int64_t, kBarnabasConnectionOutboxMaxBytes, "barnabas.connection.outbox.max.bytes")                 \
  KEY(std::string, kBarnabasDurability, "barnabas.durability")                                                 \
  KEY(std::string, kBarnabasHttpListener, "barnabas.http.listener")                                            \
  KEY(std::int32_t, kBarnabasIoThreads, "barnabas.io.threads")                                                 \
  KEY(std::string, kBarnabasLogFormat, "barnabas.log.format")                                                  \
  KEY(std::string, kBarnabasMetadataEngine, "barnabas.metadata.engine")                                        \
  KEY(std::int32_t, kBarnabasMetricsSeriesMax, "barnabas.metrics.series.max")                                  \
  KEY(std::int32_t, kTelemetryMaxBytes, "telemetry.max.bytes")                                                 \
  KEY(std::int32_t, kBarnabasSlowRequestMs, "barnabas.slow.request.ms")

namespace setting {
#define BARNABAS_DEFINE_KEY(type, constant, name) inline constexpr Key<type> constant{name};
BARNABAS_SETTING_KEYS(BARNABAS_DEFINE_KEY)
#undef BARNABAS_DEFINE_KEY
}  // namespace setting

}  // namespace barnabas
