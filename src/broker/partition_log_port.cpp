#include "broker/partition_log_port.h"

namespace barnabas::broker {

std::expected<Offset, ErrorCode> PartitionLogPort::append(Bytes batch, Committed done) {
  const auto settings = partition_->settings();
  auto accepted = validate_append(batch, settings->append, AppendOrigin::kCoordinator, clock_.wall_ms(), compression_);
  if (!accepted) return std::unexpected(accepted.error().code);
  const replication::AppendOutcome outcome = partition_->append(*accepted, /*check_producer=*/false);
  if (outcome.error != ErrorCode::kNone) return std::unexpected(outcome.error);
  partition_->when_committed(outcome.next_offset, std::move(done));
  return outcome.base_offset;
}

// Replay may read what is long out of memory: always on the disk's queue.
void PartitionLogPort::read(Offset from, std::size_t max_bytes, Read done) {
  partition_->disk_queue().run([partition = partition_, from, max_bytes, done = std::move(done)]() mutable {
    replication::FetchOutcome outcome =
        partition->read({.offset = from,
                         .max_bytes = static_cast<std::uint32_t>(std::min<std::size_t>(max_bytes, INT32_MAX)),
                         .min_one = true,
                         .mode = storage::ReadMode::kMayWait});
    if (outcome.error != ErrorCode::kNone) return done(std::unexpected(outcome.error));
    if (const auto* memory = std::get_if<MemorySlice>(&outcome.records)) return done(Bytes(memory->bytes.begin(), memory->bytes.end()));
    const auto& file = std::get<FileSlice>(outcome.records);
    Bytes bytes(file.length);
    const auto read = file.length == 0 ? Result<std::size_t>(0) : file.file->read_at(file.position, bytes);
    if (!read || *read < file.length) return done(std::unexpected(ErrorCode::kKafkaStorageError));
    done(std::move(bytes));
  });
}

}  // namespace barnabas::broker
