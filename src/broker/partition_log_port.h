#pragma once
// A coordinator's shard on a replicated partition of this broker.
#include <memory>

#include "coordinator/log_port.h"
#include "model/compression.h"
#include "replication/partition.h"

namespace barnabas::broker {

class PartitionLogPort final : public coordinator::LogPort {
 public:
  PartitionLogPort(std::shared_ptr<replication::Partition> partition, LeaderEpoch epoch, const Clock& clock)
      : partition_(std::move(partition)), epoch_(epoch), clock_(clock) {}

  std::expected<Offset, ErrorCode> append(Bytes batch, Committed done) override;
  void read(Offset from, std::size_t max_bytes, Read done) override;
  Offset start() const override { return partition_->log().log_start(); }
  Offset end() const override { return partition_->log().log_end(); }
  bool leads() const override { return partition_->check_leader(epoch_) == ErrorCode::kNone; }

 private:
  const std::shared_ptr<replication::Partition> partition_;
  const LeaderEpoch epoch_;
  const Clock& clock_;
  CompressionContext compression_;  // appends of one shard come one at a time
};

}  // namespace barnabas::broker
