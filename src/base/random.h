#pragma once
// The only source of chance. Real: the kernel's. In a simulation: a seed.
#include <cstdint>

#include "base/bytes.h"

namespace barnabas {

class Random {
 public:
  virtual ~Random() = default;
  virtual void fill(MutableBytes out) = 0;  // from any thread

  std::uint64_t next() {
    std::uint64_t value = 0;
    fill(std::as_writable_bytes(std::span(&value, 1)));
    return value;
  }
};

}  // namespace barnabas
