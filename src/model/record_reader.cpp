#include "model/record_reader.h"

#include <fmt/format.h>

namespace barnabas {

RecordReader::RecordReader(const RecordBatchView& batch, CompressionContext& context, std::uint64_t decompressed_max) : batch_(batch) {
  if (batch.compression()) source_.emplace(batch_, context, decompressed_max);
}

Result<const RecordView*> RecordReader::next() {
  if (!source_) return fail(Errc::kUnsupported, fmt::format("unknown compression {}", batch_.compression_id()));
  if (batch_.count() < 0) return fail(Errc::kCorrupt, fmt::format("a batch of {} records", batch_.count()));
  if (read_ == batch_.count()) {
    TRY_ASSIGN(const bool more, source_->ensure(1));
    if (more) return fail(Errc::kCorrupt, fmt::format("bytes behind the last of {} records", read_));
    return nullptr;
  }
  // Near the end fewer than five bytes are fine; the varint decides.
  TRY(source_->ensure(kVarintMaxBytes));
  std::int32_t length = 0;
  const std::byte* body = read_varint(source_->at(), source_->end(), length);
  if (body == nullptr || length < 0) return fail(Errc::kCorrupt, fmt::format("record {} of {} has no length", read_, batch_.count()));
  source_->advance_to(body);
  TRY_ASSIGN(const bool whole, source_->ensure(static_cast<std::size_t>(length)));
  if (!whole) return fail(Errc::kCorrupt, fmt::format("record {} is cut short", read_));
  const std::byte* const end = source_->at() + length;
  if (!parse_record_body(source_->at(), end, record_)) return fail(Errc::kCorrupt, fmt::format("record {} is malformed", read_));
  source_->advance_to(end);
  ++read_;
  return &record_;
}

Offset RecordReader::offset() const { return Offset(add_delta(batch_.base_offset().value(), record_.offset_delta)); }

std::int64_t RecordReader::timestamp() const {
  if (batch_.timestamp_type() == TimestampType::kLogAppendTime) return batch_.max_timestamp();
  return add_delta(batch_.base_timestamp(), record_.timestamp_delta);
}

}  // namespace barnabas
