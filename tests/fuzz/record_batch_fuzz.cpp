// Any bytes as a produce: no input may crash, hang, or take memory out of proportion.
//
//   byte 0      bits 0-2 codec to put into the header (7: leave it), bit 3 compacted, bit 4 LogAppendTime,
//               bit 5 recompress, bit 6 make the length right, bit 7 compress the records first: damage then lies
//               in the records, not in the compression around them
//   the rest    a record batch
//
// The magic and the checksum are always made right, or the fuzzer would never get behind them. What is accepted must
// then be readable, and say to a reader what the verdict said.
#include <cstdint>
#include <cstdlib>

#include "model/batch_validation.h"
#include "model/record_reader.h"

namespace {

using namespace barnabas;

void require(bool condition) {
  if (!condition) std::abort();
}

void compress_records(Bytes& bytes, Compression codec, CompressionContext& context) {
  Bytes out(bytes.begin(), bytes.begin() + kBatchHeaderBytes);
  Compressor compressor = context.compress(codec, {.gzip = 1}, out, SIZE_MAX);
  require(compressor.write(ByteView(bytes).subspan(kBatchHeaderBytes)) && compressor.finish());
  bytes = std::move(out);
}

void read_back(const AcceptedBatch& accepted, CompressionContext& context) {
  const auto view = RecordBatchView::open(accepted.bytes);
  require(view.has_value() && view->crc_matches() && view->size_bytes() == accepted.bytes.size());
  RecordReader reader(*view, context);
  std::int32_t count = 0;
  std::int64_t max_timestamp = kNoTimestamp;
  for (;;) {
    const auto record = reader.next();
    require(record.has_value());
    if (*record == nullptr) break;
    require((*record)->offset_delta == count);
    if (reader.timestamp() > max_timestamp) max_timestamp = reader.timestamp();
    std::int32_t headers = 0;
    (*record)->for_each_header([&](const RecordHeaderView&) { ++headers; });
    require(headers == (*record)->header_count);
    ++count;
  }
  require(count == accepted.count && count == accepted.last_offset_delta + 1);
  require(max_timestamp == accepted.max_timestamp);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static CompressionContext context;  // used again, as an I/O thread does
  if (size < 1) return 0;
  const std::uint8_t choice = data[0];
  const auto input = std::as_bytes(std::span(data + 1, size - 1));
  (void)peek_batch(input);
  (void)check_produce_records(input, 9);

  Bytes bytes(input.begin(), input.end());
  if (bytes.size() >= kBatchHeaderBytes) {
    const auto codec = compression_from_id(choice & 7);
    if ((choice & 0x80) != 0 && codec) compress_records(bytes, *codec, context);
    store_be(bytes.data() + batch_layout::kMagic, kMagicV2);
    if ((choice & 0x40) != 0)
      store_be(bytes.data() + batch_layout::kLength, static_cast<std::int32_t>(bytes.size() - batch_layout::kLogOverhead));
    if ((choice & 7) != 7)
      bytes[batch_layout::kAttributes + 1] = (bytes[batch_layout::kAttributes + 1] & std::byte{0xf8}) | std::byte(choice & 7);
    if (auto batch = MutableRecordBatch::open(bytes)) batch->seal();
  }
  (void)check_produce_records(bytes, 9);

  AppendRules rules;
  rules.max_message_bytes = 1 << 20;
  rules.compacted = (choice & 0x08) != 0;
  if ((choice & 0x10) != 0) rules.timestamp_type = TimestampType::kLogAppendTime;
  if ((choice & 0x20) != 0) rules.compression = static_cast<Compression>(((choice & 7) + 1) % kCompressionKinds);
  const auto accepted = validate_append(bytes, rules, AppendOrigin::kClient, 1'700'000'000'000, context);
  if (accepted) read_back(*accepted, context);
  return 0;
}
