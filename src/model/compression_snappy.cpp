// Snappy knows blocks only, so a stream is one of two things:
//
//   xerial's framing (Java, and most clients)        a raw block (librdkafka before 1.x, some others)
//     82 'S' 'N' 'A' 'P' 'P' 'Y' 00   8 bytes          varint of the uncompressed size, elements
//     version int32, compatible int32
//     { size int32, block }*          and perhaps another header in the place of a size
//
// A block's uncompressed size is a claim (CVE-2023-34455): memory is taken for it only as far as the compressed
// bytes could possibly grow.
#include <snappy.h>

#include <algorithm>
#include <array>

#include "base/check.h"
#include "model/compression_codecs.h"

namespace barnabas::codec {
namespace {

constexpr std::array<unsigned char, 8> kMagic = {0x82, 'S', 'N', 'A', 'P', 'P', 'Y', 0};
constexpr std::size_t kHeaderBytes = 16;
constexpr std::size_t kWriteBlockBytes = 32768;  // as Java writes
constexpr std::size_t kKeepBytes = std::size_t{1} << 20;

// The densest element is three bytes that copy 64.
constexpr std::size_t kGrowthMax = 22;

const char* chars_of(ByteView bytes) { return reinterpret_cast<const char*>(bytes.data()); }

bool begins_with_magic(ByteView bytes) {
  return bytes.size() >= kMagic.size() && std::memcmp(bytes.data(), kMagic.data(), kMagic.size()) == 0;
}

class SnappyReader : public Reader {
 public:
  void begin(ByteView input) override {
    input_ = input;
    framed_ = begins_with_magic(input);
    started_ = false;
    block_ = {};
  }

  Result<std::size_t> read(MutableBytes out) override {
    if (out.empty()) return std::size_t{0};
    while (block_.empty()) {
      TRY_ASSIGN(const ByteView compressed, next_block());
      if (compressed.empty()) return std::size_t{0};
      TRY_ASSIGN(const std::size_t size, claimed_size(compressed));
      // Straight into the caller's buffer where it fits, else by way of ours.
      std::byte* to = out.data();
      if (size > out.size()) {
        if (buffer_.size() < size) buffer_.resize(size);
        to = buffer_.data();
      }
      if (!snappy::RawUncompress(chars_of(compressed), compressed.size(), reinterpret_cast<char*>(to))) {
        return fail(Errc::kCorrupt, "snappy: a block is damaged");
      }
      if (size > out.size())
        block_ = ByteView(buffer_).first(size);
      else if (size > 0)
        return size;
    }
    const std::size_t size = std::min(out.size(), block_.size());
    std::ranges::copy(block_.first(size), out.begin());
    block_ = block_.subspan(size);
    return size;
  }

  void end() override {
    if (buffer_.size() > kKeepBytes) Bytes().swap(buffer_);
  }

 private:
  // The next compressed block; empty at the end.
  Result<ByteView> next_block() {
    if (!framed_) {
      if (started_) return ByteView();
      started_ = true;
      if (input_.empty()) return fail(Errc::kCorrupt, "snappy: no data");
      return std::exchange(input_, ByteView());
    }
    while (begins_with_magic(input_)) {
      if (input_.size() < kHeaderBytes) return fail(Errc::kCorrupt, "snappy: the header is cut short");
      input_ = input_.subspan(kHeaderBytes);
    }
    if (input_.empty()) return ByteView();
    if (input_.size() < sizeof(std::int32_t)) return fail(Errc::kCorrupt, "snappy: the stream is cut short");
    const auto size = load_be<std::int32_t>(input_.data());
    input_ = input_.subspan(sizeof size);
    if (size <= 0 || static_cast<std::size_t>(size) > input_.size())
      return fail(Errc::kCorrupt, "snappy: a block is longer than the stream");
    const ByteView block = input_.first(static_cast<std::size_t>(size));
    input_ = input_.subspan(block.size());
    return block;
  }

  static Result<std::size_t> claimed_size(ByteView block) {
    std::size_t size = 0;
    if (!snappy::GetUncompressedLength(chars_of(block), block.size(), &size)) return fail(Errc::kCorrupt, "snappy: a block has no size");
    if (size / kGrowthMax > block.size()) return fail(Errc::kCorrupt, "snappy: a block claims more than it can hold");
    if (size > kBlockMaxBytes) return fail(Errc::kTooLarge, "snappy: a block is too large");
    return size;
  }

  ByteView input_;
  bool framed_ = false;
  bool started_ = false;
  ByteView block_;  // decompressed and not yet handed out, in buffer_
  Bytes buffer_;
};

class SnappyWriter : public Writer {
 public:
  Result<> write(ByteView bytes) override {
    while (!bytes.empty()) {
      const std::size_t step = std::min(bytes.size(), kWriteBlockBytes - pending_.size());
      pending_.insert(pending_.end(), bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(step));
      bytes = bytes.subspan(step);
      if (pending_.size() == kWriteBlockBytes) TRY(flush());
    }
    return {};
  }

  Result<> finish() override {
    if (!pending_.empty()) TRY(flush());
    if (!header_written_) TRY(write_header());
    return {};
  }

 protected:
  void start(const CompressionLevels&) override {
    pending_.clear();
    pending_.reserve(kWriteBlockBytes);
    header_written_ = false;
  }

 private:
  Result<> write_header() {
    std::byte header[kHeaderBytes];
    std::memcpy(header, kMagic.data(), kMagic.size());
    store_be<std::int32_t>(header + 8, 1);   // version
    store_be<std::int32_t>(header + 12, 1);  // oldest version that can read it
    header_written_ = true;
    return emit(header);
  }

  Result<> flush() {
    if (!header_written_) TRY(write_header());
    compressed_.resize(sizeof(std::int32_t) + snappy::MaxCompressedLength(pending_.size()));
    std::size_t size = 0;
    snappy::RawCompress(chars_of(pending_), pending_.size(), reinterpret_cast<char*>(compressed_.data()) + sizeof(std::int32_t), &size);
    store_be(compressed_.data(), static_cast<std::int32_t>(size));
    pending_.clear();
    return emit(ByteView(compressed_).first(sizeof(std::int32_t) + size));
  }

  Bytes pending_;
  Bytes compressed_;
  bool header_written_ = false;
};

}  // namespace

std::unique_ptr<Reader> make_snappy_reader() { return std::make_unique<SnappyReader>(); }
std::unique_ptr<Writer> make_snappy_writer() { return std::make_unique<SnappyWriter>(); }

}  // namespace barnabas::codec
