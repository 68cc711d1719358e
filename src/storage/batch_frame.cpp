#include "storage/batch_frame.h"

namespace barnabas::storage {

Sequence BatchFrame::last_sequence() const {
  if (base_sequence <= kNoSequence) return kNoSequence;
  return add_sequence(base_sequence, static_cast<std::int32_t>(last_offset - base_offset));
}

std::optional<BatchFrame> BatchFrame::parse(ByteView header) {
  namespace at = batch_layout;
  if (header.size() < kBatchHeaderBytes) return std::nullopt;
  const std::byte* const p = header.data();
  const auto length = load_be<std::int32_t>(p + at::kLength);
  const auto base = load_be<std::int64_t>(p + at::kBaseOffset);
  const auto delta = load_be<std::int32_t>(p + at::kLastOffsetDelta);
  if (load_be<std::int8_t>(p + at::kMagic) != kMagicV2) return std::nullopt;
  if (length < static_cast<std::int32_t>(kBatchHeaderBytes - at::kLogOverhead)) return std::nullopt;
  if (base < 0 || delta < 0 || base > INT64_MAX - 1 - delta) return std::nullopt;
  const auto attributes = load_be<std::int16_t>(p + at::kAttributes);
  return BatchFrame{
      .base_offset = Offset(base),
      .last_offset = Offset(base + delta),
      .size_bytes = static_cast<std::uint64_t>(length) + at::kLogOverhead,
      .leader_epoch = LeaderEpoch(load_be<std::int32_t>(p + at::kLeaderEpoch)),
      .crc = load_be<std::uint32_t>(p + at::kCrc),
      .max_timestamp_ms = load_be<std::int64_t>(p + at::kMaxTimestamp),
      .producer_id = load_be<std::int64_t>(p + at::kProducerId),
      .producer_epoch = load_be<std::int16_t>(p + at::kProducerEpoch),
      .base_sequence = load_be<std::int32_t>(p + at::kBaseSequence),
      .record_count = load_be<std::int32_t>(p + at::kCount),
      .transactional = (attributes & at::kTransactionalBit) != 0,
      .control = (attributes & at::kControlBit) != 0,
  };
}

bool batch_is_valid(ByteView batch) {
  const auto frame = BatchFrame::parse(batch);
  if (!frame || frame->size_bytes != batch.size()) return false;
  const auto view = RecordBatchView::open(batch);
  return view && view->crc_matches();
}

}  // namespace barnabas::storage
