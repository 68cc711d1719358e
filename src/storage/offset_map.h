#pragma once
// Where each key was seen last: what compaction knows of a log's dirty part. Keys of any length take 24 bytes each, in
// one table whose size is fixed when it is made and which refuses what would fill it too far.
//
//   slot   digest of the key 16 bytes | offset + 1 int64 (0: empty)        open addressing, linear probing
//
// Threads: one at a time.
#include <cstdint>
#include <cstdlib>
#include <memory>

#include "base/bytes.h"
#include "base/random.h"
#include "model/types.h"
#include "storage/key_digest.h"

namespace barnabas::storage {

class OffsetMap {
 public:
  static constexpr std::size_t kSlotBytes = 24;

  // Room for as many keys as `bytes_max` holds at that load factor, or for `keys_expected` if that is less.
  OffsetMap(std::size_t bytes_max, double load_factor, std::uint64_t keys_expected, Random& random);

  // Offsets come in rising order. False: the map is full and the key is not in it; nothing has changed.
  bool put(ByteView key, Offset offset);
  // -1: the key was never put.
  Offset latest(ByteView key) const;

  std::size_t size() const { return used_; }
  std::size_t keys_max() const { return keys_max_; }
  std::size_t bytes() const { return slots_ * kSlotBytes; }

 private:
  struct Slot {
    KeyDigest key;
    std::int64_t offset_plus_one = 0;
  };
  static_assert(sizeof(Slot) == kSlotBytes);
  std::size_t slot_of(const KeyDigest& key) const;

  DigestSeed seed_;
  std::size_t keys_max_;
  std::size_t slots_;
  std::size_t used_ = 0;
  std::unique_ptr<Slot[], decltype(&std::free)> table_;
};

}  // namespace barnabas::storage
