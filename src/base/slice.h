#pragma once
// A piece of a reply that has not been copied: bytes in memory, or a range of a file that leaves with sendfile.
// A slice pins what it points at: the memory stays alive, and the file stays open even when it is deleted.
#include <cstdint>
#include <memory>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/disk.h"

namespace barnabas {

struct MemorySlice {
  std::shared_ptr<const void> owner;  // null when the bytes outlive the reply anyway
  ByteView bytes;
};

struct FileSlice {
  std::shared_ptr<File> file;
  std::uint64_t position = 0;
  std::uint64_t length = 0;
};

using Slice = std::variant<MemorySlice, FileSlice>;

inline std::uint64_t size(const Slice& slice) {
  if (const auto* memory = std::get_if<MemorySlice>(&slice)) return memory->bytes.size();
  return std::get<FileSlice>(slice).length;
}

// What goes out on a connection in one piece: slices in order.
struct OutFrame {
  std::vector<Slice> slices;
  std::uint64_t size() const {
    std::uint64_t total = 0;
    for (const Slice& slice : slices) total += barnabas::size(slice);
    return total;
  }
};

}  // namespace barnabas
