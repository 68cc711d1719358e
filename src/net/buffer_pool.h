#pragma once
// Buffers of large frames, kept for the next frame: a fresh megabyte costs 256 page faults, which is as much CPU as
// receiving it. One pool a loop, used on its executor only.
#include <cstddef>
#include <memory>
#include <vector>

namespace barnabas::net {

class BufferPool {
 public:
  explicit BufferPool(std::size_t keep_max_bytes) : keep_max_bytes_(keep_max_bytes) {}

  struct Buffer {
    std::unique_ptr<std::byte[]> bytes;
    std::size_t capacity = 0;
  };

  // At least `size` bytes, not initialised: what is never received is never touched, so a client that only declares a
  // large frame costs address space and no memory.
  Buffer take(std::size_t size);
  void give_back(Buffer buffer);
  void trim();  // forgets what is kept, for when the loop is idle
  std::size_t kept_bytes() const { return kept_bytes_; }

 private:
  const std::size_t keep_max_bytes_;
  std::size_t kept_bytes_ = 0;
  std::vector<Buffer> kept_;
};

}  // namespace barnabas::net
