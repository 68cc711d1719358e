#pragma once
// The newest committed image, for every thread.
//
// current() takes a lock for a moment: right for a timer or a rare request. A thread of the hot path keeps an
// ImageReader, which takes the lock only after the image changed: otherwise its current() is one atomic load of a line
// that nobody writes, and the shared_ptr's count is not touched by anybody but its owner (docs/decisions/0050).
#include <atomic>
#include <cstdint>
#include <mutex>

#include "metadata/image.h"

namespace barnabas::metadata {

class ImageHolder {
 public:
  explicit ImageHolder(ImagePtr image) : image_(std::move(image)) {}

  ImagePtr current() const {
    const std::lock_guard lock(mutex_);
    return image_;
  }
  // Steps with every publish.
  std::uint64_t version() const { return version_.load(std::memory_order_acquire); }

  void publish(ImagePtr image) {
    {
      const std::lock_guard lock(mutex_);
      image_.swap(image);
      version_.fetch_add(1, std::memory_order_release);
    }
    // The old image dies here, outside the lock, if nobody else holds it.
  }

 private:
  friend class ImageReader;
  mutable std::mutex mutex_;
  ImagePtr image_;
  alignas(64) std::atomic<std::uint64_t> version_{1};
};

// One thread's view of a holder that outlives it. The reference is good until this reader's next current(); who waits
// in between copies the pointer.
class ImageReader {
 public:
  explicit ImageReader(const ImageHolder& holder) : holder_(&holder) {}

  const ImagePtr& current() {
    if (holder_->version() != version_) refresh();
    return image_;
  }

 private:
  void refresh() {
    const std::lock_guard lock(holder_->mutex_);
    image_ = holder_->image_;
    version_ = holder_->version_.load(std::memory_order_relaxed);
  }

  const ImageHolder* holder_;
  std::uint64_t version_ = 0;
  ImagePtr image_;
};

}  // namespace barnabas::metadata
