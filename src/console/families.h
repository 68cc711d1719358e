#pragma once
// Every metric there is: one row a name. docs/metrics.md is made from these rows, and the console fills them
// (collect_*.cpp). Names are given here and nowhere else, once and for ever: dashboards and alerts hang on them.
//
// Three kinds of names: our own (barnabas_*); those of kafka_exporter and of the JMX exporter as Strimzi configures it,
// so that dashboards made for Kafka fill, where we have what they mean; those of Prometheus' client libraries (process_*).
#include <span>
#include <string_view>

namespace barnabas::console {

enum class Kind { kCounter, kGauge, kHistogram };

struct Family {
  std::string_view name;
  Kind kind;
  std::string_view labels;  // "api, phase"; empty: none
  std::string_view help;    // one sentence
};

struct FamilyGroup {
  std::string_view title;
  std::string_view text;
  std::span<const Family> families;
};

std::span<const FamilyGroup> family_groups();

// The row of that name. A name that is no row's stops the compilation.
consteval const Family& family(std::string_view name);

namespace table {
using enum Kind;

inline constexpr Family kRequests[] = {
    {"barnabas_requests_total", kCounter, "api", "Requests whose answer was handed to the kernel (an acks=0 produce has none and counts)."},
    {"barnabas_request_errors_total", kCounter, "api, error", "Error codes answered, those of single partitions and topics too."},
    {"barnabas_request_seconds", kHistogram, "api", "From the last byte of a request to the last byte of its answer handed to the kernel."},
    {"barnabas_request_phase_seconds", kHistogram, "api, phase",
     "The same in four parts: queue (read, and held back by earlier requests of its connection), local (being worked on), wait (for a "
     "disk, for records, for a group), send (for earlier answers, and for the client to read)."},
    {"barnabas_request_bytes_total", kCounter, "api", "Bytes of requests, without the four of their length."},
    {"barnabas_response_bytes_total", kCounter, "api", "Bytes of answers."},
    {"barnabas_requests_refused_total", kCounter, "", "Frames that are no request that is served; each ended its connection."},
    {"barnabas_slow_requests_total", kCounter, "", "Requests above barnabas.slow.request.ms, logged or left out of the log."},
    {"barnabas_records_in_total", kCounter, "", "Records accepted from clients."},
    {"barnabas_record_bytes_in_total", kCounter, "", "Bytes of record batches accepted from clients, as they are stored."},
    {"barnabas_record_bytes_out_total", kCounter, "", "Bytes of record batches sent to clients."},
};

inline constexpr Family kConnections[] = {
    {"barnabas_connections", kGauge, "listener", "Connections of clients that are open."},
    {"barnabas_connections_accepted_total", kCounter, "", "Connections of clients taken."},
    {"barnabas_connections_refused_total", kCounter, "", "Connections closed at once: max.connections or a limit for its address."},
    {"barnabas_request_memory_bytes", kGauge, "", "Memory that requests hold which are on their way in."},
    {"barnabas_request_memory_limit_bytes", kGauge, "", "The most they may hold (queued.max.request.bytes)."},
};

inline constexpr Family kDisks[] = {
    {"barnabas_log_sync_seconds", kHistogram, "directory", "From asking the disk to make a log durable until it is."},
    {"barnabas_log_sync_group_size", kHistogram, "directory", "Who shared one sync: answers and tasks that waited for it."},
    {"barnabas_log_sync_failures_total", kCounter, "directory", "Failed syncs. One takes its directory offline for good."},
    {"barnabas_log_directory_online", kGauge, "directory", "1 while the directory works, 0 after a failure."},
    {"barnabas_log_directory_free_bytes", kGauge, "directory", "Room on its file system."},
    {"barnabas_recovery_logs", kGauge, "state", "Logs found by this start: clean, recovered (read again) or failed (offline)."},
    {"barnabas_recovery_scanned_bytes", kGauge, "", "Bytes of logs that this start had to read."},
    {"barnabas_recovery_cut_bytes", kGauge, "", "Bytes of torn tails that this start cut off."},
    {"barnabas_recovery_damaged_ranges", kGauge, "", "Damaged places inside logs that this start met and kept."},
};

inline constexpr Family kNode[] = {
    {"barnabas_info", kGauge, "version, node, cluster, durability", "Always 1; says what runs here."},
    {"barnabas_ready", kGauge, "", "1 while /readyz says so."},
    {"barnabas_start_seconds", kGauge, "", "How long this start took until clients could connect."},
    {"barnabas_metadata_end_offset", kGauge, "", "The end of the metadata that this node has applied."},
    {"barnabas_groups", kGauge, "state", "Consumer groups by their state."},
    {"barnabas_metrics_left_out", kGauge, "of",
     "Partitions, and offsets or groups, without series of their own because of barnabas.metrics.series.max (groups: 1 says some are)."},
    {"barnabas_metrics_scrape_seconds", kGauge, "", "How long it took to make the answer before this one."},
    {"process_cpu_seconds_total", kCounter, "", "Processor time used, in user space and in the kernel."},
    {"process_resident_memory_bytes", kGauge, "", "Resident memory."},
    {"process_virtual_memory_bytes", kGauge, "", "Virtual memory."},
    {"process_threads", kGauge, "", "Threads."},
    {"process_open_fds", kGauge, "", "Open file descriptors."},
    {"process_max_fds", kGauge, "", "The most there may be."},
    {"process_start_time_seconds", kGauge, "", "When the process started, in seconds since 1970."},
};

inline constexpr Family kQuotas[] = {
    {"barnabas_quota_throttles_total", kCounter, "kind", "Answers after which the connection had to rest."},
    {"barnabas_quota_rest_seconds_total", kCounter, "kind",
     "How long they had to, together. Two kinds of quota may ask for the same rest."},
};

inline constexpr Family kCleaner[] = {
    {"barnabas_cleaner_passes_total", kCounter, "result", "Passes over a log that came to their end (done) or did not (failed)."},
    {"barnabas_cleaner_read_bytes_total", kCounter, "", "Bytes of batches read; those with something to drop are read twice."},
    {"barnabas_cleaner_written_bytes_total", kCounter, "", "Bytes of batches written."},
    {"barnabas_cleaner_dirty_ratio_max", kGauge, "", "The largest share of a log that was not compacted yet, at the latest look: 0 to 1."},
    {"barnabas_cleaner_uncleanable_partitions", kGauge, "", "Logs that are left alone: damaged, or stopped at a transaction."},
    {"barnabas_cleaner_last_look_time_seconds", kGauge, "",
     "When it last looked for work, in seconds since 1970; it does every log.cleaner.backoff.ms."},
};

inline constexpr Family kClients[] = {
    {"barnabas_clients", kGauge, "", "Client instances that asked what to push, or pushed, and are still connected."},
    {"barnabas_client_pushes_total", kCounter, "", "Pushes of clients that were accepted."},
    {"barnabas_client_points_left_out_total", kCounter, "",
     "Numbers in pushes that are not shown: not asked for, above a limit, or of a kind that is not read."},
    {"barnabas_client_info", kGauge, "client_instance, client_id, software, software_version, address, group",
     "Always 1; one for each client that has pushed. The group is that of a consumer."},
    {"barnabas_client_last_push_time_seconds", kGauge, "client_instance", "When it last did, in seconds since 1970."},
    {"barnabas_client_value", kGauge, "client_instance, client_id, metric, topic, partition, node, attributes",
     "What its latest push said."},
    {"barnabas_client_sum_total", kCounter, "client_instance, client_id, metric, topic, partition, node, attributes",
     "What its pushes added up to."},
};

inline constexpr Family kExporter[] = {
    {"kafka_brokers", kGauge, "", "Brokers of the cluster."},
    {"kafka_broker_info", kGauge, "id, address", "Always 1; one for each broker."},
    {"kafka_topic_partitions", kGauge, "topic", "Partitions of a topic."},
    {"kafka_topic_partition_current_offset", kGauge, "topic, partition", "The high watermark: consumers read below it."},
    {"kafka_topic_partition_oldest_offset", kGauge, "topic, partition", "The first offset that is still there."},
    {"kafka_topic_partition_leader", kGauge, "topic, partition", "The leading broker's id, -1 without one."},
    {"kafka_topic_partition_leader_is_preferred", kGauge, "topic, partition", "1 when the first replica leads."},
    {"kafka_topic_partition_replicas", kGauge, "topic, partition", "Replicas."},
    {"kafka_topic_partition_in_sync_replica", kGauge, "topic, partition", "Replicas in sync."},
    {"kafka_topic_partition_under_replicated_partition", kGauge, "topic, partition", "1 when fewer are in sync than there are."},
    {"kafka_consumergroup_members", kGauge, "consumergroup", "Members."},
    {"kafka_consumergroup_current_offset", kGauge, "consumergroup, topic, partition", "The offset the group has committed."},
    {"kafka_consumergroup_current_offset_sum", kGauge, "consumergroup, topic", "The same, added up over the topic's partitions."},
    {"kafka_consumergroup_lag", kGauge, "consumergroup, topic, partition", "Records between the committed offset and the high watermark."},
    {"kafka_consumergroup_lag_sum", kGauge, "consumergroup, topic", "The same, added up over the topic's partitions."},
};

inline constexpr Family kJmx[] = {
    {"kafka_server_brokertopicmetrics_messagesin_total", kCounter, "topic",
     "Records accepted; without a topic: over all, deleted ones too."},
    {"kafka_server_brokertopicmetrics_bytesin_total", kCounter, "topic", "Bytes of record batches accepted; without a topic: over all."},
    {"kafka_server_brokertopicmetrics_bytesout_total", kCounter, "topic", "Bytes of record batches sent; without a topic: over all."},
    {"kafka_server_brokertopicmetrics_totalproducerequests_total", kCounter, "topic", "Batches offered to the topic's partitions."},
    {"kafka_server_brokertopicmetrics_failedproducerequests_total", kCounter, "topic", "Batches refused."},
    {"kafka_server_brokertopicmetrics_totalfetchrequests_total", kCounter, "topic", "Reads of the topic's partitions by fetches."},
    {"kafka_server_brokertopicmetrics_failedfetchrequests_total", kCounter, "topic", "Those answered with an error."},
    {"kafka_server_replicamanager_partitioncount", kGauge, "", "Partitions that this broker holds."},
    {"kafka_server_replicamanager_leadercount", kGauge, "", "Partitions that this broker leads."},
    {"kafka_server_replicamanager_underreplicatedpartitions", kGauge, "", "Led here, with fewer replicas in sync than there are."},
    {"kafka_cluster_partition_replicascount", kGauge, "topic, partition", "Replicas."},
    {"kafka_cluster_partition_underminisr", kGauge, "topic, partition", "1 when fewer are in sync than min.insync.replicas asks for."},
    {"kafka_cluster_partition_atminisr", kGauge, "topic, partition", "1 when just as many are in sync as it asks for."},
    {"kafka_controller_controllerstats_uncleanleaderelections_total", kCounter, "", "Leaders elected without being in sync: never."},
    {"kafka_controller_kafkacontroller_activecontrollercount", kGauge, "", "1 on the node that leads the metadata."},
    {"kafka_controller_kafkacontroller_globaltopiccount", kGauge, "", "Topics of the cluster."},
    {"kafka_controller_kafkacontroller_globalpartitioncount", kGauge, "", "Partitions of the cluster."},
    {"kafka_controller_kafkacontroller_offlinepartitionscount", kGauge, "",
     "Partitions without a leader, or whose leader's log is offline."},
    {"kafka_log_logcleanermanager_max_dirty_percent", kGauge, "", "As barnabas_cleaner_dirty_ratio_max, 0 to 100."},
    {"kafka_log_logcleanermanager_time_since_last_run_ms", kGauge, "",
     "Milliseconds since the cleaner last looked for work; none without a cleaner."},
    {"kafka_log_logcleanermanager_uncleanable_partitions_count", kGauge, "", "As barnabas_cleaner_uncleanable_partitions."},
    {"kafka_log_log_size", kGauge, "topic, partition", "Bytes of the partition's segments."},
    {"kafka_log_log_logstartoffset", kGauge, "topic, partition", "The first offset that is still there."},
    {"kafka_log_log_logendoffset", kGauge, "topic, partition", "The offset the next record gets."},
    {"kafka_server_socket_server_metrics_connection_count", kGauge, "listener", "Connections of clients that are open."},
    {"kafka_server_kafkaserver_linux_disk_read_bytes", kGauge, "", "Bytes the process had read from disks, by the kernel's count."},
    {"kafka_server_kafkaserver_linux_disk_write_bytes", kGauge, "", "Bytes the process sent to disks, by the kernel's count."},
};

}  // namespace table

consteval const Family& family(std::string_view name) {
  for (const std::span<const Family> group :
       {std::span<const Family>(table::kRequests), std::span<const Family>(table::kConnections), std::span<const Family>(table::kDisks),
        std::span<const Family>(table::kNode), std::span<const Family>(table::kQuotas), std::span<const Family>(table::kCleaner),
        std::span<const Family>(table::kClients), std::span<const Family>(table::kExporter), std::span<const Family>(table::kJmx)}) {
    for (const Family& row : group) {
      if (row.name == name) return row;
    }
  }
  throw "no such metric";
}

}  // namespace barnabas::console
