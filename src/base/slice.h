#pragma once
// A piece of something to send: bytes in memory or a range of a file, so that records reach a socket without a copy
// (writev, sendfile). A slice pins what it points at for as long as it lives: memory by its owner, a file by its handle.
#include <cstdint>
#include <memory>
#include <variant>

#include "base/bytes.h"

namespace barnabas {

class File;  // base/disk.h

struct MemorySlice {
  std::shared_ptr<const void> owner;  // keeps `bytes` alive; null for bytes that live for ever
  ByteView bytes;
};

struct FileSlice {
  std::shared_ptr<File> file;
  std::uint64_t position = 0;
  std::uint64_t length = 0;
};

using Slice = std::variant<MemorySlice, FileSlice>;

inline std::uint64_t size(const Slice& slice) {
  if (const auto* file = std::get_if<FileSlice>(&slice)) return file->length;
  return std::get<MemorySlice>(slice).bytes.size();
}

}  // namespace barnabas
