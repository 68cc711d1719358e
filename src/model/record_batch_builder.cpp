#include "model/record_batch_builder.h"

#include <algorithm>

#include "base/check.h"
#include "model/varint.h"

namespace barnabas {
namespace {

using namespace batch_layout;

constexpr std::size_t kMarkerKeyBytes = 4;
constexpr std::size_t kMarkerValueBytes = 6;

std::int32_t as_size(std::size_t size) {
  CHECK(size <= INT32_MAX);
  return static_cast<std::int32_t>(size);
}

std::size_t nullable_size(const std::optional<ByteView>& bytes) {
  return bytes ? varint_size(as_size(bytes->size())) + bytes->size() : varint_size(-1);
}

void append_nullable(Bytes& out, const std::optional<ByteView>& bytes) {
  append_varint(out, bytes ? as_size(bytes->size()) : -1);
  if (bytes) out.insert(out.end(), bytes->begin(), bytes->end());
}

std::size_t body_size(const NewRecord& record, std::int64_t timestamp_delta, std::int32_t offset_delta) {
  std::size_t size = 1 + varint_size(timestamp_delta) + varint_size(offset_delta) + nullable_size(record.key) +
                     nullable_size(record.value) + varint_size(as_size(record.headers.size()));
  for (const RecordHeader& header : record.headers) size += nullable_size(as_bytes(header.key)) + nullable_size(header.value);
  return size;
}

// Timestamps wrap rather than overflow, as they do in the JVM.
std::int64_t difference(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) - static_cast<std::uint64_t>(b));
}

}  // namespace

RecordBatchBuilder::RecordBatchBuilder(BatchOptions options) : options_(options), bytes_(kBatchHeaderBytes) {}

void RecordBatchBuilder::add(const NewRecord& record) {
  if (count_ == 0) base_timestamp_ = record.timestamp_ms;
  max_timestamp_ = std::max(max_timestamp_, record.timestamp_ms);

  const std::int64_t timestamp_delta = difference(record.timestamp_ms, base_timestamp_);
  append_varint(bytes_, as_size(body_size(record, timestamp_delta, next_delta_)));
  bytes_.push_back(std::byte{0});  // attributes: none are defined
  append_varint(bytes_, timestamp_delta);
  append_varint(bytes_, next_delta_);
  append_nullable(bytes_, record.key);
  append_nullable(bytes_, record.value);
  append_varint(bytes_, as_size(record.headers.size()));
  for (const RecordHeader& header : record.headers) {
    append_nullable(bytes_, as_bytes(header.key));
    append_nullable(bytes_, header.value);
  }
  ++count_;
  ++next_delta_;
}

void RecordBatchBuilder::skip_to(std::int32_t delta) {
  CHECK(delta >= next_delta_);
  next_delta_ = delta;
}

std::size_t RecordBatchBuilder::record_bytes_max(const NewRecord& record) {
  const std::size_t body = body_size(record, INT64_MIN, INT32_MIN);
  return body + kVarintMaxBytes;
}

Bytes RecordBatchBuilder::build() && {
  finish_header(Compression::kNone);
  return std::move(bytes_);
}

Bytes RecordBatchBuilder::build(Compression compression, CompressionContext& context, const CompressionLevels& levels) && {
  Bytes compressed(kBatchHeaderBytes);
  Compressor compressor = context.compress(compression, levels, compressed, INT32_MAX);
  // The records fit 31 bits, and no codec makes them larger by more than a few percent.
  CHECK(compressor.write(ByteView(bytes_).subspan(kBatchHeaderBytes)).has_value());
  CHECK(compressor.finish().has_value());
  bytes_ = std::move(compressed);
  finish_header(compression);
  return std::move(bytes_);
}

void RecordBatchBuilder::finish_header(Compression compression) {
  const int attributes = static_cast<int>(compression) |
                         (options_.timestamp_type == TimestampType::kLogAppendTime ? kTimestampTypeBit : 0) |
                         (options_.transactional ? kTransactionalBit : 0) | (options_.control ? kControlBit : 0);
  std::byte* const at = bytes_.data();
  store_be<std::int64_t>(at + kBaseOffset, options_.base_offset.value());
  store_be<std::int32_t>(at + kLength, as_size(bytes_.size() - kLogOverhead));
  store_be<std::int32_t>(at + kLeaderEpoch, options_.leader_epoch.value());
  store_be<std::int8_t>(at + kMagic, kMagicV2);
  store_be<std::int16_t>(at + kAttributes, static_cast<std::int16_t>(attributes));
  store_be<std::int32_t>(at + kLastOffsetDelta, next_delta_ - 1);
  store_be<std::int64_t>(at + kBaseTimestamp, base_timestamp_);
  store_be<std::int64_t>(at + kMaxTimestamp, max_timestamp_);
  store_be<std::int64_t>(at + kProducerId, options_.producer_id);
  store_be<std::int16_t>(at + kProducerEpoch, options_.producer_epoch);
  store_be<std::int32_t>(at + kBaseSequence, options_.base_sequence);
  store_be<std::int32_t>(at + kCount, count_);
  auto batch = MutableRecordBatch::open(bytes_);
  CHECK(batch.has_value());
  batch->seal();
}

Bytes build_end_transaction_marker(EndTransaction outcome, std::int32_t coordinator_epoch, ProducerId producer_id,
                                   ProducerEpoch producer_epoch, std::int64_t timestamp_ms) {
  std::byte key[kMarkerKeyBytes] = {};
  std::byte value[kMarkerValueBytes] = {};
  store_be<std::int16_t>(key + 2, static_cast<std::int16_t>(outcome));
  store_be<std::int32_t>(value + 2, coordinator_epoch);
  RecordBatchBuilder builder({.producer_id = producer_id, .producer_epoch = producer_epoch, .transactional = true, .control = true});
  builder.add({.timestamp_ms = timestamp_ms, .key = ByteView(key), .value = ByteView(value)});
  return std::move(builder).build();
}

std::optional<EndTransactionMarker> parse_end_transaction_marker(ByteView key, ByteView value) {
  // Later versions may append fields, so more bytes are fine.
  if (key.size() < kMarkerKeyBytes || value.size() < kMarkerValueBytes) return std::nullopt;
  const auto key_version = load_be<std::int16_t>(key.data());
  const auto type = load_be<std::int16_t>(key.data() + 2);
  const auto value_version = load_be<std::int16_t>(value.data());
  if (key_version < 0 || value_version < 0 || type < 0 || type > 1) return std::nullopt;
  return EndTransactionMarker{static_cast<EndTransaction>(type), load_be<std::int32_t>(value.data() + 2)};
}

}  // namespace barnabas
