#pragma once
// One request about many groups: each part is answered in its time and from whatever thread, the request when all are.
#include <functional>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace barnabas::coordinator {

template <class Part>
class Joint {
 public:
  using Done = std::move_only_function<void(std::vector<Part>)>;

  // Not for no parts at all: then there is nothing to wait for.
  static std::shared_ptr<Joint> of(std::size_t count, Done done) { return std::make_shared<Joint>(count, std::move(done)); }
  Joint(std::size_t count, Done done) : parts_(count), left_(count), done_(std::move(done)) {}

  // Each place once.
  void put(std::size_t at, Part part) {
    {
      const std::lock_guard lock(mutex_);
      parts_[at] = std::move(part);
      if (--left_ > 0) return;
    }
    done_(std::move(parts_));
  }

 private:
  std::mutex mutex_;
  std::vector<Part> parts_;
  std::size_t left_;
  Done done_;
};

}  // namespace barnabas::coordinator
