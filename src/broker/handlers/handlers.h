#pragma once
// Every handler, in the order of their keys. What each does is told at the head of its file.
#include "broker/handler.h"
#include "protocol/generated/alter_client_quotas.h"
#include "protocol/generated/alter_configs.h"
#include "protocol/generated/alter_partition_reassignments.h"
#include "protocol/generated/alter_replica_log_dirs.h"
#include "protocol/generated/api_versions.h"
#include "protocol/generated/create_partitions.h"
#include "protocol/generated/create_topics.h"
#include "protocol/generated/delete_groups.h"
#include "protocol/generated/delete_records.h"
#include "protocol/generated/delete_topics.h"
#include "protocol/generated/describe_client_quotas.h"
#include "protocol/generated/describe_cluster.h"
#include "protocol/generated/describe_configs.h"
#include "protocol/generated/describe_groups.h"
#include "protocol/generated/describe_log_dirs.h"
#include "protocol/generated/describe_producers.h"
#include "protocol/generated/describe_quorum.h"
#include "protocol/generated/describe_topic_partitions.h"
#include "protocol/generated/elect_leaders.h"
#include "protocol/generated/fetch.h"
#include "protocol/generated/find_coordinator.h"
#include "protocol/generated/get_telemetry_subscriptions.h"
#include "protocol/generated/heartbeat.h"
#include "protocol/generated/incremental_alter_configs.h"
#include "protocol/generated/init_producer_id.h"
#include "protocol/generated/join_group.h"
#include "protocol/generated/leave_group.h"
#include "protocol/generated/list_config_resources.h"
#include "protocol/generated/list_groups.h"
#include "protocol/generated/list_offsets.h"
#include "protocol/generated/list_partition_reassignments.h"
#include "protocol/generated/metadata.h"
#include "protocol/generated/offset_commit.h"
#include "protocol/generated/offset_delete.h"
#include "protocol/generated/offset_fetch.h"
#include "protocol/generated/offset_for_leader_epoch.h"
#include "protocol/generated/produce.h"
#include "protocol/generated/push_telemetry.h"
#include "protocol/generated/sync_group.h"
#include "protocol/generated/update_features.h"

namespace barnabas::broker {

#define BARNABAS_HANDLER(function, Message)                                                          \
  void function(Broker& broker, const RequestContext& context, protocol::Message##Request&& request, \
                Replier<protocol::Message##Response> reply)

BARNABAS_HANDLER(handle_produce, Produce);
BARNABAS_HANDLER(handle_fetch, Fetch);
BARNABAS_HANDLER(handle_list_offsets, ListOffsets);
BARNABAS_HANDLER(handle_metadata, Metadata);
BARNABAS_HANDLER(handle_offset_commit, OffsetCommit);
BARNABAS_HANDLER(handle_offset_fetch, OffsetFetch);
BARNABAS_HANDLER(handle_find_coordinator, FindCoordinator);
BARNABAS_HANDLER(handle_join_group, JoinGroup);
BARNABAS_HANDLER(handle_heartbeat, Heartbeat);
BARNABAS_HANDLER(handle_leave_group, LeaveGroup);
BARNABAS_HANDLER(handle_sync_group, SyncGroup);
BARNABAS_HANDLER(handle_describe_groups, DescribeGroups);
BARNABAS_HANDLER(handle_list_groups, ListGroups);
BARNABAS_HANDLER(handle_api_versions, ApiVersions);
BARNABAS_HANDLER(handle_create_topics, CreateTopics);
BARNABAS_HANDLER(handle_delete_topics, DeleteTopics);
BARNABAS_HANDLER(handle_delete_records, DeleteRecords);
BARNABAS_HANDLER(handle_init_producer_id, InitProducerId);
BARNABAS_HANDLER(handle_offset_for_leader_epoch, OffsetForLeaderEpoch);
BARNABAS_HANDLER(handle_describe_configs, DescribeConfigs);
BARNABAS_HANDLER(handle_alter_configs, AlterConfigs);
BARNABAS_HANDLER(handle_alter_replica_log_dirs, AlterReplicaLogDirs);
BARNABAS_HANDLER(handle_describe_log_dirs, DescribeLogDirs);
BARNABAS_HANDLER(handle_create_partitions, CreatePartitions);
BARNABAS_HANDLER(handle_delete_groups, DeleteGroups);
BARNABAS_HANDLER(handle_elect_leaders, ElectLeaders);
BARNABAS_HANDLER(handle_incremental_alter_configs, IncrementalAlterConfigs);
BARNABAS_HANDLER(handle_alter_partition_reassignments, AlterPartitionReassignments);
BARNABAS_HANDLER(handle_list_partition_reassignments, ListPartitionReassignments);
BARNABAS_HANDLER(handle_offset_delete, OffsetDelete);
BARNABAS_HANDLER(handle_describe_client_quotas, DescribeClientQuotas);
BARNABAS_HANDLER(handle_alter_client_quotas, AlterClientQuotas);
BARNABAS_HANDLER(handle_describe_quorum, DescribeQuorum);
BARNABAS_HANDLER(handle_update_features, UpdateFeatures);
BARNABAS_HANDLER(handle_describe_cluster, DescribeCluster);
BARNABAS_HANDLER(handle_describe_producers, DescribeProducers);
BARNABAS_HANDLER(handle_get_telemetry_subscriptions, GetTelemetrySubscriptions);
BARNABAS_HANDLER(handle_push_telemetry, PushTelemetry);
BARNABAS_HANDLER(handle_list_config_resources, ListConfigResources);
BARNABAS_HANDLER(handle_describe_topic_partitions, DescribeTopicPartitions);

// A1: an ApiVersions request of a version we do not know is answered in the layout of version 0.
protocol::ApiVersionsResponse unsupported_api_versions();

}  // namespace barnabas::broker
