#pragma once
// One record inside a batch. Every number is a zigzag varint (varint.h); offsets and timestamps count from the batch's.
//
//   length            varint  of all that follows        value size, value    varint (-1: null), bytes
//   attributes        int8    none are defined           header count         varint
//   timestamp delta   varlong ms                         { key size, key,     never null
//   offset delta      varint                               value size, value  -1: null }*
//   key size, key     varint (-1: null), bytes
//
// A RecordView points into the decompressed batch; its headers are known to be whole.
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "model/varint.h"

namespace barnabas {

struct RecordHeaderView {
  std::string_view key;
  std::optional<ByteView> value;
};

// Smallest record: length, attributes, two deltas, null key, null value, no headers.
inline constexpr std::size_t kRecordMinBytes = 7;

struct RecordView {
  std::int64_t timestamp_delta = 0;
  std::int32_t offset_delta = 0;
  std::int32_t header_count = 0;
  // A null key or value has no data pointer; an empty one has.
  const std::byte* key_data = nullptr;
  const std::byte* value_data = nullptr;
  std::size_t key_bytes = 0;
  std::size_t value_bytes = 0;
  ByteView header_bytes;

  std::optional<ByteView> key() const { return key_data == nullptr ? std::nullopt : std::optional(ByteView(key_data, key_bytes)); }
  std::optional<ByteView> value() const { return value_data == nullptr ? std::nullopt : std::optional(ByteView(value_data, value_bytes)); }

  // Calls visit(RecordHeaderView) for each header, in order; the same key may come twice.
  template <class Visitor>
  void for_each_header(Visitor&& visit) const;
};

namespace record_detail {

// A size and that many bytes. data stays null for -1, which only `nullable` may be.
[[gnu::always_inline]] inline const std::byte* read_sized(const std::byte* at, const std::byte* end, bool nullable, const std::byte*& data,
                                                          std::size_t& size) {
  std::int32_t declared = 0;
  at = read_varint(at, end, declared);
  if (at == nullptr) [[unlikely]]
    return nullptr;
  data = nullptr;
  size = 0;
  if (declared < 0) return nullable ? at : nullptr;
  if (declared > end - at) [[unlikely]]
    return nullptr;
  data = at;
  size = static_cast<std::size_t>(declared);
  return at + declared;
}

}  // namespace record_detail

// Reads a record's body (all after its length), which must end exactly at `end`. False: malformed.
[[gnu::always_inline]] inline bool parse_record_body(const std::byte* at, const std::byte* end, RecordView& record) {
  if (at == end) [[unlikely]]
    return false;
  ++at;  // attributes: a later version's business
  if ((at = read_varint(at, end, record.timestamp_delta)) == nullptr) [[unlikely]]
    return false;
  if ((at = read_varint(at, end, record.offset_delta)) == nullptr) [[unlikely]]
    return false;
  if ((at = record_detail::read_sized(at, end, true, record.key_data, record.key_bytes)) == nullptr) [[unlikely]]
    return false;
  if ((at = record_detail::read_sized(at, end, true, record.value_data, record.value_bytes)) == nullptr) [[unlikely]]
    return false;
  if ((at = read_varint(at, end, record.header_count)) == nullptr) [[unlikely]]
    return false;
  if (record.header_count < 0) [[unlikely]]
    return false;
  record.header_bytes = ByteView(at, static_cast<std::size_t>(end - at));
  for (std::int32_t left = record.header_count; left > 0; --left) {
    const std::byte* data = nullptr;
    std::size_t size = 0;
    if ((at = record_detail::read_sized(at, end, false, data, size)) == nullptr) [[unlikely]]
      return false;
    if ((at = record_detail::read_sized(at, end, true, data, size)) == nullptr) [[unlikely]]
      return false;
  }
  return at == end;
}

template <class Visitor>
void RecordView::for_each_header(Visitor&& visit) const {
  const std::byte* at = header_bytes.data();
  const std::byte* const end = at + header_bytes.size();
  for (std::int32_t left = header_count; left > 0; --left) {
    const std::byte* key = nullptr;
    const std::byte* value = nullptr;
    std::size_t key_size = 0;
    std::size_t value_size = 0;
    at = record_detail::read_sized(at, end, false, key, key_size);
    at = record_detail::read_sized(at, end, true, value, value_size);
    visit(RecordHeaderView{as_text(ByteView(key, key_size)), value == nullptr ? std::nullopt : std::optional(ByteView(value, value_size))});
  }
}

}  // namespace barnabas
