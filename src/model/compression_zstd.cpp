// Zstandard. A frame says how far back it may refer (its window), and streaming takes that much memory: up to 8 MiB
// is given. The highest levels of honest clients (20-22) claim 32-128 MiB though their batches are small; such a
// frame is decompressed whole if it fits 24 MiB, which needs no window.
#include <zstd.h>
#include <zstd_errors.h>

#include <algorithm>

#include "base/check.h"
#include "model/compression_codecs.h"

namespace barnabas::codec {
namespace {

constexpr int kWindowLogMax = 23;
constexpr int kWriteWindowLogMax = 21;       // 2 MiB: batches are seldom larger, and memory stays small at every level
constexpr int kLevelWithSmallWindowMax = 3;  // up to here the library's own choice is no larger
constexpr std::size_t kKeepBytes = std::size_t{1} << 20;

class ZstdReader : public Reader {
 public:
  ~ZstdReader() override { ZSTD_freeDCtx(context_); }

  void begin(ByteView input) override {
    if (context_ == nullptr) {
      context_ = ZSTD_createDCtx();
      CHECK(context_ != nullptr);
      CHECK(!ZSTD_isError(ZSTD_DCtx_setParameter(context_, ZSTD_d_windowLogMax, kWindowLogMax)));
    }
    ZSTD_DCtx_reset(context_, ZSTD_reset_session_only);
    input_ = input;
    whole_ = {};
    mid_frame_ = true;  // no data at all is not a stream
  }

  Result<std::size_t> read(MutableBytes out) override {
    if (out.empty()) return std::size_t{0};
    for (;;) {
      if (!whole_.empty()) return take_whole(out);
      ZSTD_outBuffer to{out.data(), out.size(), 0};
      ZSTD_inBuffer from{input_.data(), input_.size(), 0};
      const std::size_t hint = ZSTD_decompressStream(context_, &to, &from);
      if (ZSTD_isError(hint)) {
        if (ZSTD_getErrorCode(hint) != ZSTD_error_frameParameter_windowTooLarge) return damaged(hint);
        TRY(decompress_whole_frame());
        continue;
      }
      input_ = input_.subspan(from.pos);
      if (from.pos > 0 || to.pos > 0) mid_frame_ = hint != 0;
      if (to.pos > 0) return to.pos;
      if (input_.empty()) {
        if (mid_frame_) return fail(Errc::kCorrupt, "zstd: the stream is cut short");
        return std::size_t{0};
      }
      if (from.pos == 0) return fail(Errc::kCorrupt, "zstd: the stream is damaged");
    }
  }

  void end() override {
    Bytes().swap(buffer_);
    if (ZSTD_sizeof_DCtx(context_) <= kKeepBytes) return;
    ZSTD_freeDCtx(context_);
    context_ = nullptr;
  }

 private:
  static std::unexpected<Error> damaged(std::size_t code) { return fail(Errc::kCorrupt, std::string("zstd: ") + ZSTD_getErrorName(code)); }

  std::size_t take_whole(MutableBytes out) {
    const std::size_t size = std::min(out.size(), whole_.size());
    std::ranges::copy(whole_.first(size), out.begin());
    whole_ = whole_.subspan(size);
    return size;
  }

  // The header was read and refused, and nothing of the frame is consumed yet: input_ still begins with it.
  Result<> decompress_whole_frame() {
    const std::size_t frame_size = ZSTD_findFrameCompressedSize(input_.data(), input_.size());
    if (ZSTD_isError(frame_size)) return damaged(frame_size);
    // Grown as the input proves itself: what a frame claims is never believed.
    std::size_t capacity = std::min(kBlockMaxBytes, std::max(frame_size * 8, kKeepBytes));
    for (;;) {
      Bytes().swap(buffer_);
      buffer_.resize(capacity);
      ZSTD_DCtx_reset(context_, ZSTD_reset_session_only);
      const std::size_t size = ZSTD_decompressDCtx(context_, buffer_.data(), buffer_.size(), input_.data(), frame_size);
      if (!ZSTD_isError(size)) {
        whole_ = ByteView(buffer_).first(size);
        break;
      }
      if (ZSTD_getErrorCode(size) != ZSTD_error_dstSize_tooSmall) return damaged(size);
      if (capacity == kBlockMaxBytes) return fail(Errc::kTooLarge, "zstd: a frame with a large window is too long");
      capacity = kBlockMaxBytes;
    }
    ZSTD_DCtx_reset(context_, ZSTD_reset_session_only);
    input_ = input_.subspan(frame_size);
    mid_frame_ = false;
    return {};
  }

  ZSTD_DCtx* context_ = nullptr;
  ByteView input_;
  ByteView whole_;  // of a frame decompressed at once: what was not handed out yet, in buffer_
  Bytes buffer_;
  bool mid_frame_ = true;
};

class ZstdWriter : public Writer {
 public:
  ZstdWriter() : context_(ZSTD_createCCtx()), output_(ZSTD_CStreamOutSize()) { CHECK(context_ != nullptr); }
  ~ZstdWriter() override { ZSTD_freeCCtx(context_); }

  Result<> write(ByteView bytes) override {
    ZSTD_inBuffer from{bytes.data(), bytes.size(), 0};
    while (from.pos < from.size) TRY(step(from, ZSTD_e_continue));
    return {};
  }

  Result<> finish() override {
    ZSTD_inBuffer from{nullptr, 0, 0};
    for (;;) {
      TRY_ASSIGN(const std::size_t left, step(from, ZSTD_e_end));
      if (left == 0) return {};
    }
  }

 protected:
  void start(const CompressionLevels& levels) override {
    ZSTD_CCtx_reset(context_, ZSTD_reset_session_and_parameters);
    CHECK(!ZSTD_isError(ZSTD_CCtx_setParameter(context_, ZSTD_c_compressionLevel, levels.zstd)));
    if (levels.zstd > kLevelWithSmallWindowMax) {
      CHECK(!ZSTD_isError(ZSTD_CCtx_setParameter(context_, ZSTD_c_windowLog, kWriteWindowLogMax)));
    }
  }

 private:
  Result<std::size_t> step(ZSTD_inBuffer& from, ZSTD_EndDirective directive) {
    ZSTD_outBuffer to{output_.data(), output_.size(), 0};
    const std::size_t left = ZSTD_compressStream2(context_, &to, &from, directive);
    CHECK(!ZSTD_isError(left));
    TRY(emit(ByteView(output_).first(to.pos)));
    return left;
  }

  ZSTD_CCtx* context_;
  Bytes output_;
};

}  // namespace

std::unique_ptr<Reader> make_zstd_reader() { return std::make_unique<ZstdReader>(); }
std::unique_ptr<Writer> make_zstd_writer() { return std::make_unique<ZstdWriter>(); }

}  // namespace barnabas::codec
