#include <zlib.h>

#include <algorithm>

#include "base/check.h"
#include "model/compression_codecs.h"

namespace barnabas::codec {
namespace {

constexpr int kGzipWindowBits = 15 + 16;  // 32 KiB window; +16: gzip's header and trailer
constexpr int kMemoryLevel = 8;           // zlib's default
constexpr std::size_t kOutputStep = 16384;
constexpr std::size_t kStepMaxBytes = std::size_t{1} << 30;  // zlib counts in unsigned int

Bytef* bytes_of(const std::byte* from) { return const_cast<Bytef*>(reinterpret_cast<const Bytef*>(from)); }

class GzipReader : public Reader {
 public:
  ~GzipReader() override {
    if (open_) inflateEnd(&stream_);
  }

  void begin(ByteView input) override {
    if (open_) {
      CHECK(inflateReset(&stream_) == Z_OK);
    } else {
      CHECK(inflateInit2(&stream_, kGzipWindowBits) == Z_OK);
      open_ = true;
    }
    input_ = input;
    ended_ = false;
  }

  Result<std::size_t> read(MutableBytes out) override {
    if (out.empty() || ended_) return std::size_t{0};
    const auto room = static_cast<uInt>(std::min(out.size(), kStepMaxBytes));
    stream_.next_out = bytes_of(out.data());
    stream_.avail_out = room;
    while (stream_.avail_out == room) {
      const auto step = static_cast<uInt>(std::min(input_.size(), kStepMaxBytes));
      stream_.next_in = bytes_of(input_.data());
      stream_.avail_in = step;
      const int status = inflate(&stream_, Z_NO_FLUSH);
      input_ = input_.subspan(step - stream_.avail_in);
      if (status == Z_STREAM_END) {
        if (input_.empty()) {
          ended_ = true;
          break;
        }
        CHECK(inflateReset(&stream_) == Z_OK);  // another member follows
      } else if (status == Z_BUF_ERROR) {
        return fail(Errc::kCorrupt, "gzip: the stream is cut short");
      } else if (status != Z_OK) {
        return fail(Errc::kCorrupt, "gzip: the stream is damaged");
      }
    }
    return std::size_t{room - stream_.avail_out};
  }

 private:
  z_stream stream_{};
  bool open_ = false;
  bool ended_ = false;
  ByteView input_;
};

class GzipWriter : public Writer {
 public:
  ~GzipWriter() override {
    if (open_) deflateEnd(&stream_);
  }

  Result<> write(ByteView bytes) override {
    while (!bytes.empty()) {
      const std::size_t step = std::min(bytes.size(), kStepMaxBytes);
      TRY(run(bytes.first(step), Z_NO_FLUSH));
      bytes = bytes.subspan(step);
    }
    return {};
  }
  Result<> finish() override { return run({}, Z_FINISH); }

 protected:
  void start(const CompressionLevels& levels) override {
    if (open_ && level_ == levels.gzip) {
      CHECK(deflateReset(&stream_) == Z_OK);
      return;
    }
    if (open_) deflateEnd(&stream_);
    stream_ = {};
    CHECK(deflateInit2(&stream_, levels.gzip, Z_DEFLATED, kGzipWindowBits, kMemoryLevel, Z_DEFAULT_STRATEGY) == Z_OK);
    open_ = true;
    level_ = levels.gzip;
  }

 private:
  Result<> run(ByteView input, int flush) {
    std::byte output[kOutputStep];
    stream_.next_in = bytes_of(input.data());
    stream_.avail_in = static_cast<uInt>(input.size());
    do {
      stream_.next_out = bytes_of(output);
      stream_.avail_out = sizeof output;
      CHECK(deflate(&stream_, flush) != Z_STREAM_ERROR);
      TRY(emit(ByteView(output, sizeof output - stream_.avail_out)));
    } while (stream_.avail_out == 0);
    return {};
  }

  z_stream stream_{};
  bool open_ = false;
  int level_ = 0;
};

}  // namespace

std::unique_ptr<Reader> make_gzip_reader() { return std::make_unique<GzipReader>(); }
std::unique_ptr<Writer> make_gzip_writer() { return std::make_unique<GzipWriter>(); }

}  // namespace barnabas::codec
