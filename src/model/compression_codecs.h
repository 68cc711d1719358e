#pragma once
// What a codec implements. Internal to compression*.cpp; everybody else uses compression.h.
#include <memory>

#include "base/bytes.h"
#include "base/result.h"
#include "model/compression.h"

namespace barnabas::codec {

// Largest buffer that an input may make us take: one raw snappy block, one zstd frame with a huge window.
inline constexpr std::size_t kBlockMaxBytes = std::size_t{24} << 20;

class Reader {
 public:
  virtual ~Reader() = default;
  virtual void begin(ByteView input) = 0;
  virtual Result<std::size_t> read(MutableBytes out) = 0;  // as Decompressor::read
  virtual void end() {}                                    // gives large buffers back
};

class Writer {
 public:
  virtual ~Writer() = default;

  void begin(const CompressionLevels& levels, Bytes& out, std::size_t out_max) {
    out_ = &out;
    out_max_ = out_max;
    start(levels);
  }
  virtual Result<> write(ByteView bytes) = 0;
  virtual Result<> finish() = 0;

 protected:
  virtual void start(const CompressionLevels& levels) = 0;

  Result<> emit(ByteView bytes) {
    if (bytes.size() > out_max_ || out_->size() > out_max_ - bytes.size())
      return fail(Errc::kTooLarge, "compressed records are over the limit");
    out_->insert(out_->end(), bytes.begin(), bytes.end());
    return {};
  }

 private:
  Bytes* out_ = nullptr;
  std::size_t out_max_ = 0;
};

std::unique_ptr<Reader> make_gzip_reader();
std::unique_ptr<Reader> make_snappy_reader();
std::unique_ptr<Reader> make_lz4_reader();
std::unique_ptr<Reader> make_zstd_reader();
std::unique_ptr<Writer> make_gzip_writer();
std::unique_ptr<Writer> make_snappy_writer();
std::unique_ptr<Writer> make_lz4_writer();
std::unique_ptr<Writer> make_zstd_writer();

}  // namespace barnabas::codec
