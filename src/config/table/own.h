#pragma once
// Rows of the table of settings (setting.h): what Kafka does not have. Included by table.cpp only.
// clang-format off
#include "config/table/row.h"

namespace barnabas::table {

inline constexpr Setting kOwnSettings[] = {
    {"barnabas.cluster.id", kString, nullptr, non_empty(), kRestart, kEffective,
     "The cluster's id, fixed at the first start; made up then when not given. The environment's CLUSTER_ID sets it too."},
    {"barnabas.connection.outbox.max.bytes", kLong, "16777216", at_least(65536), kRestart, kEffective,
     "Answers that wait for one client to read them; above it the connection's next requests are not read."},
    {"barnabas.durability", kString, "fsync", one_of("fsync|page-cache"), kRestart, kEffective,
     "What acknowledged means: fsync, on disk and safe from a power cut; page-cache, in the kernel's memory, as Kafka does."},
    {"barnabas.http.listener", kString, "127.0.0.1:8080", anything(), kRestart, kEffective,
     "Where `/metrics`, `/livez` and `/readyz` are served, in the clear and to everybody who can connect; empty: nowhere."},
    {"barnabas.io.threads", kInt, nullptr, between(1, 1024), kRestart, kEffective,
     "Threads that serve connections; default is half the cores, at least one."},
    {"barnabas.log.format", kString, "text", one_of("text|logfmt|json"), kRestart, kEffective,
     "How log lines are written: text for people, logfmt or json for programs."},
    {"barnabas.metadata.engine", kString, "local", not_built(one_of("local|zookeeper|raft"), "zookeeper|raft"), kRestart, kEffective,
     "Where the cluster's metadata is agreed: local is this node alone with one durable file; zookeeper and raft are not built yet."},
    {"barnabas.metrics.series.max", kInt, "20000", between(0, 10000000), kRestart, kEffective,
     "Partitions, and offsets of groups, that have metrics of their own; the rest, by name, is only counted together. As many series of clients that push theirs."},
    {"barnabas.slow.request.ms", kInt, "1000", at_least(0), kRestart, kEffective,
     "A request that takes longer is logged with where its time went; waiting for records or group members does not count. 0: none."},
};

}  // namespace barnabas::table
