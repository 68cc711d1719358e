#pragma once
// Reads and writes the values of Kafka's wire format. The generated messages call it; handlers seldom do.
//
//   plain      string int16 length, bytes and arrays int32 length; -1 is null
//   flexible   unsigned varint of length + 1; 0 is null. Every struct ends in tagged fields:
//              count, then (tag, size, bytes) by ascending tag
//
// Decoder: over one frame, every byte of it hostile. It remembers the first failure, then reads only zeros and empty
// values, and is asked once at the end. A count is held against the bytes that are left before memory is taken, and
// all memory a message may take is bounded by a multiple of its frame.
// Encoder: appends to one buffer; record bytes that are already in memory or a file are referred to, not copied.
// Neither may be shared between threads.
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/slice.h"
#include "model/types.h"

namespace barnabas::protocol {

inline constexpr std::size_t kStringMaxBytes = 32767;  // in flexible versions too, as in Kafka

// Bytes of a field: decoded, a view of the frame; to encode, whatever the caller keeps alive. Compares by content.
class BytesField : public ByteView {
 public:
  using ByteView::ByteView;
  BytesField(ByteView bytes) : ByteView(bytes) {}
  BytesField(const Bytes& bytes) : ByteView(bytes) {}
  friend bool operator==(const BytesField& a, const BytesField& b) { return as_text(a) == as_text(b); }
};

// Record batches of one partition. Decoded, they are one view of the frame, which the broker may patch in place when
// the frame was given as MutableBytes. To encode, they are slices in order. Null when nothing was set, as in Kafka.
class RecordsField {
 public:
  RecordsField() = default;
  explicit RecordsField(ByteView bytes) : null_(false), view_(bytes) {}  // the caller keeps them alive
  explicit RecordsField(MutableBytes bytes) : null_(false), writable_(true), view_(bytes) {}
  explicit RecordsField(std::vector<Slice> slices) : null_(false), slices_(std::move(slices)) {}

  bool is_null() const { return null_; }
  std::uint64_t size() const;
  ByteView view() const { return view_; }
  MutableBytes mutable_view() const;  // only of a frame that was decoded as MutableBytes
  const std::vector<Slice>& slices() const { return slices_; }

  // By content where it is in memory; file ranges by file, position and length.
  friend bool operator==(const RecordsField& a, const RecordsField& b);

 private:
  bool null_ = true;
  bool writable_ = false;
  ByteView view_;
  std::vector<Slice> slices_;
};

struct UnknownTag {
  std::uint32_t tag = 0;
  BytesField bytes;
  friend bool operator==(const UnknownTag&, const UnknownTag&) = default;
};

// Tagged fields that our schema does not know, kept so that a message can be passed on whole. One pointer when empty.
class UnknownTags {
 public:
  UnknownTags() = default;
  UnknownTags(UnknownTags&&) noexcept = default;
  UnknownTags& operator=(UnknownTags&&) noexcept = default;
  UnknownTags(const UnknownTags& other);
  UnknownTags& operator=(const UnknownTags& other);
  ~UnknownTags() = default;

  std::span<const UnknownTag> all() const { return tags_ ? std::span<const UnknownTag>(*tags_) : std::span<const UnknownTag>(); }
  std::uint32_t size() const { return tags_ ? static_cast<std::uint32_t>(tags_->size()) : 0; }
  void add(std::uint32_t tag, ByteView bytes);  // in ascending order
  friend bool operator==(const UnknownTags& a, const UnknownTags& b);

 private:
  std::unique_ptr<std::vector<UnknownTag>> tags_;
};

class Decoder {
 public:
  explicit Decoder(ByteView frame) : Decoder(frame, false) {}
  explicit Decoder(MutableBytes frame) : Decoder(frame, true) {}

  bool ok() const { return failure_ == nullptr; }
  std::size_t remaining() const { return static_cast<std::size_t>(end_ - at_); }
  std::size_t position() const { return static_cast<std::size_t>(at_ - begin_); }
  // Remembers the first reason (a literal) and stops reading.
  [[gnu::cold, gnu::noinline]] void fail(const char* why);

  // kCorrupt with the reason, also when bytes are left over.
  Result<> finish();
  // As finish(), but bytes behind the message are nobody's business, as in Kafka.
  Result<> finish_prefix() const;

  template <class T>
    requires std::is_integral_v<T>
  void fixed(T& out) {
    if (remaining() < sizeof(T)) [[unlikely]]
      return fail("a number is cut off");
    out = load_be<T>(at_);
    at_ += sizeof(T);
  }
  template <class T>
  T fixed() {
    T value{};
    fixed(value);
    return value;
  }
  void fixed(bool& out) { out = fixed<std::uint8_t>() != 0; }
  void fixed(double& out) { out = std::bit_cast<double>(fixed<std::uint64_t>()); }
  void fixed(Uuid& out) {
    if (remaining() < 16) [[unlikely]]
      return fail("a uuid is cut off");
    std::memcpy(out.bytes.data(), at_, 16);
    at_ += 16;
  }
  std::uint32_t uvarint() {
    if (at_ < end_ && static_cast<std::uint8_t>(*at_) < 0x80) [[likely]]
      return static_cast<std::uint32_t>(*at_++);
    return long_uvarint();
  }

  void string(bool flexible, std::string& out) {
    std::size_t size = 0;
    if (!string_length(flexible, size)) return not_null();
    take_string(size, out);
  }
  void string(bool flexible, std::optional<std::string>& out) { string(flexible, out.emplace()); }
  void nullable_string(bool flexible, std::optional<std::string>& out) {
    std::size_t size = 0;
    if (!string_length(flexible, size)) return out.reset();
    take_string(size, out.emplace());
  }
  void bytes(bool flexible, BytesField& out) {
    std::size_t size = 0;
    if (!length(flexible, size)) return not_null();
    out = take(size);
  }
  void bytes(bool flexible, std::optional<BytesField>& out) { bytes(flexible, out.emplace()); }
  void nullable_bytes(bool flexible, std::optional<BytesField>& out) {
    std::size_t size = 0;
    if (!length(flexible, size)) return out.reset();
    out = take(size);
  }
  void records(bool flexible, RecordsField& out);
  void nullable_records(bool flexible, RecordsField& out);

  // Arrays. `element_min_bytes` is the least an element takes on the wire.
  template <class T>
  void structs(bool flexible, std::int16_t version, std::size_t element_min_bytes, std::vector<T>& out) {
    std::uint32_t count = 0;
    if (!array_length(flexible, element_min_bytes, sizeof(T), count)) return not_null();
    take_structs(version, count, out);
  }
  template <class T>
  void structs(bool flexible, std::int16_t version, std::size_t element_min_bytes, std::optional<std::vector<T>>& out) {
    structs(flexible, version, element_min_bytes, out.emplace());
  }
  template <class T>
  void nullable_structs(bool flexible, std::int16_t version, std::size_t element_min_bytes, std::optional<std::vector<T>>& out) {
    std::uint32_t count = 0;
    if (!array_length(flexible, element_min_bytes, sizeof(T), count)) return out.reset();
    take_structs(version, count, out.emplace());
  }
  template <class T>
  void array(bool flexible, std::vector<T>& out) {
    std::uint32_t count = 0;
    if (!array_length(flexible, element_bytes<T>(flexible), sizeof(T), count)) return not_null();
    take_array(flexible, count, out);
  }
  template <class T>
  void array(bool flexible, std::optional<std::vector<T>>& out) {
    array(flexible, out.emplace());
  }
  template <class T>
  void nullable_array(bool flexible, std::optional<std::vector<T>>& out) {
    std::uint32_t count = 0;
    if (!array_length(flexible, element_bytes<T>(flexible), sizeof(T), count)) return out.reset();
    take_array(flexible, count, out.emplace());
  }
  // The int8 in front of a struct that may be null.
  bool present() { return fixed<std::int8_t>() >= 0; }

  // Tagged fields of one struct: for (Tags tags(d); tags.next();) switch (tags.tag()) { ... default: tags.skip(...) }
  class Tags {
   public:
    explicit Tags(Decoder& decoder);
    bool next();  // also checks that the field before took exactly its size
    std::uint32_t tag() const { return tag_; }
    void keep(UnknownTags& unknown);

   private:
    bool begin_field();
    Decoder& decoder_;
    std::uint32_t left_ = 0;
    std::uint32_t tag_ = 0;
    bool first_ = true;
    const std::byte* outer_end_;
  };
  void unknown_tags(UnknownTags& unknown) {
    if (at_ < end_ && *at_ == std::byte{0}) [[likely]] {
      ++at_;
      return;
    }
    for (Tags tags(*this); tags.next();) tags.keep(unknown);
  }

  ByteView take(std::size_t size) {
    if (size > remaining()) [[unlikely]] {
      fail("bytes are cut off");
      return {};
    }
    ByteView taken(at_, size);
    at_ += size;
    return taken;
  }

 private:
  Decoder(ByteView frame, bool writable);
  [[gnu::cold, gnu::noinline]] void not_null() { fail("null where null is not allowed"); }
  std::uint32_t long_uvarint();
  // These return false for null.
  bool string_length(bool flexible, std::size_t& out);
  bool length(bool flexible, std::size_t& out);
  bool array_length(bool flexible, std::size_t element_min_bytes, std::size_t element_size, std::uint32_t& out);
  void take_string(std::size_t size, std::string& out) {
    if (size > remaining()) [[unlikely]]
      return fail("a string is cut off");
    out.assign(reinterpret_cast<const char*>(at_), size);
    at_ += size;
  }
  template <class T>
  static constexpr std::size_t element_bytes(bool flexible) {
    if constexpr (std::is_same_v<T, std::string> || std::is_same_v<T, BytesField>)
      return flexible ? 1 : std::is_same_v<T, std::string> ? 2 : 4;
    return sizeof(T);
  }
  template <class T>
  void take_structs(std::int16_t version, std::uint32_t count, std::vector<T>& out) {
    out.clear();
    out.reserve(std::min<std::size_t>(count, kReserveMaxBytes / sizeof(T) + 1));
    for (; count > 0 && ok(); --count) out.emplace_back().decode(*this, version);
  }
  template <class T>
  void take_array(bool flexible, std::uint32_t count, std::vector<T>& out) {
    out.clear();
    out.reserve(std::min<std::size_t>(count, kReserveMaxBytes / sizeof(T) + 1));
    for (; count > 0 && ok(); --count) {
      if constexpr (std::is_same_v<T, std::string>) {
        string(flexible, out.emplace_back());
      } else if constexpr (std::is_same_v<T, BytesField>) {
        bytes(flexible, out.emplace_back());
      } else {
        fixed(out.emplace_back());
      }
    }
  }

  static constexpr std::size_t kReserveMaxBytes = 64 * 1024;  // beyond this a vector grows as its elements arrive

  const std::byte* begin_;
  const std::byte* at_;
  const std::byte* end_;
  const char* failure_ = nullptr;
  std::size_t failed_at_ = 0;
  std::size_t memory_left_;
  bool writable_;
};

// What an encoder made: slices to be sent one after the other. Memory slices share one buffer.
struct OutFrame {
  std::vector<Slice> slices;
  std::uint64_t size = 0;
};

class Encoder {
 public:
  Encoder() = default;
  explicit Encoder(std::size_t expected_bytes) { buffer_.grow(expected_bytes); }

  bool ok() const { return !failure_; }
  std::uint64_t size() const { return buffer_.size + external_bytes_; }
  // Remembers the first failure: a value that this version cannot carry.
  [[gnu::cold, gnu::noinline]] void fail(std::string_view field, std::string_view why);
  [[gnu::cold, gnu::noinline]] void no_such_field(std::string_view field, std::int16_t version);

  Result<OutFrame> finish();
  Result<Bytes> finish_bytes();  // for messages without file slices

  template <class T>
    requires std::is_integral_v<T>
  void fixed(T value) {
    store_be(room(sizeof value), value);
  }
  void fixed(bool value) { *room(1) = static_cast<std::byte>(value); }
  void fixed(double value) { fixed(std::bit_cast<std::uint64_t>(value)); }
  void fixed(const Uuid& value) { std::memcpy(room(16), value.bytes.data(), 16); }
  void uvarint(std::uint32_t value) {
    if (value < 0x80) [[likely]] {
      *room(1) = static_cast<std::byte>(value);
    } else {
      long_uvarint(value);
    }
  }
  // Overwrites four bytes that were written before (a frame's length).
  void patch_int32(std::size_t position, std::int32_t value) { store_be(buffer_.data.get() + position, value); }

  void string(bool flexible, std::string_view value, std::string_view field);
  void string(bool flexible, const std::string& value, std::string_view field) { string(flexible, std::string_view(value), field); }
  void string(bool flexible, const std::optional<std::string>& value, std::string_view field) {
    value ? string(flexible, *value, field) : fail(field, "is null");
  }
  void nullable_string(bool flexible, const std::optional<std::string>& value, std::string_view field) {
    value ? string(flexible, *value, field) : null_string(flexible);
  }
  void bytes(bool flexible, ByteView value, std::string_view field);
  void bytes(bool flexible, const std::optional<BytesField>& value, std::string_view field) {
    value ? bytes(flexible, *value, field) : fail(field, "is null");
  }
  void nullable_bytes(bool flexible, const std::optional<BytesField>& value, std::string_view field) {
    value ? bytes(flexible, *value, field) : null(flexible);
  }
  void records(bool flexible, const RecordsField& value, std::string_view field);
  void nullable_records(bool flexible, const RecordsField& value, std::string_view field) {
    value.is_null() ? null(flexible) : records(flexible, value, field);
  }
  template <class T>
  void structs(bool flexible, std::int16_t version, const std::vector<T>& value, std::string_view) {
    array_length(flexible, value.size());
    for (const T& element : value) element.encode(*this, version);
  }
  template <class T>
  void structs(bool flexible, std::int16_t version, const std::optional<std::vector<T>>& value, std::string_view field) {
    value ? structs(flexible, version, *value, field) : fail(field, "is null");
  }
  template <class T>
  void nullable_structs(bool flexible, std::int16_t version, const std::optional<std::vector<T>>& value, std::string_view field) {
    value ? structs(flexible, version, *value, field) : null(flexible);
  }
  template <class T>
  void array(bool flexible, const std::vector<T>& value, std::string_view field) {
    array_length(flexible, value.size());
    for (const T& element : value) {
      if constexpr (std::is_same_v<T, std::string>) {
        string(flexible, element, field);
      } else if constexpr (std::is_same_v<T, BytesField>) {
        bytes(flexible, element, field);
      } else {
        fixed(element);
      }
    }
  }
  template <class T>
  void array(bool flexible, const std::optional<std::vector<T>>& value, std::string_view field) {
    value ? array(flexible, *value, field) : fail(field, "is null");
  }
  template <class T>
  void nullable_array(bool flexible, const std::optional<std::vector<T>>& value, std::string_view field) {
    value ? array(flexible, *value, field) : null(flexible);
  }
  void present(bool there) { fixed(static_cast<std::int8_t>(there ? 1 : -1)); }

  // Tagged fields of one struct, known ones by begin/end in ascending order, unknown ones in between.
  class Tags {
   public:
    Tags(Encoder& encoder, std::uint32_t known, const UnknownTags& unknown) : encoder_(encoder), unknown_(unknown.all()) {
      encoder.uvarint(known + unknown.size());
    }
    void begin(std::uint32_t tag);
    void end();
    void rest() { before(UINT64_MAX); }

   private:
    void before(std::uint64_t tag);
    Encoder& encoder_;
    std::span<const UnknownTag> unknown_;
    std::size_t body_ = 0;
  };
  void unknown_tags(const UnknownTags& unknown) {
    if (unknown.size() == 0) [[likely]]
      return uvarint(0);
    Tags(*this, 0, unknown).rest();
  }

 private:
  struct Free {
    void operator()(std::byte* memory) const;
  };
  // realloc-grown: no zeroing, and a big buffer moves by page tables.
  struct Buffer {
    std::unique_ptr<std::byte, Free> data;
    std::size_t size = 0;
    std::size_t capacity = 0;
    void grow(std::size_t more);
  };
  struct External {
    std::size_t position;  // in the buffer
    Slice slice;
  };

  std::byte* room(std::size_t more) {
    if (buffer_.capacity - buffer_.size < more) [[unlikely]]
      buffer_.grow(more);
    std::byte* at = buffer_.data.get() + buffer_.size;
    buffer_.size += more;
    return at;
  }
  void append(ByteView bytes) {
    if (!bytes.empty()) std::memcpy(room(bytes.size()), bytes.data(), bytes.size());
  }
  void long_uvarint(std::uint32_t value);
  void null_string(bool flexible) { flexible ? uvarint(0) : fixed(std::int16_t{-1}); }
  void null(bool flexible) { flexible ? uvarint(0) : fixed(std::int32_t{-1}); }
  void array_length(bool flexible, std::size_t count);
  void append_slice(const Slice& slice);

  Buffer buffer_;
  std::vector<External> externals_;
  std::uint64_t external_bytes_ = 0;
  std::optional<Error> failure_;
};

}  // namespace barnabas::protocol
