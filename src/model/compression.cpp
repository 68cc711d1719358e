#include "model/compression.h"

#include <algorithm>

#include "base/check.h"
#include "model/compression_codecs.h"

namespace barnabas {
namespace codec {
namespace {

class PlainReader : public Reader {
 public:
  void begin(ByteView input) override { input_ = input; }
  Result<std::size_t> read(MutableBytes out) override {
    const std::size_t size = std::min(out.size(), input_.size());
    std::ranges::copy(input_.first(size), out.begin());
    input_ = input_.subspan(size);
    return size;
  }

 private:
  ByteView input_;
};

class PlainWriter : public Writer {
 public:
  Result<> write(ByteView bytes) override { return emit(bytes); }
  Result<> finish() override { return {}; }

 protected:
  void start(const CompressionLevels&) override {}
};

std::unique_ptr<Reader> make_reader(Compression codec) {
  switch (codec) {
    case Compression::kNone: return std::make_unique<PlainReader>();
    case Compression::kGzip: return make_gzip_reader();
    case Compression::kSnappy: return make_snappy_reader();
    case Compression::kLz4: return make_lz4_reader();
    case Compression::kZstd: return make_zstd_reader();
  }
  CHECK(false);
}

std::unique_ptr<Writer> make_writer(Compression codec) {
  switch (codec) {
    case Compression::kNone: return std::make_unique<PlainWriter>();
    case Compression::kGzip: return make_gzip_writer();
    case Compression::kSnappy: return make_snappy_writer();
    case Compression::kLz4: return make_lz4_writer();
    case Compression::kZstd: return make_zstd_writer();
  }
  CHECK(false);
}

}  // namespace
}  // namespace codec

Decompressor::~Decompressor() {
  if (reader_ != nullptr) reader_->end();
}

Result<std::size_t> Decompressor::read(MutableBytes out) { return reader_->read(out); }

Result<> Compressor::write(ByteView bytes) { return writer_->write(bytes); }
Result<> Compressor::finish() { return writer_->finish(); }

CompressionContext::CompressionContext() = default;
CompressionContext::~CompressionContext() = default;

Decompressor CompressionContext::decompress(Compression codec, ByteView input) {
  auto& reader = readers_[static_cast<std::size_t>(codec)];
  if (!reader) reader = codec::make_reader(codec);
  reader->begin(input);
  return Decompressor(reader.get());
}

Compressor CompressionContext::compress(Compression codec, const CompressionLevels& levels, Bytes& out, std::size_t out_max) {
  auto& writer = writers_[static_cast<std::size_t>(codec)];
  if (!writer) writer = codec::make_writer(codec);
  writer->begin(levels, out, out_max);
  return Compressor(writer.get());
}

}  // namespace barnabas
