#pragma once
// The bytes of the local engine's files (docs/formats/metadata-log.md has the grammar and a worked example).
//
//   metadata-00000000000000000000.log       header, frame, frame, ...     named by the offset of its first record
//   metadata-00000000000000004096.snapshot  header, image                 named by the offset it ends before
//
// Every frame has its own magic and CRC, salted with a random number of its file: no record's contents can pose as a
// frame. It also says up to which position the file was durable when the frame was written: a broken frame followed by a later
// one that knew it durable is damage, and the start is refused; a broken frame that nobody vouches for is the tail of
// a write that a crash tore, was never acknowledged, and is cut.
//
// Pure functions; any thread.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "metadata/metadata_log.h"

namespace barnabas::metadata::local {

inline constexpr std::size_t kMaxClusterIdBytes = 255;
inline constexpr std::size_t kFrameHeadBytes = 12;                                    // magic, length, crc
inline constexpr std::size_t kFrameFixedBytes = kFrameHeadBytes + 1 + 8 + 4 + 8 + 4;  // and kind, durable, epoch, base, count
inline constexpr std::size_t kMaxFrameBytes = 64u << 20;

struct LogHeader {
  std::string cluster_id;
  std::uint64_t salt = 0;
  MetadataOffset base;
  ControllerEpoch epoch;  // the newest before this file
};

std::string log_name(MetadataOffset base);
std::string snapshot_name(MetadataOffset end);
// The offset in such a name.
std::optional<MetadataOffset> parse_log_name(std::string_view name);
std::optional<MetadataOffset> parse_snapshot_name(std::string_view name);

Bytes encode_log_header(const LogHeader& header);

// Append one frame each to `out`. `durable`: the file position up to which the file is durable now.
void append_epoch_frame(Bytes& out, std::uint64_t salt, std::uint64_t durable, ControllerEpoch epoch, MetadataOffset end);
void append_batch_frame(Bytes& out, std::uint64_t salt, std::uint64_t durable, const Batch& batch);
void append_seal_frame(Bytes& out, std::uint64_t salt, std::uint64_t durable, ControllerEpoch epoch, MetadataOffset end);
// What a batch of these sizes takes in a file.
std::size_t batch_frame_bytes(const std::vector<Bytes>& records);

struct ParsedLog {
  LogHeader header;
  std::vector<Batch> batches;
  ControllerEpoch epoch;           // the newest of an epoch frame, or the header's
  MetadataOffset end;              // of the last whole batch
  std::uint64_t end_position = 0;  // behind the last whole frame that is not a seal: the next one goes there
  bool torn = false;               // what follows that was begun and never acknowledged
};

// Of the first kMaxLogHeaderBytes of a file, or more.
inline constexpr std::size_t kMaxLogHeaderBytes = 36 + kMaxClusterIdBytes;
Result<LogHeader> parse_log_header(ByteView file);
// kCorrupt says what is damaged and where; kUnsupported that a newer Barnabas wrote it.
Result<ParsedLog> parse_log(ByteView file);

struct Snapshot {
  std::string cluster_id;
  SnapshotId id;
  Bytes image;
};
Bytes encode_snapshot(const Snapshot& snapshot);
Result<Snapshot> parse_snapshot(ByteView file);

}  // namespace barnabas::metadata::local
