#include "broker/api_table.h"

#include <algorithm>
#include <array>

#include "broker/broker.h"
#include "broker/handlers/handlers.h"

namespace barnabas::broker {
namespace {

template <class Request, class Response, void (*kHandler)(Broker&, const RequestContext&, Request&&, Replier<Response>)>
Result<> call(Broker& broker, const RequestContext& context, protocol::Decoder& decoder, std::int32_t correlation_id,
              net::Responder& responder) {
  Request request;
  request.decode(decoder, context.version);
  // Bytes behind the body are nobody's business, as in Kafka: some clients pad.
  TRY(decoder.finish_prefix());
  kHandler(broker, context, std::move(request),
           Replier<Response>(std::move(responder), correlation_id, context.version, &broker.errors_of(Request::kKey)));
  return {};
}

template <class Request, class Response, void (*kHandler)(Broker&, const RequestContext&, Request&&, Replier<Response>)>
constexpr ApiRow row(std::int16_t min_version, std::int16_t max_version, bool pipelined = false) {
  constexpr auto kKey = Request::kKey;
  constexpr bool kWaits = kKey == protocol::ApiKey::kFetch || kKey == protocol::ApiKey::kJoinGroup || kKey == protocol::ApiKey::kSyncGroup;
  return {kKey, min_version, max_version, pipelined, kWaits, &call<Request, Response, kHandler>};
}

#define BARNABAS_ROW(Message, handler, ...) row<protocol::Message##Request, protocol::Message##Response, handler>(__VA_ARGS__)

constexpr std::array kTable{
    BARNABAS_ROW(Produce, handle_produce, 0, 13, /*pipelined=*/true),
    BARNABAS_ROW(Fetch, handle_fetch, 0, 18),
    BARNABAS_ROW(ListOffsets, handle_list_offsets, 0, 11),
    BARNABAS_ROW(Metadata, handle_metadata, 0, 13),
    BARNABAS_ROW(OffsetCommit, handle_offset_commit, 0, 10),
    BARNABAS_ROW(OffsetFetch, handle_offset_fetch, 0, 10),
    BARNABAS_ROW(FindCoordinator, handle_find_coordinator, 0, 6),
    BARNABAS_ROW(JoinGroup, handle_join_group, 0, 9),
    BARNABAS_ROW(Heartbeat, handle_heartbeat, 0, 4),
    BARNABAS_ROW(LeaveGroup, handle_leave_group, 0, 5),
    BARNABAS_ROW(SyncGroup, handle_sync_group, 0, 5),
    BARNABAS_ROW(DescribeGroups, handle_describe_groups, 0, 6),
    BARNABAS_ROW(ListGroups, handle_list_groups, 0, 5),
    BARNABAS_ROW(ApiVersions, handle_api_versions, 0, 4),
    BARNABAS_ROW(CreateTopics, handle_create_topics, 0, 7),
    BARNABAS_ROW(DeleteTopics, handle_delete_topics, 0, 6),
    BARNABAS_ROW(DeleteRecords, handle_delete_records, 0, 2),
    BARNABAS_ROW(InitProducerId, handle_init_producer_id, 0, 5),
    BARNABAS_ROW(OffsetForLeaderEpoch, handle_offset_for_leader_epoch, 0, 4),
    BARNABAS_ROW(DescribeConfigs, handle_describe_configs, 0, 4),
    BARNABAS_ROW(AlterConfigs, handle_alter_configs, 0, 2),
    BARNABAS_ROW(AlterReplicaLogDirs, handle_alter_replica_log_dirs, 0, 2),
    BARNABAS_ROW(DescribeLogDirs, handle_describe_log_dirs, 0, 5),
    BARNABAS_ROW(CreatePartitions, handle_create_partitions, 0, 3),
    BARNABAS_ROW(DeleteGroups, handle_delete_groups, 0, 2),
    BARNABAS_ROW(ElectLeaders, handle_elect_leaders, 0, 2),
    BARNABAS_ROW(IncrementalAlterConfigs, handle_incremental_alter_configs, 0, 1),
    BARNABAS_ROW(AlterPartitionReassignments, handle_alter_partition_reassignments, 0, 1),
    BARNABAS_ROW(ListPartitionReassignments, handle_list_partition_reassignments, 0, 0),
    BARNABAS_ROW(OffsetDelete, handle_offset_delete, 0, 0),
    BARNABAS_ROW(DescribeClientQuotas, handle_describe_client_quotas, 0, 1),
    BARNABAS_ROW(AlterClientQuotas, handle_alter_client_quotas, 0, 1),
    BARNABAS_ROW(DescribeQuorum, handle_describe_quorum, 0, 2),
    BARNABAS_ROW(UpdateFeatures, handle_update_features, 0, 2),
    BARNABAS_ROW(DescribeCluster, handle_describe_cluster, 0, 2),
    BARNABAS_ROW(DescribeProducers, handle_describe_producers, 0, 0),
    BARNABAS_ROW(GetTelemetrySubscriptions, handle_get_telemetry_subscriptions, 0, 0),
    BARNABAS_ROW(PushTelemetry, handle_push_telemetry, 0, 0),
    BARNABAS_ROW(ListConfigResources, handle_list_config_resources, 0, 1),
    BARNABAS_ROW(DescribeTopicPartitions, handle_describe_topic_partitions, 0, 0),
};
static_assert(std::ranges::is_sorted(kTable, {}, &ApiRow::key));

// By key: it is asked several times a request.
constexpr std::uint8_t kNoPlace = 255;
static_assert(kTable.size() < kNoPlace);
constexpr auto kPlaces = [] {
  std::array<std::uint8_t, static_cast<std::size_t>(kTable.back().key) + 1> places;
  places.fill(kNoPlace);
  for (std::size_t i = 0; i < kTable.size(); ++i) places[static_cast<std::size_t>(kTable[i].key)] = static_cast<std::uint8_t>(i);
  return places;
}();

}  // namespace

std::span<const ApiRow> api_table() { return kTable; }

const ApiRow* find_api_row(std::int16_t key) {
  if (key < 0 || static_cast<std::size_t>(key) >= kPlaces.size()) return nullptr;
  const std::uint8_t place = kPlaces[static_cast<std::size_t>(key)];
  return place == kNoPlace ? nullptr : &kTable[place];
}

std::size_t place_of(const ApiRow& row) { return static_cast<std::size_t>(&row - kTable.data()); }

}  // namespace barnabas::broker
