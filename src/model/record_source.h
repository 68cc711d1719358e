#pragma once
// The records of a batch as a stream of bytes with a view of a stretch of it. Of an uncompressed batch the stretch is
// everything; of a compressed one a window that is refilled by decompressing, so memory does not follow the data.
//
//   decompressed:  ....consumed....[ at() ... end() )....not decompressed yet....
//                                   \__ the window _/
//
// At most one source uses a CompressionContext at a time.
#include <cstdint>
#include <functional>
#include <optional>

#include "base/bytes.h"
#include "base/result.h"
#include "model/compression.h"
#include "model/record_batch.h"

namespace barnabas {

// Receives decompressed bytes, each once, as they come.
using ByteSink = std::function<void(ByteView)>;

class RecordSource {
 public:
  // The batch's codec must be a known one. Over `decompressed_max` bytes the stream fails as kTooLarge. For an
  // uncompressed batch the sink is not called: the caller has the bytes.
  RecordSource(const RecordBatchView& batch, CompressionContext& context, std::uint64_t decompressed_max, ByteSink sink = {});
  ~RecordSource();
  RecordSource(const RecordSource&) = delete;
  RecordSource& operator=(const RecordSource&) = delete;

  const std::byte* at() const { return at_; }
  const std::byte* end() const { return end_; }
  std::size_t available() const { return static_cast<std::size_t>(end_ - at_); }

  // Consumes what lies in the window.
  void advance_to(const std::byte* at) { at_ = at; }

  // Tries to have `size` bytes in the window, which moves it and its bytes; false: the stream ends before.
  // Sizes over the window's 64 KiB make it grow as bytes really come.
  Result<bool> ensure(std::size_t size);

  // Consumes bytes whether or not the window holds them; false: the stream ends before.
  Result<bool> skip(std::uint64_t size);

  // Bytes that may still come, at most.
  std::uint64_t remaining_max() const { return available() + (decompressor_ ? decompressed_max_ - decompressed_ : 0); }
  std::uint64_t decompressed_bytes() const { return decompressed_; }

 private:
  Result<std::size_t> refill();

  CompressionContext& context_;
  std::optional<Decompressor> decompressor_;  // none: the window is all there is
  const ByteSink sink_;
  const std::uint64_t decompressed_max_;
  std::uint64_t decompressed_ = 0;
  const std::byte* at_;
  const std::byte* end_;
};

}  // namespace barnabas
