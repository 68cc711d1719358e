#pragma once
// The fixed header of a batch as values: what a log needs to know of a batch without holding its records.
// Parsing believes nothing: a frame is sane when its fields can be true at this place of a log; whether they are
// true is for the checksum.
#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "model/record_batch.h"

namespace barnabas::storage {

struct BatchFrame {
  Offset base_offset;
  Offset last_offset;
  std::uint64_t size_bytes = 0;  // with the 12 bytes in front of the length
  LeaderEpoch leader_epoch;
  std::uint32_t crc = 0;
  std::int64_t max_timestamp_ms = -1;
  ProducerId producer_id = kNoProducerId;
  ProducerEpoch producer_epoch = kNoProducerEpoch;
  Sequence base_sequence = kNoSequence;
  std::int32_t record_count = 0;
  bool transactional = false;
  bool control = false;

  Offset next_offset() const { return last_offset + 1; }
  Sequence last_sequence() const;

  // From the first 61 bytes of a batch. Nothing when it cannot be one: wrong magic, a length under the header or over
  // 2 GiB, offsets that are negative or overflow.
  static std::optional<BatchFrame> parse(ByteView header);
};

// A whole batch: sane, exactly as long as it says, checksum right.
bool batch_is_valid(ByteView batch);

}  // namespace barnabas::storage
