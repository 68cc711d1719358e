#pragma once
// Rows of the table of settings (setting.h): producers and transactions. Included by table.cpp only.
// clang-format off
#include "config/table/row.h"

namespace barnabas::table {

inline constexpr Setting kTransactionSettings[] = {
    {"add.partitions.to.txn.retry.backoff.max.ms", kInt, "100", at_least(0), kRestart, kNoEffect,
     "Longest pause when adding a partition to a transaction must be tried again by the broker."},
    {"add.partitions.to.txn.retry.backoff.ms", kInt, "20", at_least(1), kRestart, kNoEffect,
     "First pause when adding a partition to a transaction must be tried again by the broker."},
    {"producer.id.expiration.check.interval.ms", kInt, "600000", at_least(1), kRestart, kEffective,
     "How often forgotten producers are looked for."},
    {"producer.id.expiration.ms", kInt, "86400000", at_least(1), kClusterWide, kEffective,
     "How long an idle idempotent producer's last sequences are remembered."},
    {"transaction.abort.timed.out.transaction.cleanup.interval.ms", kInt, "10000", at_least(1), kRestart, kNoEffect,
     "How often transactions past their timeout are rolled back."},
    {"transaction.max.timeout.ms", kInt, "900000", at_least(1), kRestart, kNoEffect,
     "The longest timeout a transaction may ask for."},
    {"transaction.partition.verification.enable", kBoolean, "true", anything(), kClusterWide, kNoEffect,
     "Ask the coordinator whether a partition belongs to a transaction before the first write."},
    {"transaction.remove.expired.transaction.cleanup.interval.ms", kInt, "3600000", at_least(1), kRestart, kNoEffect,
     "How often expired transactional ids are removed."},
    {"transaction.state.log.load.buffer.size", kInt, "5242880", at_least(1), kRestart, kNoEffect,
     "Bytes read at once while transaction state is loaded."},
    {"transaction.state.log.min.isr", kInt, "2", at_least(1), kRestart, kNoEffect,
     "In-sync replicas that a write of transaction state needs."},
    {"transaction.state.log.num.partitions", kInt, "50", at_least(1), kRestart, kNoEffect,
     "Partitions of the transaction state topic."},
    {"transaction.state.log.replication.factor", kShort, "3", at_least(1), kRestart, kNoEffect,
     "Replicas of the transaction state topic."},
    {"transaction.state.log.segment.bytes", kInt, "104857600", at_least(1), kRestart, kNoEffect,
     "Segment size of the transaction state topic."},
    {"transaction.two.phase.commit.enable", kBoolean, "false", anything(), kRestart, kNoEffect,
     "Allow transactions that are prepared by an outside coordinator (KIP-939)."},
    {"transactional.id.expiration.ms", kInt, "604800000", at_least(1), kRestart, kNoEffect,
     "How long an unused transactional id is remembered."},
};

}  // namespace barnabas::table
