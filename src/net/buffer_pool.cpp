#include "net/buffer_pool.h"

#include <bit>
#include <utility>

namespace barnabas::net {
namespace {

constexpr std::size_t kSmallest = 64 * 1024;  // below it the allocator is as good

}  // namespace

BufferPool::Buffer BufferPool::take(std::size_t size) {
  for (std::size_t i = kept_.size(); i-- > 0;) {
    // Not for a frame that would leave most of it empty: the pool would run dry on small frames.
    if (kept_[i].capacity < size || kept_[i].capacity / 4 > size) continue;
    Buffer found = std::move(kept_[i]);
    kept_.erase(kept_.begin() + static_cast<std::ptrdiff_t>(i));
    kept_bytes_ -= found.capacity;
    return found;
  }
  // Rounded up, so that frames of slightly different sizes share buffers.
  const std::size_t capacity = size < kSmallest ? size : (size + kSmallest - 1) / kSmallest * kSmallest;
  return {std::make_unique_for_overwrite<std::byte[]>(capacity), capacity};
}

void BufferPool::give_back(Buffer buffer) {
  if (buffer.capacity < kSmallest || kept_bytes_ + buffer.capacity > keep_max_bytes_) return;
  kept_bytes_ += buffer.capacity;
  kept_.push_back(std::move(buffer));
}

void BufferPool::trim() {
  kept_.clear();
  kept_bytes_ = 0;
}

}  // namespace barnabas::net
