#pragma once
// Rows of the table of settings (setting.h): what a group can have of its own. Included by table.cpp only.
// clang-format off
#include "config/table/row.h"

namespace barnabas::table {

inline constexpr Setting kGroupConfigs[] = {
    {"consumer.assignment.interval.ms", kInt, "1000", at_least(0), kClusterWide, kNoEffect,
     "Shortest time between two assignments of this consumer group."},
    {"consumer.heartbeat.interval.ms", kInt, "5000", at_least(1), kClusterWide, kNoEffect,
     "Heartbeat interval told to the members."},
    {"consumer.session.timeout.ms", kInt, "45000", at_least(1), kClusterWide, kNoEffect,
     "Session timeout of the members."},
    {"share.assignment.interval.ms", kInt, "1000", at_least(0), kClusterWide, kNoEffect,
     "Shortest time between two assignments of this share group."},
    {"share.auto.offset.reset", kString, "latest", anything(), kClusterWide, kNoEffect,
     "Where a share group begins: latest, earliest, or by_duration: and an ISO 8601 duration."},
    {"share.delivery.count.limit", kInt, "5", at_least(2), kClusterWide, kNoEffect,
     "How often a record is delivered before it is given up."},
    {"share.heartbeat.interval.ms", kInt, "5000", at_least(1), kClusterWide, kNoEffect,
     "Heartbeat interval told to the members."},
    {"share.isolation.level", kString, "read_uncommitted", one_of("read_committed|read_uncommitted"), kClusterWide, kNoEffect,
     "Whether records of open or aborted transactions are delivered."},
    {"share.partition.max.record.locks", kInt, "2000", at_least(100), kClusterWide, kNoEffect,
     "How many records of a partition may be reserved at once."},
    {"share.record.lock.duration.ms", kInt, "30000", at_least(1000), kClusterWide, kNoEffect,
     "How long a delivered record is reserved for its member."},
    {"share.renew.acknowledge.enable", kBoolean, "true", anything(), kClusterWide, kNoEffect,
     "Whether a member may extend a reservation."},
    {"share.session.timeout.ms", kInt, "45000", at_least(1), kClusterWide, kNoEffect,
     "Session timeout of the members."},
    {"streams.assignment.interval.ms", kInt, "1000", at_least(0), kClusterWide, kNoEffect,
     "Shortest time between two assignments of this streams group."},
    {"streams.heartbeat.interval.ms", kInt, "5000", at_least(1), kClusterWide, kNoEffect,
     "Heartbeat interval told to the members."},
    {"streams.initial.rebalance.delay.ms", kInt, "3000", at_least(0), kClusterWide, kNoEffect,
     "How long a new group waits for more members."},
    {"streams.num.standby.replicas", kInt, "0", at_least(0), kClusterWide, kNoEffect,
     "Standby tasks of this group."},
    {"streams.session.timeout.ms", kInt, "45000", at_least(1), kClusterWide, kNoEffect,
     "Session timeout of the members."},
};

}  // namespace barnabas::table
