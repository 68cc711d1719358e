#include "metadata/local_format.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <concepts>

#include "base/check.h"
#include "model/crc32c.h"

namespace barnabas::metadata::local {
namespace {

constexpr std::string_view kLogMagic = "BARNMETL", kSnapshotMagic = "BARNMETS";
constexpr std::uint16_t kFormatVersion = 1;
constexpr std::size_t kLogHeaderFixed = 8 + 2 + 2 + 8 + 8 + 4;       // and the cluster id, and the crc
constexpr std::size_t kSnapshotHeaderFixed = 8 + 2 + 2 + 8 + 4 + 8;  // and the cluster id, the image, and the crc

enum class FrameKind : std::uint8_t { kEpoch = 1, kBatch = 2, kSeal = 3 };

template <std::integral T>
void put(Bytes& out, T value) {
  const std::size_t at = out.size();
  out.resize(at + sizeof value);
  store_be(out.data() + at, value);
}

void put(Bytes& out, ByteView bytes) { out.insert(out.end(), bytes.begin(), bytes.end()); }

// Reads big-endian numbers one after the other; the caller has checked the size.
class Cursor {
 public:
  explicit Cursor(ByteView bytes) : at_(bytes.data()) {}
  template <std::integral T>
  T take() {
    const T value = load_be<T>(at_);
    at_ += sizeof value;
    return value;
  }

 private:
  const std::byte* at_;
};

// Frames are found by a number of their file that nobody outside knows, so no record can be full of false ones.
std::uint32_t frame_magic(std::uint64_t salt) { return static_cast<std::uint32_t>(salt >> 32); }

std::uint32_t frame_crc(std::uint64_t salt, ByteView length_and_body) {
  std::array<std::byte, sizeof salt> salt_bytes;
  store_be(salt_bytes.data(), salt);
  return crc32c_extend(crc32c(salt_bytes), length_and_body);
}

void append_frame(Bytes& out, std::uint64_t salt, FrameKind kind, std::uint64_t durable, ControllerEpoch epoch, MetadataOffset base,
                  const std::vector<Bytes>& records) {
  const std::size_t start = out.size();
  const std::size_t total = batch_frame_bytes(records);
  CHECK(total <= kMaxFrameBytes);
  out.reserve(start + total);
  put(out, frame_magic(salt));
  put(out, std::uint32_t{0});  // the crc, once the rest is there
  put(out, static_cast<std::uint32_t>(total - kFrameHeadBytes));
  put(out, static_cast<std::uint8_t>(kind));
  put(out, durable);
  put(out, epoch.value());
  put(out, base.value());
  put(out, static_cast<std::uint32_t>(records.size()));
  for (const Bytes& record : records) {
    put(out, static_cast<std::uint32_t>(record.size()));
    put(out, ByteView(record));
  }
  CHECK(out.size() == start + total);
  store_be(out.data() + start + 4, frame_crc(salt, ByteView(out).subspan(start + 8)));
}

struct Frame {
  FrameKind kind;
  std::uint64_t durable;
  ControllerEpoch epoch;
  MetadataOffset base;
  std::uint32_t count;
  ByteView records;
  std::size_t size;  // in the file
};

// The frame at the start of `bytes`, if there is a whole one whose CRC holds.
std::optional<Frame> read_frame(ByteView bytes, std::uint64_t salt) {
  if (bytes.size() < kFrameFixedBytes) return std::nullopt;
  Cursor cursor(bytes);
  if (cursor.take<std::uint32_t>() != frame_magic(salt)) return std::nullopt;
  const auto crc = cursor.take<std::uint32_t>();
  const auto length = cursor.take<std::uint32_t>();
  if (length < kFrameFixedBytes - kFrameHeadBytes || length > bytes.size() - kFrameHeadBytes) return std::nullopt;
  const std::size_t size = kFrameHeadBytes + length;
  if (frame_crc(salt, bytes.subspan(8, size - 8)) != crc) return std::nullopt;
  Frame frame;
  frame.kind = static_cast<FrameKind>(cursor.take<std::uint8_t>());
  frame.durable = cursor.take<std::uint64_t>();
  frame.epoch = ControllerEpoch(cursor.take<std::int32_t>());
  frame.base = MetadataOffset(cursor.take<std::int64_t>());
  frame.count = cursor.take<std::uint32_t>();
  frame.records = bytes.subspan(kFrameFixedBytes, size - kFrameFixedBytes);
  frame.size = size;
  return frame;
}

Result<std::vector<Bytes>> read_records(const Frame& frame) {
  ByteView rest = frame.records;
  if (frame.count > rest.size() / 4) return fail(Errc::kCorrupt, "a frame claims more records than it has bytes");
  std::vector<Bytes> records;
  records.reserve(frame.count);
  for (std::uint32_t i = 0; i < frame.count; ++i) {
    if (rest.size() < 4) return fail(Errc::kCorrupt, "a frame ends inside a record");
    const auto size = load_be<std::uint32_t>(rest.data());
    rest = rest.subspan(4);
    if (size > rest.size()) return fail(Errc::kCorrupt, "a frame ends inside a record");
    records.emplace_back(rest.begin(), rest.begin() + size);
    rest = rest.subspan(size);
  }
  if (!rest.empty()) return fail(Errc::kCorrupt, "a frame has bytes behind its last record");
  return records;
}

// Takes one whole frame into the log; its CRC holds, so whatever does not fit here was written wrongly.
Result<> take_frame(ParsedLog& log, const Frame& frame) {
  if (frame.base != log.end) {
    return fail(Errc::kCorrupt, fmt::format("offset {} follows offset {}", frame.base.value(), log.end.value()));
  }
  switch (frame.kind) {
    case FrameKind::kEpoch:
      if (frame.epoch <= log.epoch) {
        return fail(Errc::kCorrupt, fmt::format("epoch {} follows epoch {}", frame.epoch.value(), log.epoch.value()));
      }
      log.epoch = frame.epoch;
      return {};
    case FrameKind::kBatch: {
      if (frame.epoch != log.epoch || frame.count == 0) return fail(Errc::kCorrupt, "a batch of no records, or outside its epoch");
      TRY_ASSIGN(auto records, read_records(frame));
      log.batches.push_back({frame.base, frame.epoch, std::move(records)});
      log.end = log.batches.back().end();
      return {};
    }
    case FrameKind::kSeal: return {};
  }
  return fail(Errc::kUnsupported, fmt::format("frame of kind {}, written by a newer version", static_cast<int>(frame.kind)));
}

// A frame behind `broken` that was written when `broken` was already durable.
std::optional<std::size_t> find_witness(ByteView file, std::size_t broken, std::uint64_t salt) {
  std::array<std::byte, 4> magic;
  store_be(magic.data(), frame_magic(salt));
  for (auto at = file.begin() + static_cast<std::ptrdiff_t>(broken) + 1;; ++at) {
    at = std::search(at, file.end(), magic.begin(), magic.end());
    if (at == file.end()) return std::nullopt;
    const auto position = static_cast<std::size_t>(at - file.begin());
    const auto frame = read_frame(file.subspan(position), salt);
    if (frame && frame->durable > broken) return position;
  }
}

std::optional<MetadataOffset> parse_name(std::string_view name, std::string_view suffix) {
  constexpr std::string_view kPrefix = "metadata-";
  if (name.size() != kPrefix.size() + 20 + suffix.size() || !name.starts_with(kPrefix) || !name.ends_with(suffix)) return std::nullopt;
  const std::string_view digits = name.substr(kPrefix.size(), 20);
  std::int64_t offset = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), offset);
  if (error != std::errc{} || end != digits.data() + digits.size() || offset < 0) return std::nullopt;
  return MetadataOffset(offset);
}

Result<> check_start(ByteView file, std::string_view magic, std::size_t fixed, std::string_view what) {
  if (file.size() < fixed + 4 || as_text(file.first(8)) != magic) return fail(Errc::kCorrupt, fmt::format("not a {}", what));
  const auto version = load_be<std::uint16_t>(file.data() + 8);
  if (version != kFormatVersion) {
    return fail(Errc::kUnsupported, fmt::format("{} of format version {}; this program reads version {}", what, version, kFormatVersion));
  }
  const auto id_size = load_be<std::uint16_t>(file.data() + 10);
  if (id_size > kMaxClusterIdBytes || file.size() < fixed + id_size + 4) {
    return fail(Errc::kCorrupt, fmt::format("the header of the {} is damaged", what));
  }
  return {};
}

}  // namespace

std::string log_name(MetadataOffset base) { return fmt::format("metadata-{:020}.log", base.value()); }
std::string snapshot_name(MetadataOffset end) { return fmt::format("metadata-{:020}.snapshot", end.value()); }
std::optional<MetadataOffset> parse_log_name(std::string_view name) { return parse_name(name, ".log"); }
std::optional<MetadataOffset> parse_snapshot_name(std::string_view name) { return parse_name(name, ".snapshot"); }

Bytes encode_log_header(const LogHeader& header) {
  CHECK(header.cluster_id.size() <= kMaxClusterIdBytes);
  Bytes out;
  put(out, as_bytes(kLogMagic));
  put(out, kFormatVersion);
  put(out, static_cast<std::uint16_t>(header.cluster_id.size()));
  put(out, header.salt);
  put(out, header.base.value());
  put(out, header.epoch.value());
  put(out, as_bytes(header.cluster_id));
  put(out, crc32c(out));
  return out;
}

std::size_t batch_frame_bytes(const std::vector<Bytes>& records) {
  std::size_t total = kFrameFixedBytes + 4 * records.size();
  for (const Bytes& record : records) total += record.size();
  return total;
}

void append_epoch_frame(Bytes& out, std::uint64_t salt, std::uint64_t durable, ControllerEpoch epoch, MetadataOffset end) {
  append_frame(out, salt, FrameKind::kEpoch, durable, epoch, end, {});
}

void append_batch_frame(Bytes& out, std::uint64_t salt, std::uint64_t durable, const Batch& batch) {
  append_frame(out, salt, FrameKind::kBatch, durable, batch.epoch, batch.base, batch.records);
}

void append_seal_frame(Bytes& out, std::uint64_t salt, std::uint64_t durable, ControllerEpoch epoch, MetadataOffset end) {
  append_frame(out, salt, FrameKind::kSeal, durable, epoch, end, {});
}

Result<LogHeader> parse_log_header(ByteView file) {
  TRY(check_start(file, kLogMagic, kLogHeaderFixed, "metadata log"));
  LogHeader header;
  Cursor cursor(file.subspan(10));
  const std::size_t id_size = cursor.take<std::uint16_t>();
  header.salt = cursor.take<std::uint64_t>();
  header.base = MetadataOffset(cursor.take<std::int64_t>());
  header.epoch = ControllerEpoch(cursor.take<std::int32_t>());
  header.cluster_id = as_text(file.subspan(kLogHeaderFixed, id_size));
  const std::size_t crc_at = kLogHeaderFixed + id_size;
  if (load_be<std::uint32_t>(file.data() + crc_at) != crc32c(file.first(crc_at)) || header.base.value() < 0 || header.epoch.value() < 0) {
    return fail(Errc::kCorrupt, "the header of the metadata log is damaged");
  }
  return header;
}

Result<ParsedLog> parse_log(ByteView file) {
  ParsedLog log;
  TRY_ASSIGN(log.header, parse_log_header(file));
  std::size_t position = kLogHeaderFixed + log.header.cluster_id.size() + 4;
  log.end = log.header.base;
  log.epoch = log.header.epoch;
  log.end_position = position;

  while (position < file.size()) {
    const auto frame = read_frame(file.subspan(position), log.header.salt);
    if (!frame) break;
    if (auto taken = take_frame(log, *frame); !taken) return wrap(taken.error(), fmt::format("at byte {}", position));
    position += frame->size;
    if (frame->kind == FrameKind::kSeal) break;  // what comes next overwrites it, so nothing follows
    log.end_position = position;
  }
  if (position == file.size()) return log;
  if (const auto witness = find_witness(file, position, log.header.salt)) {
    return fail(Errc::kCorrupt,
                fmt::format("the frame at byte {} is damaged: it was durable before the one at byte {} was written", position, *witness));
  }
  log.torn = true;
  return log;
}

Bytes encode_snapshot(const Snapshot& snapshot) {
  CHECK(snapshot.cluster_id.size() <= kMaxClusterIdBytes);
  Bytes out;
  out.reserve(kSnapshotHeaderFixed + snapshot.cluster_id.size() + snapshot.image.size() + 4);
  put(out, as_bytes(kSnapshotMagic));
  put(out, kFormatVersion);
  put(out, static_cast<std::uint16_t>(snapshot.cluster_id.size()));
  put(out, snapshot.id.end.value());
  put(out, snapshot.id.epoch.value());
  put(out, static_cast<std::uint64_t>(snapshot.image.size()));
  put(out, as_bytes(snapshot.cluster_id));
  put(out, ByteView(snapshot.image));
  put(out, crc32c(out));
  return out;
}

Result<Snapshot> parse_snapshot(ByteView file) {
  TRY(check_start(file, kSnapshotMagic, kSnapshotHeaderFixed, "metadata snapshot"));
  Snapshot snapshot;
  Cursor cursor(file.subspan(10));
  const std::size_t id_size = cursor.take<std::uint16_t>();
  snapshot.id.end = MetadataOffset(cursor.take<std::int64_t>());
  snapshot.id.epoch = ControllerEpoch(cursor.take<std::int32_t>());
  const auto image_size = cursor.take<std::uint64_t>();
  if (image_size != file.size() - kSnapshotHeaderFixed - id_size - 4 ||
      load_be<std::uint32_t>(file.data() + file.size() - 4) != crc32c(file.first(file.size() - 4))) {
    return fail(Errc::kCorrupt, "the metadata snapshot is damaged");
  }
  snapshot.cluster_id = as_text(file.subspan(kSnapshotHeaderFixed, id_size));
  const ByteView image = file.subspan(kSnapshotHeaderFixed + id_size, image_size);
  snapshot.image.assign(image.begin(), image.end());
  return snapshot;
}

}  // namespace barnabas::metadata::local
