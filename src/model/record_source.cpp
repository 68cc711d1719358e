#include "model/record_source.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/check.h"

namespace barnabas {
namespace {

constexpr std::size_t kKeepBytes = std::size_t{1} << 20;

}  // namespace

RecordSource::RecordSource(const RecordBatchView& batch, CompressionContext& context, std::uint64_t decompressed_max, ByteSink sink)
    : context_(context), sink_(std::move(sink)), decompressed_max_(decompressed_max) {
  const auto codec = batch.compression();
  CHECK(codec.has_value());
  if (*codec == Compression::kNone) {
    at_ = batch.records().data();
    end_ = at_ + batch.records().size();
    return;
  }
  Bytes& window = context_.window();
  if (window.empty()) window.resize(CompressionContext::kWindowBytes);
  at_ = end_ = window.data();
  decompressor_.emplace(context_.decompress(*codec, batch.records()));
}

RecordSource::~RecordSource() {
  Bytes& window = context_.window();
  if (window.size() > kKeepBytes) Bytes().swap(window);
}

// Decompresses into the room behind end_; 0: the stream has ended.
Result<std::size_t> RecordSource::refill() {
  if (!decompressor_) return std::size_t{0};
  Bytes& window = context_.window();
  std::byte* const to = window.data() + (end_ - window.data());
  const std::size_t room = static_cast<std::size_t>(window.data() + window.size() - to);
  TRY_ASSIGN(const std::size_t size, decompressor_->read(MutableBytes(to, room)));
  if (size > decompressed_max_ - decompressed_) {
    return fail(Errc::kTooLarge, fmt::format("records decompress to more than {} bytes", decompressed_max_));
  }
  decompressed_ += size;
  end_ += size;
  if (sink_ && size > 0) sink_(ByteView(to, size));
  return size;
}

Result<bool> RecordSource::ensure(std::size_t size) {
  if (available() >= size) return true;
  if (!decompressor_) return false;
  Bytes& window = context_.window();
  std::size_t have = available();
  std::memmove(window.data(), at_, have);
  at_ = window.data();
  end_ = at_ + have;
  while (have < size) {
    if (have == window.size()) {
      window.resize(std::min(size, window.size() * 2));
      at_ = window.data();
      end_ = at_ + have;
    }
    TRY_ASSIGN(const std::size_t more, refill());
    if (more == 0) return false;
    have += more;
  }
  return true;
}

Result<bool> RecordSource::skip(std::uint64_t size) {
  for (;;) {
    const std::uint64_t step = std::min<std::uint64_t>(size, available());
    at_ += step;
    size -= step;
    if (size == 0) return true;
    if (!decompressor_) return false;
    at_ = end_ = context_.window().data();
    TRY_ASSIGN(const std::size_t more, refill());
    if (more == 0) return false;
  }
}

}  // namespace barnabas
