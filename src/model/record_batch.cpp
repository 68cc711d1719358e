#include "model/record_batch.h"

#include <fmt/format.h>

#include <array>

#include "model/crc32c.h"

namespace barnabas {
namespace {

using namespace batch_layout;

constexpr std::array<std::string_view, kCompressionKinds> kCompressionNames = {"none", "gzip", "snappy", "lz4", "zstd"};

// Smallest length field of each format: what follows the length when there is no key, value or record.
constexpr std::int32_t kMinLengthV0 = 14;  // crc 4, magic 1, attributes 1, key size 4, value size 4
constexpr std::int32_t kMinLengthV1 = 22;  // and a timestamp
constexpr std::int32_t kMinLengthV2 = kBatchHeaderBytes - kLogOverhead;

std::int32_t min_length(std::int8_t magic) {
  if (magic == 0) return kMinLengthV0;
  return magic == 1 ? kMinLengthV1 : kMinLengthV2;
}

}  // namespace

std::string_view to_string(Compression compression) { return kCompressionNames[static_cast<std::size_t>(compression)]; }

std::optional<Compression> parse_compression(std::string_view name) {
  for (std::size_t i = 0; i < kCompressionNames.size(); ++i) {
    if (kCompressionNames[i] == name) return static_cast<Compression>(i);
  }
  return std::nullopt;
}

Result<BatchPeek> peek_batch(ByteView bytes, std::uint64_t max_bytes) {
  if (bytes.size() < kPeekMinBytes) return fail(Errc::kOutOfRange, "too few bytes to see the length of a batch");
  const auto length = load_be<std::int32_t>(bytes.data() + kLength);
  if (length < kMinLengthV0) return fail(Errc::kCorrupt, fmt::format("batch length {} is below the smallest header", length));

  BatchPeek peek{Offset(load_be<std::int64_t>(bytes.data() + kBaseOffset)), static_cast<std::uint64_t>(length) + kLogOverhead,
                 std::nullopt};
  if (peek.size_bytes > max_bytes)
    return fail(Errc::kCorrupt, fmt::format("batch of {} bytes is over the limit of {}", peek.size_bytes, max_bytes));
  if (bytes.size() < kPeekMagicBytes) return peek;

  peek.magic = load_be<std::int8_t>(bytes.data() + kMagic);
  if (*peek.magic < 0 || *peek.magic > kMagicV2) return fail(Errc::kCorrupt, fmt::format("unknown magic {}", *peek.magic));
  if (length < min_length(*peek.magic)) {
    return fail(Errc::kCorrupt, fmt::format("batch length {} is below the header of magic {}", length, *peek.magic));
  }
  return peek;
}

Result<RecordBatchView> RecordBatchView::open(ByteView bytes) {
  TRY_ASSIGN(const BatchPeek peek, peek_batch(bytes));
  if (!peek.magic || peek.size_bytes > bytes.size()) {
    return fail(Errc::kOutOfRange, fmt::format("batch of {} bytes, only {} are there", peek.size_bytes, bytes.size()));
  }
  if (*peek.magic != kMagicV2) return fail(Errc::kUnsupported, fmt::format("message format {} is older than record batches", *peek.magic));
  return RecordBatchView(bytes.first(static_cast<std::size_t>(peek.size_bytes)));
}

std::uint32_t RecordBatchView::computed_crc() const { return crc32c(bytes_.subspan(kAttributes)); }

Result<MutableRecordBatch> MutableRecordBatch::open(MutableBytes bytes) {
  TRY_ASSIGN(const RecordBatchView view, RecordBatchView::open(bytes));
  return MutableRecordBatch(bytes.first(view.size_bytes()));
}

void MutableRecordBatch::set_max_timestamp(TimestampType type, std::int64_t max_timestamp_ms) {
  if (timestamp_type() == type && max_timestamp() == max_timestamp_ms) return;
  const int without = attributes() & ~kTimestampTypeBit;
  set(kAttributes, static_cast<std::int16_t>(without | (type == TimestampType::kLogAppendTime ? kTimestampTypeBit : 0)));
  set(kMaxTimestamp, max_timestamp_ms);
  seal();
}

}  // namespace barnabas
