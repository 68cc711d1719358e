#include "storage/batch_compaction.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "model/record_reader.h"
#include "model/varint.h"

namespace barnabas::storage {
namespace {

using namespace batch_layout;

std::int64_t difference(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) - static_cast<std::uint64_t>(b));
}

// Which records stay, one bit each, and what else the first look at a batch tells.
struct Survivors {
  std::vector<bool> stays;
  std::int32_t count = 0;
  bool tombstones = false;  // among those that stay
  std::int64_t max_timestamp = kNoTimestamp;
};

bool stays(const RecordBatchView& batch, const RecordView& record, Offset offset, const CompactionRules& rules) {
  if (offset >= rules.mapped_end) return true;
  const auto key = record.key();
  if (!key) return false;
  if (offset < rules.latest.latest(*key)) return false;
  if (record.value()) return true;
  const auto horizon = batch.delete_horizon_ms();
  return !horizon || rules.now_ms < *horizon;
}

Result<Survivors> look(const RecordBatchView& batch, const CompactionRules& rules, CompressionContext& context) {
  Survivors found;
  RecordReader reader(batch, context, kCompactionDecompressedMax);
  while (true) {
    TRY_ASSIGN(const RecordView* const record, reader.next());
    if (record == nullptr) return found;
    const bool kept = stays(batch, *record, reader.offset(), rules);
    found.stays.push_back(kept);
    if (!kept) continue;
    ++found.count;
    found.tombstones |= !record->value().has_value();
    found.max_timestamp = std::max(found.max_timestamp, reader.timestamp());
  }
}

void append_sized(Bytes& out, const std::optional<ByteView>& bytes) {
  append_varint(out, bytes ? static_cast<std::int32_t>(bytes->size()) : -1);
  if (bytes) out.insert(out.end(), bytes->begin(), bytes->end());
}

// The record with another timestamp delta. `body` is scratch.
void append_record(Bytes& out, const RecordView& record, std::int64_t timestamp_delta, Bytes& body) {
  body.clear();
  body.push_back(std::byte{0});  // attributes: none are defined
  append_varint(body, timestamp_delta);
  append_varint(body, record.offset_delta);
  append_sized(body, record.key());
  append_sized(body, record.value());
  append_varint(body, record.header_count);
  append_varint(out, static_cast<std::int32_t>(body.size() + record.header_bytes.size()));
  out.insert(out.end(), body.begin(), body.end());
  out.insert(out.end(), record.header_bytes.begin(), record.header_bytes.end());
}

Result<> write_survivors(const RecordBatchView& batch, const Survivors& found, std::int64_t base_shift, CompressionContext& context,
                         Bytes& out) {
  const Compression codec = batch.compression().value_or(Compression::kNone);
  std::optional<Compressor> compressor;
  if (codec != Compression::kNone) compressor.emplace(context.compress(codec, {}, out, INT32_MAX));
  RecordReader reader(batch, context, kCompactionDecompressedMax);
  Bytes body;
  Bytes encoded;
  for (const bool kept : found.stays) {
    TRY_ASSIGN(const RecordView* const record, reader.next());
    if (record == nullptr) return fail(Errc::kCorrupt, "a batch that changes while it is read");
    if (!kept) continue;
    Bytes& target = compressor ? encoded : out;
    if (compressor) encoded.clear();
    append_record(target, *record, add_delta(record->timestamp_delta, base_shift), body);
    if (compressor) TRY(compressor->write(encoded));
    if (out.size() > INT32_MAX) return fail(Errc::kTooLarge, "a compacted batch");
  }
  if (compressor) TRY(compressor->finish());
  if (out.size() > INT32_MAX) return fail(Errc::kTooLarge, "a compacted batch");
  return {};
}

void finish(Bytes& out, std::int16_t attributes, std::int64_t base_timestamp, std::int64_t max_timestamp, std::int32_t count) {
  std::byte* const at = out.data();
  store_be<std::int32_t>(at + kLength, static_cast<std::int32_t>(out.size() - kLogOverhead));
  store_be<std::int16_t>(at + kAttributes, attributes);
  store_be<std::int64_t>(at + kBaseTimestamp, base_timestamp);
  store_be<std::int64_t>(at + kMaxTimestamp, max_timestamp);
  store_be<std::int32_t>(at + kCount, count);
  if (auto made = MutableRecordBatch::open(out)) made->seal();
}

}  // namespace

Result<CompactedAs> compact_batch(const RecordBatchView& batch, const CompactionRules& rules, CompressionContext& context, Bytes& out) {
  if (batch.base_offset() >= rules.mapped_end || batch.is_control() || batch.is_transactional()) return CompactedAs::kUnchanged;
  TRY_ASSIGN(const Survivors found, look(batch, rules, context));
  if (found.count == 0) return CompactedAs::kNothing;
  const bool new_horizon = found.tombstones && !batch.delete_horizon_ms();
  if (found.count == batch.count() && !new_horizon) return CompactedAs::kUnchanged;

  const bool append_time = batch.timestamp_type() == TimestampType::kLogAppendTime;
  const std::int64_t base = new_horizon ? add_delta(rules.now_ms, rules.delete_retention_ms) : batch.base_timestamp();
  out.assign(batch.bytes().begin(), batch.bytes().begin() + kBatchHeaderBytes);
  TRY(write_survivors(batch, found, difference(batch.base_timestamp(), base), context, out));
  const auto attributes = static_cast<std::int16_t>(batch.attributes() | (new_horizon ? kDeleteHorizonBit : 0));
  finish(out, attributes, base, append_time ? batch.max_timestamp() : found.max_timestamp, found.count);
  return CompactedAs::kRewritten;
}

Bytes empty_batch(const RecordBatchView& batch) {
  Bytes out(batch.bytes().begin(), batch.bytes().begin() + kBatchHeaderBytes);
  const auto attributes = static_cast<std::int16_t>(batch.attributes() & ~(kCompressionMask | kDeleteHorizonBit));
  finish(out, attributes, batch.delete_horizon_ms() ? batch.max_timestamp() : batch.base_timestamp(), batch.max_timestamp(), 0);
  return out;
}

}  // namespace barnabas::storage
