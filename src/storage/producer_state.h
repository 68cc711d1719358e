#pragma once
// What a partition remembers about its idempotent producers: epoch, and the last five batches of each, so that a
// retried batch is recognised (I5) and a lost one is noticed (I2). Kafka's snapshot keeps one batch; ours keeps all
// five (I11), in a file of our own: docs/formats/producer-state.md.
//
// State is a function of the batches in the log: a follower, a restart and a truncation rebuild the same (I10).
//
// Threads: the owner's lock.
#include <array>
#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "model/error_code.h"
#include "model/types.h"
#include "storage/batch_frame.h"

namespace barnabas::storage {

struct ProducerCheck {
  ErrorCode error = ErrorCode::kNone;  // kOutOfOrderSequenceNumber, kInvalidProducerEpoch
  bool duplicate = false;              // appended before: answer with what follows, append nothing
  Offset base_offset{-1};
  Offset last_offset{-1};
  std::int64_t max_timestamp_ms = -1;  // the log append time of the original, where the topic uses that
};

struct ProducerSummary {  // a line of DescribeProducers
  ProducerId producer_id = kNoProducerId;
  ProducerEpoch epoch = kNoProducerEpoch;
  Sequence last_sequence = kNoSequence;
  std::int64_t last_timestamp_ms = -1;
  std::int32_t coordinator_epoch = -1;
  Offset transaction_start{-1};  // -1: none open
};

class ProducerState {
 public:
  static constexpr std::size_t kBatchesKept = 5;

  // Does not change anything. Batches without a producer id are always fine.
  ProducerCheck check(const BatchFrame& batch) const;
  // The batch is in the log now.
  void apply(const BatchFrame& batch, std::int64_t now_ms);
  // Forgets producers whose last append is older than this, never with an open transaction (I12).
  void expire(std::int64_t older_than_ms);
  void clear() { producers_.clear(); }

  std::size_t size() const { return producers_.size(); }
  // Is this the last offset that the producer is known to have written (I16)?
  bool is_last(ProducerId producer, Offset last_offset) const;
  std::vector<ProducerSummary> summaries() const;
  // The first offset of the earliest open transaction.
  std::optional<Offset> first_open_transaction() const;

  // Bytes of a snapshot taken at this log end, and back. kCorrupt, kUnsupported (a later format version).
  Bytes snapshot(Offset log_end) const;
  struct Loaded;
  static Result<Loaded> load(ByteView bytes);

 private:
  struct Batch {
    Offset last_offset;
    Sequence last_sequence = kNoSequence;
    std::int32_t offset_delta = 0;  // last offset - base offset, and the same for sequences
    std::int64_t max_timestamp_ms = -1;
  };
  struct Producer {
    ProducerEpoch epoch = kNoProducerEpoch;
    std::uint8_t count = 0;  // batches_[0 .. count), oldest first
    std::int32_t coordinator_epoch = -1;
    std::int64_t last_append_ms = 0;  // of our clock
    Offset transaction_start{-1};
    std::array<Batch, kBatchesKept> batches{};
  };
  static void remember(Producer& producer, const BatchFrame& batch);

  std::unordered_map<ProducerId, Producer> producers_;
};

struct ProducerState::Loaded {
  Offset log_end;
  ProducerState state;
};

}  // namespace barnabas::storage
