#include "storage/batch_scanner.h"

#include <algorithm>

#include "model/crc32c.h"

namespace barnabas::storage {
namespace {

constexpr std::size_t kLookupRead = 8 << 10;
constexpr std::size_t kHeaderRead = 512;  // for large batches, whose neighbours are far away
constexpr std::size_t kVerifyRead = 256 << 10;

}  // namespace

BatchScanner::BatchScanner(const File& file, std::uint64_t position, std::uint64_t limit, ReadMode mode, Purpose purpose)
    : file_(file),
      position_(position),
      limit_(limit),
      mode_(mode),
      purpose_(purpose),
      next_read_(purpose == Purpose::kVerify ? kVerifyRead : kLookupRead) {
  buffer_ = std::make_unique_for_overwrite<std::byte[]>(next_read_);
}

Result<> BatchScanner::need(std::uint64_t position, std::size_t bytes) {
  if (position >= window_begin_ && position + bytes <= window_begin_ + window_bytes_) return {};
  const std::size_t wanted = std::min<std::uint64_t>(std::max(next_read_, bytes), limit_ - position);
  const MutableBytes out(buffer_.get(), wanted);
  window_bytes_ = 0;
  TRY_ASSIGN(window_bytes_, mode_ == ReadMode::kMayWait ? file_.read_at(position, out) : file_.read_cached_at(position, out));
  window_begin_ = position;
  if (window_bytes_ >= bytes) return {};
  if (mode_ == ReadMode::kCachedOnly) return fail(Errc::kBusy, "not in the page cache");
  return fail(Errc::kIo, "segment file is shorter than it was");
}

Result<std::optional<BatchFrame>> BatchScanner::peek() {
  if (at_end() || limit_ - position_ < kBatchHeaderBytes) return std::nullopt;
  TRY(need(position_, kBatchHeaderBytes));
  auto frame = BatchFrame::parse(window(position_, kBatchHeaderBytes));
  if (frame && frame->size_bytes > limit_ - position_) return std::nullopt;
  // Offsets without a record are what compaction leaves, or a flipped bit in the offset delta, which would hide every
  // batch behind it: here the checksum decides.
  if (frame && frame->record_count != frame->last_offset - frame->base_offset + 1) {
    TRY_ASSIGN(const bool right, crc_matches(*frame));
    if (!right) return std::nullopt;
  }
  if (frame && purpose_ == Purpose::kLookup) next_read_ = frame->size_bytes > kLookupRead / 2 ? kHeaderRead : kLookupRead;
  return frame;
}

Result<bool> BatchScanner::crc_matches(const BatchFrame& frame) {
  const std::size_t step = purpose_ == Purpose::kVerify ? kVerifyRead : kLookupRead;
  std::uint64_t at = position_ + batch_layout::kAttributes;
  const std::uint64_t end = position_ + frame.size_bytes;
  std::uint32_t crc = 0;
  if (frame.size_bytes <= step) TRY(need(position_, frame.size_bytes));
  while (at < end) {
    const auto n = static_cast<std::size_t>(std::min<std::uint64_t>(step, end - at));
    TRY(need(at, n));
    crc = crc32c_extend(crc, window(at, n));
    at += n;
  }
  return crc == frame.crc;
}

Result<ByteView> BatchScanner::whole(const BatchFrame& frame, Bytes& large) {
  if (frame.size_bytes <= (purpose_ == Purpose::kVerify ? kVerifyRead : kHeaderRead)) {
    TRY(need(position_, frame.size_bytes));
    return window(position_, frame.size_bytes);
  }
  large.resize(frame.size_bytes);
  TRY(read_exactly(file_, position_, large, mode_));
  return ByteView(large);
}

Result<bool> BatchScanner::valid_at(std::uint64_t position, Offset expected) {
  const std::uint64_t before = position_;
  position_ = position;
  bool valid = false;
  auto frame = peek();
  if (!frame) return std::unexpected(frame.error());
  if (*frame && (*frame)->base_offset >= expected && (*frame)->last_offset - expected <= INT32_MAX) {
    TRY_ASSIGN(valid, crc_matches(**frame));
  }
  position_ = before;
  return valid;
}

Result<std::optional<std::uint64_t>> BatchScanner::find_next_valid(Offset expected) {
  TRY_ASSIGN(const auto damaged, peek());
  if (damaged && damaged->size_bytes < limit_ - position_) {
    TRY_ASSIGN(const bool valid, valid_at(position_ + damaged->size_bytes, expected));
    if (valid) return position_ + damaged->size_bytes;
  }
  // Every byte could begin a batch; the magic byte and the top of the offset make most of them cost one comparison.
  // Checksums over forged lengths must not make this quadratic: they share a budget of a few passes over the rest.
  std::uint64_t budget = (limit_ - position_) * 4;
  for (std::uint64_t at = position_ + 1; at + kBatchHeaderBytes <= limit_; ++at) {
    TRY(need(at, kBatchHeaderBytes));
    const ByteView header = window(at, kBatchHeaderBytes);
    if (header[batch_layout::kMagic] != std::byte{kMagicV2} || header[0] != std::byte{0}) continue;
    const auto frame = BatchFrame::parse(header);
    if (!frame || frame->size_bytes > limit_ - at || frame->base_offset < expected) continue;
    if (frame->size_bytes > budget) return std::nullopt;
    budget -= frame->size_bytes;
    TRY_ASSIGN(const bool valid, valid_at(at, expected));
    if (valid) return at;
  }
  return std::nullopt;
}

}  // namespace barnabas::storage
