#pragma once
// Walks over the batches of a segment file, header by header, without believing any of them: a frame is returned
// only when it is sane and lies wholly below the limit (and, where it has gaps, when its checksum is right). Memory is one window, never
// the length a header claims.
//
// Threads: one at a time.
#include <cstdint>
#include <memory>
#include <optional>

#include "base/disk.h"
#include "storage/batch_frame.h"
#include "storage/segment_index.h"

namespace barnabas::storage {

class BatchScanner {
 public:
  enum class Purpose {
    kLookup,  // a few headers: small reads
    kVerify,  // everything: large reads
  };
  BatchScanner(const File& file, std::uint64_t position, std::uint64_t limit, ReadMode mode, Purpose purpose);

  std::uint64_t position() const { return position_; }
  bool at_end() const { return position_ >= limit_; }
  void move_to(std::uint64_t position) { position_ = position; }

  // The batch that begins at position(). Nothing at the end, and nothing when no batch can begin here.
  Result<std::optional<BatchFrame>> peek();
  void skip(const BatchFrame& frame) { position_ += frame.size_bytes; }
  // Is the checksum of the batch at position() right?
  Result<bool> crc_matches(const BatchFrame& frame);

  // The whole batch at position(), read into `large` if it is larger than a window. Valid until the next call.
  Result<ByteView> whole(const BatchFrame& frame, Bytes& large);

  // Damage at position(): where does the next batch begin that is whole, with a right checksum and an offset not
  // below `expected`? First where the damaged length points, then wherever bytes look like one. May wait.
  Result<std::optional<std::uint64_t>> find_next_valid(Offset expected);

 private:
  Result<> need(std::uint64_t position, std::size_t bytes);
  ByteView window(std::uint64_t position, std::size_t bytes) const { return ByteView(buffer_.get() + (position - window_begin_), bytes); }
  Result<bool> valid_at(std::uint64_t position, Offset expected);

  const File& file_;
  std::uint64_t position_;
  const std::uint64_t limit_;
  const ReadMode mode_;
  const Purpose purpose_;
  std::unique_ptr<std::byte[]> buffer_;
  std::uint64_t window_begin_ = 0;
  std::size_t window_bytes_ = 0;
  std::size_t next_read_;
};

}  // namespace barnabas::storage
