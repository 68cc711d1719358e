#include "model/batch_validation.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "base/check.h"
#include "model/record_walk.h"

namespace barnabas {
namespace {

using namespace batch_layout;

constexpr std::int16_t kFirstVersionWithZstd = 7;
constexpr std::uint64_t kDecompressedMinCap = std::uint64_t{64} << 20;
constexpr std::uint64_t kDecompressedPerMessageBytes = 16;

std::unexpected<BatchRejection> reject(ErrorCode code, std::string message) {
  return std::unexpected(BatchRejection{code, std::move(message), {}});
}

std::int64_t saturating_add(std::int64_t a, std::int64_t b) {
  std::int64_t sum = 0;
  if (!__builtin_add_overflow(a, b, &sum)) return sum;
  return b > 0 ? std::numeric_limits<std::int64_t>::max() : std::numeric_limits<std::int64_t>::min();
}

// A checksum that matches says that the bytes are the client's: what is wrong with them then is no damage on the way.
ErrorCode code_of(const Error& error) { return error.code == Errc::kTooLarge ? ErrorCode::kMessageTooLarge : ErrorCode::kInvalidRecord; }

std::string describe(const RecordProblem& problem, const WalkRules& rules) {
  switch (problem.fault) {
    case RecordFault::kNullKey: return "a compacted topic needs a key in every record";
    case RecordFault::kTimestampOutOfRange:
      return fmt::format("timestamp {} is not within [{}, {}]", problem.timestamp, rules.timestamp_min, rules.timestamp_max);
    case RecordFault::kLogAppendTimeClaimed: return "a producer may not set the timestamp type to LogAppendTime";
  }
  CHECK(false);
}

BatchRejection reject_records(const WalkResult& walk, const WalkRules& rules) {
  // P19: one bad timestamp decides what the batch is refused for.
  BatchRejection rejection{
      walk.any_timestamp_problem ? ErrorCode::kInvalidTimestamp : ErrorCode::kInvalidRecord,
      fmt::format("{} records were refused; the first: {}", walk.problem_count, describe(walk.problems.front(), rules)),
      {}};
  rejection.record_errors.reserve(walk.problems.size());
  for (const RecordProblem& problem : walk.problems) rejection.record_errors.push_back({problem.index, describe(problem, rules)});
  return rejection;
}

// P14, P12, P11.
std::expected<void, BatchRejection> check_frame(const RecordBatchView& batch, const AppendRules& rules, AppendOrigin origin) {
  if (origin == AppendOrigin::kClient && batch.base_offset() != Offset(0)) {
    return reject(ErrorCode::kInvalidRecord, fmt::format("the base offset of a new batch is 0, not {}", batch.base_offset().value()));
  }
  if (batch.size_bytes() > static_cast<std::size_t>(std::max(rules.max_message_bytes, 0))) {
    return reject(ErrorCode::kMessageTooLarge,
                  fmt::format("a batch of {} bytes is over max.message.bytes {}", batch.size_bytes(), rules.max_message_bytes));
  }
  if (!batch.crc_matches()) {
    return reject(ErrorCode::kCorruptMessage,
                  fmt::format("checksum {:08x} is stored, {:08x} computed", batch.stored_crc(), batch.computed_crc()));
  }
  return {};
}

// P15 as far as the header goes, P16, P17.
std::expected<void, BatchRejection> check_header(const RecordBatchView& batch, AppendOrigin origin) {
  if (origin != AppendOrigin::kClient) return {};
  if (batch.last_offset_delta() < 0 || batch.count() <= 0 || batch.count() - 1 != batch.last_offset_delta()) {
    return reject(ErrorCode::kInvalidRecord,
                  fmt::format("{} records and a last offset delta of {}", batch.count(), batch.last_offset_delta()));
  }
  if (batch.is_control()) return reject(ErrorCode::kInvalidRecord, "control records are written by brokers only");
  if (batch.has_producer_id() && batch.base_sequence() < 0) {
    return reject(ErrorCode::kInvalidRecord, fmt::format("producer {} sent the sequence {}", batch.producer_id(), batch.base_sequence()));
  }
  return {};
}

WalkRules walk_rules(const AppendRules& rules, bool control, std::int64_t now_ms) {
  WalkRules walk;
  walk.keys_required = rules.compacted && !control;
  walk.contiguous_offsets = true;
  walk.append_time_claim = AppendTimeClaim::kRefused;
  if (rules.timestamp_type == TimestampType::kCreateTime) {
    walk.append_time_claim = AppendTimeClaim::kIgnored;
    walk.timestamp_min = saturating_add(now_ms, -rules.timestamp_before_max_ms);
    walk.timestamp_max = saturating_add(now_ms, rules.timestamp_after_max_ms);
  }
  walk.decompressed_max = decompressed_max_bytes(rules);
  return walk;
}

// Writes the batch again with another compression (P26): the header is copied, the records stay byte for byte.
class Rewriter {
 public:
  Rewriter(const RecordBatchView& batch, Compression target, const AppendRules& rules, CompressionContext& context)
      : batch_(batch),
        target_(target),
        output_(batch.bytes().begin(), batch.bytes().begin() + kBatchHeaderBytes),
        compressor_(context.compress(target, rules.levels, output_, static_cast<std::size_t>(std::max(rules.max_message_bytes, 0)))) {}

  void write(ByteView records) {
    if (outcome_) outcome_ = compressor_.write(records);
  }

  // kTooLarge: the new batch would be over max.message.bytes.
  Result<Bytes> finish() && {
    TRY(outcome_);
    TRY(compressor_.finish());
    const int others = batch_.attributes() & ~kCompressionMask;
    store_be(output_.data() + kLength, static_cast<std::int32_t>(output_.size() - kLogOverhead));
    store_be(output_.data() + kAttributes, static_cast<std::int16_t>(others | static_cast<int>(target_)));
    TRY_ASSIGN(MutableRecordBatch batch, MutableRecordBatch::open(output_));
    batch.seal();
    return std::move(output_);
  }

 private:
  const RecordBatchView batch_;
  const Compression target_;
  Bytes output_;
  Compressor compressor_;
  Result<> outcome_;
};

AcceptedBatch accept(MutableRecordBatch batch, Bytes rewritten, const WalkResult& walk, const AppendRules& rules, std::int64_t now_ms) {
  const bool append_time = rules.timestamp_type == TimestampType::kLogAppendTime;
  batch.set_max_timestamp(rules.timestamp_type, append_time ? now_ms : walk.max_timestamp);
  AcceptedBatch accepted;
  accepted.bytes = batch.mutable_bytes();
  accepted.rewritten = std::move(rewritten);
  accepted.count = batch.count();
  accepted.last_offset_delta = batch.last_offset_delta();
  accepted.max_timestamp = batch.max_timestamp();
  accepted.max_timestamp_offset_delta = append_time ? 0 : walk.max_timestamp_offset_delta;
  if (append_time) accepted.log_append_time_ms = now_ms;
  accepted.compression = batch.compression().value_or(Compression::kNone);
  accepted.producer_id = batch.producer_id();
  accepted.producer_epoch = batch.producer_epoch();
  accepted.base_sequence = batch.base_sequence();
  accepted.last_sequence = batch.last_sequence();
  accepted.transactional = batch.is_transactional();
  accepted.control = batch.is_control();
  return accepted;
}

}  // namespace

std::uint64_t decompressed_max_bytes(const AppendRules& rules) {
  const auto message_bytes = static_cast<std::uint64_t>(std::max(rules.max_message_bytes, 0));
  // Clients count in 32 bits.
  return std::min<std::uint64_t>(std::max(kDecompressedMinCap, message_bytes * kDecompressedPerMessageBytes), INT32_MAX);
}

std::optional<BatchRejection> check_produce_records(ByteView records, std::int16_t produce_version) {
  const auto invalid = [](std::string message) { return BatchRejection{ErrorCode::kInvalidRecord, std::move(message), {}}; };
  if (records.size() < kPeekMagicBytes) return invalid("a produce needs one record batch for each partition");
  // The formats that once were are no longer taken; a magic that never was can only be damage. Kafka draws the same line.
  const auto magic = load_be<std::int8_t>(records.data() + kMagic);
  if (magic == 0 || magic == 1) return invalid(fmt::format("message format {} where record batches have {}", magic, kMagicV2));
  const auto peek = peek_batch(records);
  if (!peek) return BatchRejection{ErrorCode::kCorruptMessage, peek.error().message, {}};
  if (peek->size_bytes > records.size()) return invalid("the record batch is cut short");
  if (peek->size_bytes < records.size()) return invalid("more than one record batch for a partition");

  const auto batch = RecordBatchView::open(records);
  if (!batch) return BatchRejection{ErrorCode::kCorruptMessage, batch.error().message, {}};
  if (produce_version < kFirstVersionWithZstd && batch->compression() == Compression::kZstd) {
    return BatchRejection{
        ErrorCode::kUnsupportedCompressionType, fmt::format("no zstd before Produce version {}", kFirstVersionWithZstd), {}};
  }
  return std::nullopt;
}

std::expected<AcceptedBatch, BatchRejection> validate_append(MutableBytes records, const AppendRules& rules, AppendOrigin origin,
                                                             std::int64_t now_ms, CompressionContext& context) {
  auto opened = MutableRecordBatch::open(records);
  if (!opened || opened->size_bytes() != records.size()) return reject(ErrorCode::kInvalidRecord, "not exactly one record batch");
  MutableRecordBatch batch = *opened;
  if (auto checked = check_frame(batch, rules, origin); !checked) return std::unexpected(std::move(checked).error());
  if (auto checked = check_header(batch, origin); !checked) return std::unexpected(std::move(checked).error());

  // Markers stay as they are: they are a few bytes, and are told apart without decompressing.
  const auto source = batch.compression();
  const bool rewrite = source && rules.compression && *rules.compression != *source && !batch.is_control();
  std::optional<Rewriter> rewriter;
  if (rewrite) rewriter.emplace(batch, *rules.compression, rules, context);
  const bool streams = rewrite && *source != Compression::kNone;
  const WalkRules limits = walk_rules(rules, batch.is_control(), now_ms);
  const auto walk = walk_records(batch, context, limits, streams ? ByteSink([&](ByteView bytes) { rewriter->write(bytes); }) : ByteSink());
  if (!walk) return reject(code_of(walk.error()), walk.error().message);
  if (walk->problem_count > 0) return std::unexpected(reject_records(*walk, limits));

  Bytes rewritten;
  if (rewriter) {
    if (!streams) rewriter->write(batch.records());
    auto result = std::move(*rewriter).finish();
    if (!result)
      return reject(ErrorCode::kMessageTooLarge, fmt::format("recompressed it is over max.message.bytes {}", rules.max_message_bytes));
    rewritten = *std::move(result);
    batch = *MutableRecordBatch::open(rewritten);
  }
  if (batch.size_bytes() > static_cast<std::size_t>(std::max(rules.segment_bytes, 0))) {
    return reject(ErrorCode::kRecordListTooLarge,
                  fmt::format("a batch of {} bytes is over segment.bytes {}", batch.size_bytes(), rules.segment_bytes));
  }
  return accept(batch, std::move(rewritten), *walk, rules, now_ms);
}

}  // namespace barnabas
