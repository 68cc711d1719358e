// LZ4's frame format. Java's clients read one frame of independent blocks without a dictionary; what they could not
// read is refused here, because after the append it would be too late.
#include <lz4frame.h>

#include <algorithm>

#include "base/check.h"
#include "model/compression_codecs.h"

namespace barnabas::codec {
namespace {

constexpr std::size_t kPieceBytes = std::size_t{64} << 10;
constexpr int kFastLevel = 9;  // Kafka's default level means the fast compressor
constexpr int kThoroughLevelMax = 12;
constexpr int kThoroughLevelMin = 3;  // LZ4F takes lower ones for the fast compressor

class Lz4Reader : public Reader {
 public:
  Lz4Reader() { CHECK(!LZ4F_isError(LZ4F_createDecompressionContext(&context_, LZ4F_VERSION))); }
  ~Lz4Reader() override { LZ4F_freeDecompressionContext(context_); }

  void begin(ByteView input) override {
    LZ4F_resetDecompressionContext(context_);
    input_ = input;
    header_read_ = false;
    ended_ = false;
  }

  Result<std::size_t> read(MutableBytes out) override {
    if (out.empty() || ended_) return std::size_t{0};
    if (!header_read_) TRY(read_header());
    for (;;) {
      std::size_t produced = out.size();
      std::size_t consumed = input_.size();
      const std::size_t hint = LZ4F_decompress(context_, out.data(), &produced, input_.data(), &consumed, nullptr);
      if (LZ4F_isError(hint)) return fail(Errc::kCorrupt, std::string("lz4: ") + LZ4F_getErrorName(hint));
      input_ = input_.subspan(consumed);
      if (hint == 0) {
        if (!input_.empty()) return fail(Errc::kCorrupt, "lz4: something follows the frame");
        ended_ = true;
        return produced;
      }
      if (produced > 0) return produced;
      if (consumed == 0) return fail(Errc::kCorrupt, "lz4: the frame is cut short");
    }
  }

 private:
  Result<> read_header() {
    LZ4F_frameInfo_t info{};
    std::size_t consumed = input_.size();
    const std::size_t hint = LZ4F_getFrameInfo(context_, &info, input_.data(), &consumed);
    if (LZ4F_isError(hint)) return fail(Errc::kCorrupt, std::string("lz4: ") + LZ4F_getErrorName(hint));
    if (info.frameType != LZ4F_frame) return fail(Errc::kCorrupt, "lz4: a skippable frame");
    if (info.blockMode != LZ4F_blockIndependent) return fail(Errc::kCorrupt, "lz4: blocks depend on each other");
    if (info.dictID != 0) return fail(Errc::kCorrupt, "lz4: the frame needs a dictionary");
    input_ = input_.subspan(consumed);
    header_read_ = true;
    return {};
  }

  LZ4F_dctx* context_ = nullptr;
  ByteView input_;
  bool header_read_ = false;
  bool ended_ = false;
};

class Lz4Writer : public Writer {
 public:
  Lz4Writer() { CHECK(!LZ4F_isError(LZ4F_createCompressionContext(&context_, LZ4F_VERSION))); }
  ~Lz4Writer() override { LZ4F_freeCompressionContext(context_); }

  Result<> write(ByteView bytes) override {
    while (!bytes.empty()) {
      const std::size_t step = std::min(bytes.size(), kPieceBytes);
      const std::size_t size = LZ4F_compressUpdate(context_, output_.data(), output_.size(), bytes.data(), step, nullptr);
      TRY(flush(size));
      bytes = bytes.subspan(step);
    }
    return {};
  }

  Result<> finish() override { return flush(LZ4F_compressEnd(context_, output_.data(), output_.size(), nullptr)); }

 protected:
  void start(const CompressionLevels& levels) override {
    LZ4F_preferences_t preferences{};
    preferences.frameInfo.blockSizeID = LZ4F_max64KB;
    preferences.frameInfo.blockMode = LZ4F_blockIndependent;
    preferences.compressionLevel = levels.lz4 == kFastLevel ? 0 : std::clamp(levels.lz4, kThoroughLevelMin, kThoroughLevelMax);
    output_.resize(LZ4F_compressBound(kPieceBytes, &preferences) + LZ4F_HEADER_SIZE_MAX);
    const std::size_t size = LZ4F_compressBegin(context_, output_.data(), output_.size(), &preferences);
    CHECK(!LZ4F_isError(size));
    header_.assign(output_.begin(), output_.begin() + static_cast<std::ptrdiff_t>(size));
  }

 private:
  // The header leaves with the first bytes, so that starting cannot fail for want of room.
  Result<> flush(std::size_t size) {
    CHECK(!LZ4F_isError(size));
    if (!header_.empty()) TRY(emit(std::exchange(header_, {})));
    return emit(ByteView(output_).first(size));
  }

  LZ4F_cctx* context_ = nullptr;
  Bytes output_;
  Bytes header_;
};

}  // namespace

std::unique_ptr<Reader> make_lz4_reader() { return std::make_unique<Lz4Reader>(); }
std::unique_ptr<Writer> make_lz4_writer() { return std::make_unique<Lz4Writer>(); }

}  // namespace barnabas::codec
