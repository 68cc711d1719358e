#include "protocol/codec.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "base/check.h"

namespace barnabas::protocol {

namespace {

constexpr std::size_t kCopiedSliceMaxBytes = 1024;  // a smaller slice is cheaper copied than sent by itself

// An element takes more memory than wire bytes: real messages up to about ten times, hostile ones up to a hundred.
constexpr std::size_t kMemoryPerWireByte = 16;
constexpr std::size_t kMemoryFreeBytes = 1 << 20;

bool same(const Slice& a, const Slice& b) {
  if (a.index() != b.index()) return false;
  if (const auto* file = std::get_if<FileSlice>(&a)) {
    const auto& other = std::get<FileSlice>(b);
    return file->file == other.file && file->position == other.position && file->length == other.length;
  }
  return as_text(std::get<MemorySlice>(a).bytes) == as_text(std::get<MemorySlice>(b).bytes);
}

std::size_t uvarint_size(std::uint32_t value) { return (std::bit_width(value | 1U) + 6U) / 7U; }

std::byte* put_uvarint(std::byte* to, std::uint32_t value) {
  for (; value >= 0x80; value >>= 7) *to++ = static_cast<std::byte>(value | 0x80);
  *to++ = static_cast<std::byte>(value);
  return to;
}

}  // namespace

std::uint64_t RecordsField::size() const {
  std::uint64_t total = view_.size();
  for (const Slice& slice : slices_) total += barnabas::size(slice);
  return total;
}

MutableBytes RecordsField::mutable_view() const {
  CHECK(writable_);
  return {const_cast<std::byte*>(view_.data()), view_.size()};
}

bool operator==(const RecordsField& a, const RecordsField& b) {
  return a.null_ == b.null_ && as_text(a.view_) == as_text(b.view_) && std::ranges::equal(a.slices_, b.slices_, same);
}

UnknownTags::UnknownTags(const UnknownTags& other)
    : tags_(other.tags_ ? std::make_unique<std::vector<UnknownTag>>(*other.tags_) : nullptr) {}

UnknownTags& UnknownTags::operator=(const UnknownTags& other) {
  if (this != &other) *this = UnknownTags(other);
  return *this;
}

void UnknownTags::add(std::uint32_t tag, ByteView bytes) {
  if (!tags_) tags_ = std::make_unique<std::vector<UnknownTag>>();
  tags_->push_back({tag, bytes});
}

bool operator==(const UnknownTags& a, const UnknownTags& b) { return std::ranges::equal(a.all(), b.all()); }

Decoder::Decoder(ByteView frame, bool writable)
    : begin_(frame.data()),
      at_(begin_),
      end_(begin_ + frame.size()),
      memory_left_(kMemoryFreeBytes + kMemoryPerWireByte * frame.size()),
      writable_(writable) {}

void Decoder::fail(const char* why) {
  if (failure_ == nullptr) {
    failure_ = why;
    failed_at_ = position();
  }
  at_ = end_;
}

Result<> Decoder::finish() {
  if (ok() && remaining() > 0) fail("bytes are left over");
  return finish_prefix();
}

Result<> Decoder::finish_prefix() const {
  if (ok()) return {};
  return barnabas::fail(Errc::kCorrupt, fmt::format("{} at byte {}", failure_, failed_at_));
}

// At most five bytes that fit into 32 bits. Padding with zero groups is taken, as Kafka takes it.
std::uint32_t Decoder::long_uvarint() {
  std::uint32_t value = 0;
  for (unsigned shift = 0; shift < 35; shift += 7) {
    const auto byte = fixed<std::uint8_t>();
    if (shift == 28 && byte > 0x0f) {
      fail("a varint is over 32 bits");
      return 0;
    }
    value |= static_cast<std::uint32_t>(byte & 0x7f) << shift;
    if (byte < 0x80) return ok() ? value : 0;
  }
  return 0;
}

bool Decoder::string_length(bool flexible, std::size_t& out) {
  if (flexible) {
    const std::uint32_t plus_one = uvarint();
    if (plus_one == 0) return !ok();
    out = plus_one - 1;
    if (out > kStringMaxBytes) fail("a string is over 32767 bytes");
    return true;
  }
  const auto size = fixed<std::int16_t>();
  if (size == -1) return false;
  if (size < 0) fail("a string's length is negative");
  out = static_cast<std::uint16_t>(size);
  return true;
}

bool Decoder::length(bool flexible, std::size_t& out) {
  if (flexible) {
    const std::uint32_t plus_one = uvarint();
    if (plus_one == 0) return !ok();
    out = plus_one - 1;
    return true;
  }
  const auto size = fixed<std::int32_t>();
  if (size == -1) return false;
  out = static_cast<std::uint32_t>(size);  // a negative one is longer than any frame
  return true;
}

bool Decoder::array_length(bool flexible, std::size_t element_min_bytes, std::size_t element_size, std::uint32_t& out) {
  std::size_t count = 0;
  if (!length(flexible, count)) return false;
  if (!ok()) return true;
  if (count > remaining() / element_min_bytes) {
    fail("an array has more elements than bytes are left");
    return true;
  }
  if (count * element_size > memory_left_) {
    fail("the message would take too much memory for its size");
    return true;
  }
  memory_left_ -= count * element_size;
  out = static_cast<std::uint32_t>(count);
  return true;
}

void Decoder::records(bool flexible, RecordsField& out) {
  std::size_t size = 0;
  if (!length(flexible, size)) return not_null();
  const ByteView taken = take(size);
  out = writable_ ? RecordsField(MutableBytes(const_cast<std::byte*>(taken.data()), taken.size())) : RecordsField(taken);
}

void Decoder::nullable_records(bool flexible, RecordsField& out) {
  std::size_t size = 0;
  if (!length(flexible, size)) {
    out = {};
    return;
  }
  const ByteView taken = take(size);
  out = writable_ ? RecordsField(MutableBytes(const_cast<std::byte*>(taken.data()), taken.size())) : RecordsField(taken);
}

Decoder::Tags::Tags(Decoder& decoder) : decoder_(decoder), left_(decoder.uvarint()), outer_end_(decoder.end_) {
  if (left_ > decoder.remaining() / 2) {
    decoder.fail("more tagged fields than bytes are left");
    left_ = 0;
  }
}

bool Decoder::Tags::next() {
  if (!first_) {
    if (decoder_.ok() && decoder_.at_ != decoder_.end_) decoder_.fail("a tagged field is shorter than its size");
    decoder_.end_ = outer_end_;
    if (!decoder_.ok()) decoder_.at_ = decoder_.end_;
  }
  if (left_ == 0 || !decoder_.ok()) return false;
  --left_;
  return begin_field();
}

bool Decoder::Tags::begin_field() {
  const std::uint32_t tag = decoder_.uvarint();
  const std::uint32_t size = decoder_.uvarint();
  if (!first_ && tag <= tag_) decoder_.fail("tagged fields are not in ascending order");
  if (size > decoder_.remaining()) decoder_.fail("a tagged field is cut off");
  if (!decoder_.ok()) return false;
  first_ = false;
  tag_ = tag;
  decoder_.end_ = decoder_.at_ + size;
  return true;
}

void Decoder::Tags::keep(UnknownTags& unknown) {
  if (decoder_.memory_left_ < sizeof(UnknownTag)) return decoder_.fail("the message would take too much memory for its size");
  decoder_.memory_left_ -= sizeof(UnknownTag);
  unknown.add(tag_, decoder_.take(decoder_.remaining()));
}

void Encoder::Free::operator()(std::byte* memory) const { std::free(memory); }

void Encoder::Buffer::grow(std::size_t more) {
  const std::size_t wanted = std::max({size + more, capacity * 2, std::size_t{256}});
  auto* moved = static_cast<std::byte*>(std::realloc(data.get(), wanted));
  CHECK(moved != nullptr);
  static_cast<void>(data.release());
  data.reset(moved);
  capacity = wanted;
}

void Encoder::fail(std::string_view field, std::string_view why) {
  if (!failure_) failure_ = Error{Errc::kInvalidArgument, fmt::format("{} {}", field, why)};
}

void Encoder::no_such_field(std::string_view field, std::int16_t version) {
  fail(field, fmt::format("is set, but version {} has no such field", version));
}

void Encoder::long_uvarint(std::uint32_t value) { put_uvarint(room(uvarint_size(value)), value); }

void Encoder::string(bool flexible, std::string_view value, std::string_view field) {
  if (value.size() > kStringMaxBytes) return fail(field, "is over 32767 bytes");
  if (flexible) {
    uvarint(static_cast<std::uint32_t>(value.size()) + 1);
  } else {
    fixed(static_cast<std::int16_t>(value.size()));
  }
  append(as_bytes(value));
}

void Encoder::bytes(bool flexible, ByteView value, std::string_view field) {
  if (value.size() > INT32_MAX - 1) return fail(field, "is over 2 GiB");
  array_length(flexible, value.size());
  append(value);
}

void Encoder::records(bool flexible, const RecordsField& value, std::string_view field) {
  const std::uint64_t size = value.size();  // null where null is not allowed: nothing, hence empty
  if (size > INT32_MAX - 1) return fail(field, "is over 2 GiB");
  array_length(flexible, size);
  append(value.view());
  for (const Slice& slice : value.slices()) append_slice(slice);
}

void Encoder::append_slice(const Slice& slice) {
  const auto* memory = std::get_if<MemorySlice>(&slice);
  if (memory != nullptr && memory->bytes.size() <= kCopiedSliceMaxBytes) return append(memory->bytes);
  if (barnabas::size(slice) == 0) return;
  external_bytes_ += barnabas::size(slice);
  externals_.push_back({buffer_.size, slice});
}

void Encoder::array_length(bool flexible, std::size_t count) {
  if (flexible) {
    uvarint(static_cast<std::uint32_t>(count) + 1);
  } else {
    fixed(static_cast<std::int32_t>(count));
  }
}

Result<OutFrame> Encoder::finish() {
  if (failure_) return std::unexpected(*failure_);
  OutFrame frame;
  frame.size = size();
  frame.slices.reserve(2 * externals_.size() + 1);
  const std::size_t end = buffer_.size;
  std::shared_ptr<const std::byte> owner(std::move(buffer_.data));
  std::size_t at = 0;
  const auto memory_until = [&](std::size_t position) {
    if (position > at) frame.slices.emplace_back(MemorySlice{owner, ByteView(owner.get() + at, position - at)});
    at = position;
  };
  for (External& external : externals_) {
    memory_until(external.position);
    frame.slices.push_back(std::move(external.slice));
  }
  memory_until(end);
  buffer_ = {};
  externals_.clear();
  external_bytes_ = 0;
  return frame;
}

Result<Bytes> Encoder::finish_bytes() {
  if (failure_) return std::unexpected(*failure_);
  Bytes result;
  result.reserve(size());
  TRY_ASSIGN(const OutFrame frame, finish());
  for (const Slice& slice : frame.slices) {
    const auto* memory = std::get_if<MemorySlice>(&slice);
    if (memory == nullptr) return barnabas::fail(Errc::kInvalidArgument, "a message with file ranges cannot be made one piece");
    result.insert(result.end(), memory->bytes.begin(), memory->bytes.end());
  }
  return result;
}

// The size in front of a tagged field is known only behind it: one byte is left for it, and the field moves up when
// that is too little.
void Encoder::Tags::begin(std::uint32_t tag) {
  before(tag);
  encoder_.uvarint(tag);
  encoder_.room(1);
  body_ = encoder_.buffer_.size;
}

void Encoder::Tags::end() {
  CHECK(encoder_.externals_.empty() || encoder_.externals_.back().position < body_);  // no records in tagged fields
  const std::size_t size = encoder_.buffer_.size - body_;
  const std::size_t extra = uvarint_size(static_cast<std::uint32_t>(size)) - 1;
  if (extra > 0) {
    encoder_.room(extra);
    std::byte* body = encoder_.buffer_.data.get() + body_;
    std::memmove(body + extra, body, size);
  }
  put_uvarint(encoder_.buffer_.data.get() + body_ - 1, static_cast<std::uint32_t>(size));
}

void Encoder::Tags::before(std::uint64_t tag) {
  for (; !unknown_.empty() && unknown_.front().tag < tag; unknown_ = unknown_.subspan(1)) {
    encoder_.uvarint(unknown_.front().tag);
    encoder_.uvarint(static_cast<std::uint32_t>(unknown_.front().bytes.size()));
    encoder_.append(unknown_.front().bytes);
  }
}

}  // namespace barnabas::protocol
