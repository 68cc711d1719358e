#include "storage/offset_map.h"

#include <algorithm>

#include "base/check.h"

namespace barnabas::storage {
namespace {

constexpr std::size_t kSlotsMin = 64;

}  // namespace

OffsetMap::OffsetMap(std::size_t bytes_max, double load_factor, std::uint64_t keys_expected, Random& random)
    : seed_{random.next(), random.next()}, table_(nullptr, &std::free) {
  const double load = std::clamp(load_factor, 0.01, 0.99);  // a full table would be searched for ever
  const std::size_t slots_max = std::max(bytes_max / kSlotBytes, kSlotsMin);
  const double wanted = static_cast<double>(keys_expected) / load + 1;
  slots_ = wanted >= static_cast<double>(slots_max) ? slots_max : std::max(static_cast<std::size_t>(wanted), kSlotsMin);
  keys_max_ = std::max<std::size_t>(1, static_cast<std::size_t>(static_cast<double>(slots_) * load));
  // Zeroed by the kernel, page by page, when a key comes to lie there: a large table is not paid for at once.
  table_.reset(static_cast<Slot*>(std::calloc(slots_, sizeof(Slot))));
  CHECK(table_ != nullptr);
}

// The slot that has the key, or the empty one where it belongs.
std::size_t OffsetMap::slot_of(const KeyDigest& key) const {
  std::size_t at = key.low % slots_;
  while (table_[at].offset_plus_one != 0 && table_[at].key != key) {
    if (++at == slots_) at = 0;
  }
  return at;
}

bool OffsetMap::put(ByteView key, Offset offset) {
  const KeyDigest digested = digest(key, seed_);
  Slot& slot = table_[slot_of(digested)];
  if (slot.offset_plus_one == 0) {
    if (used_ >= keys_max_) return false;
    ++used_;
    slot.key = digested;
  }
  slot.offset_plus_one = offset.value() + 1;
  return true;
}

Offset OffsetMap::latest(ByteView key) const { return Offset(table_[slot_of(digest(key, seed_))].offset_plus_one - 1); }

}  // namespace barnabas::storage
