#include "model/record_walk.h"

#include <fmt/format.h>

#include "model/record.h"
#include "model/record_reader.h"

namespace barnabas {
namespace {

// What the walk judges of a record: a record that is larger than the window never is in memory as a whole.
struct Shape {
  std::int64_t timestamp_delta = 0;
  std::int32_t offset_delta = 0;
  bool null_key = false;
};

class Walk {
 public:
  Walk(const RecordBatchView& batch, CompressionContext& context, const WalkRules& rules, ByteSink sink)
      : batch_(batch),
        rules_(rules),
        count_(batch.count()),
        base_timestamp_(batch.base_timestamp()),
        claimed_(batch.timestamp_type() == TimestampType::kLogAppendTime && rules.append_time_claim != AppendTimeClaim::kBelieved),
        append_time_(batch.timestamp_type() == TimestampType::kLogAppendTime && !claimed_),
        source_(batch, context, rules.decompressed_max, std::move(sink)) {}

  Result<WalkResult> run() {
    if (count_ < 0) return fail(Errc::kCorrupt, fmt::format("a batch of {} records", count_));
    // Every record takes bytes: a count beyond them is a lie that need not be counted out.
    if (static_cast<std::uint64_t>(count_) > source_.remaining_max() / kRecordMinBytes) {
      return fail(Errc::kCorrupt, fmt::format("{} records do not fit the batch", count_));
    }
    while (index_ < count_) {
      TRY(walk_window());
      if (index_ < count_) TRY(walk_straddling());
    }
    TRY_ASSIGN(const bool more, source_.ensure(1));
    if (more) return fail(Errc::kCorrupt, fmt::format("bytes behind the last of {} records", count_));
    result_.max_timestamp = max_timestamp_;
    result_.max_timestamp_offset_delta = max_timestamp_offset_delta_;
    result_.records_bytes = batch_.compression() == Compression::kNone ? batch_.records().size() : source_.decompressed_bytes();
    return std::move(result_);
  }

 private:
  // The hot path: all records that lie wholly in the window.
  Result<> walk_window() {
    const std::byte* at = source_.at();
    const std::byte* const end = source_.end();
    RecordView record;
    while (index_ < count_) {
      std::int32_t length = 0;
      const std::byte* const body = read_varint(at, end, length);
      if (body == nullptr || length < 0 || length > end - body) break;  // straddles the window's end, or is nonsense
      if (!parse_record_body(body, body + length, record)) [[unlikely]]
        return malformed();
      if (!judge({record.timestamp_delta, record.offset_delta, record.key_data == nullptr})) [[unlikely]]
        return bad_offset(record.offset_delta);
      at = body + length;
    }
    source_.advance_to(at);
    return {};
  }

  // One record that the window does not hold whole: brought into it if it can be, else walked piece by piece.
  Result<> walk_straddling() {
    TRY(source_.ensure(kVarintMaxBytes));
    std::int32_t length = 0;
    const std::byte* const body = read_varint(source_.at(), source_.end(), length);
    if (body == nullptr || length < 0) return malformed();
    const auto whole = static_cast<std::size_t>(body - source_.at()) + static_cast<std::size_t>(length);
    if (whole > CompressionContext::kWindowBytes) {
      source_.advance_to(body);
      return walk_large(length);
    }
    TRY_ASSIGN(const bool there, source_.ensure(whole));
    return there ? Result<>() : Result<>(malformed());
  }

  Result<> walk_large(std::int64_t length) {
    Shape shape;
    std::int32_t headers = 0;
    left_ = length;
    TRY(skip(1));  // attributes
    TRY(number(shape.timestamp_delta));
    TRY(number(shape.offset_delta));
    TRY_ASSIGN(const bool has_key, sized());
    TRY(sized());
    TRY(number(headers));
    if (headers < 0) return malformed();
    for (; headers > 0; --headers) {
      TRY_ASSIGN(const bool has_name, sized());
      if (!has_name) return malformed();
      TRY(sized());
    }
    if (left_ != 0) return malformed();
    shape.null_key = !has_key;
    if (!judge(shape)) return bad_offset(shape.offset_delta);
    return {};
  }

  template <class T>
  Result<> number(T& value) {
    TRY(source_.ensure(kVarlongMaxBytes));
    const std::byte* const next = read_varint(source_.at(), source_.end(), value);
    if (next == nullptr || next - source_.at() > left_) return malformed();
    left_ -= next - source_.at();
    source_.advance_to(next);
    return {};
  }

  Result<> skip(std::int64_t size) {
    if (size > left_) return malformed();
    left_ -= size;
    TRY_ASSIGN(const bool there, source_.skip(static_cast<std::uint64_t>(size)));
    return there ? Result<>() : Result<>(malformed());
  }

  // A size and its bytes; false: null.
  Result<bool> sized() {
    std::int32_t size = 0;
    TRY(number(size));
    if (size < 0) return false;
    TRY(skip(size));
    return true;
  }

  // False: the offset delta breaks the order. Everything else is noted.
  [[gnu::always_inline]] bool judge(const Shape& shape) {
    if (rules_.contiguous_offsets ? shape.offset_delta != index_ : shape.offset_delta <= last_offset_delta_) [[unlikely]]
      return false;
    last_offset_delta_ = shape.offset_delta;
    const std::int64_t timestamp = append_time_ ? batch_.max_timestamp() : add_delta(base_timestamp_, shape.timestamp_delta);
    if (timestamp > max_timestamp_) {
      max_timestamp_ = timestamp;
      max_timestamp_offset_delta_ = shape.offset_delta;
    }
    if (shape.null_key && rules_.keys_required) [[unlikely]] {
      note(RecordFault::kNullKey, timestamp);
    } else if ((timestamp < rules_.timestamp_min || timestamp > rules_.timestamp_max) && timestamp != kNoTimestamp) [[unlikely]] {
      note(RecordFault::kTimestampOutOfRange, timestamp);
    } else if (claimed_ && (rules_.append_time_claim == AppendTimeClaim::kRefused || timestamp == kNoTimestamp)) [[unlikely]] {
      note(RecordFault::kLogAppendTimeClaimed, timestamp);
    }
    ++index_;
    return true;
  }

  [[gnu::noinline]] void note(RecordFault fault, std::int64_t timestamp) {
    ++result_.problem_count;
    if (fault != RecordFault::kNullKey) result_.any_timestamp_problem = true;
    if (result_.problems.size() < kRecordProblemsMax) result_.problems.push_back({index_, fault, timestamp});
  }

  std::unexpected<Error> malformed() const { return fail(Errc::kCorrupt, fmt::format("record {} of {} is malformed", index_, count_)); }
  std::unexpected<Error> bad_offset(std::int32_t delta) const {
    return fail(Errc::kCorrupt, fmt::format("record {} of {} has the offset delta {}", index_, count_, delta));
  }

  const RecordBatchView batch_;
  const WalkRules rules_;
  const std::int32_t count_;
  const std::int64_t base_timestamp_;
  const bool claimed_;      // the header says LogAppendTime and should not
  const bool append_time_;  // the header says so, and that is how it is
  RecordSource source_;
  std::int32_t index_ = 0;
  std::int32_t last_offset_delta_ = -1;
  std::int64_t left_ = 0;  // of the large record being walked
  std::int64_t max_timestamp_ = kNoTimestamp;
  std::int32_t max_timestamp_offset_delta_ = 0;
  WalkResult result_;
};

}  // namespace

Result<WalkResult> walk_records(const RecordBatchView& batch, CompressionContext& context, const WalkRules& rules, ByteSink sink) {
  if (!batch.compression()) return fail(Errc::kUnsupported, fmt::format("unknown compression {}", batch.compression_id()));
  return Walk(batch, context, rules, std::move(sink)).run();
}

}  // namespace barnabas
