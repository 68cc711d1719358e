// Record batches under the eyes of Kafka's own code (tests/records/test_records.py).
//
//   batch_dump dump FILE...       what every batch says, one line for the header, one for each record
//   batch_dump write FOLDER       batches of our builder, every codec, as FOLDER/NAME.batch
//   batch_dump judge CODEC FILE...  verdict on each as a produce to a topic with compression.type CODEC (and the dump of
//                                 what would be stored)
#include <fmt/format.h>

#include <cstdio>
#include <cstring>
#include <string>

#include "model/batch_validation.h"
#include "model/record_batch_builder.h"
#include "model/record_reader.h"
#include "model/record_walk.h"

namespace barnabas {
namespace {

constexpr std::int64_t kNow = 1'700'000'000'000;

Bytes read_all(const char* path) {
  Bytes bytes;
  std::FILE* file = std::fopen(path, "rb");
  if (file == nullptr) return bytes;
  std::byte buffer[65536];
  while (const std::size_t got = std::fread(buffer, 1, sizeof buffer, file)) bytes.insert(bytes.end(), buffer, buffer + got);
  std::fclose(file);
  return bytes;
}

void write_all(const std::string& path, ByteView bytes) {
  std::FILE* file = std::fopen(path.c_str(), "wb");
  if (file == nullptr || std::fwrite(bytes.data(), 1, bytes.size(), file) != bytes.size()) std::perror(path.c_str());
  if (file != nullptr) std::fclose(file);
}

std::string hex(const std::optional<ByteView>& bytes) {
  if (!bytes) return "null";
  std::string text = ":";
  for (const std::byte byte : *bytes) text += fmt::format("{:02x}", static_cast<unsigned>(byte));
  return text;
}

void dump(ByteView bytes, CompressionContext& context) {
  const auto batch = RecordBatchView::open(bytes);
  if (!batch) return fmt::print("error {}\n", batch.error().message);
  const auto codec = batch->compression();
  fmt::print("batch valid={} base={} last={} epoch={} codec={} append_time={} base_time={} max_time={} pid={} pepoch={} seq={}..{} ",
             batch->crc_matches(), batch->base_offset().value(), batch->last_offset().value(), batch->leader_epoch().value(),
             codec ? to_string(*codec) : "?", batch->timestamp_type() == TimestampType::kLogAppendTime, batch->base_timestamp(),
             batch->max_timestamp(), batch->producer_id(), batch->producer_epoch(), batch->base_sequence(), batch->last_sequence());
  fmt::print("count={} txn={} control={}\n", batch->count(), batch->is_transactional(), batch->is_control());
  RecordReader reader(*batch, context);
  for (;;) {
    const auto record = reader.next();
    if (!record) return fmt::print("error {}\n", record.error().message);
    if (*record == nullptr) break;
    fmt::print("record {} {} {} {}", reader.offset().value(), reader.timestamp(), hex((*record)->key()), hex((*record)->value()));
    (*record)->for_each_header([](const RecordHeaderView& h) { fmt::print(" {}={}", hex(as_bytes(h.key)), hex(h.value)); });
    fmt::print("\n");
  }
  const auto walk = walk_records(*batch, context, {.contiguous_offsets = false});
  if (!walk) return fmt::print("error {}\n", walk.error().message);
  fmt::print("walk max_time={} at={}\n", walk->max_timestamp,
             walk->max_timestamp == kNoTimestamp ? -1 : batch->base_offset().value() + walk->max_timestamp_offset_delta);
}

void judge(const std::optional<Compression>& compression, Bytes bytes, CompressionContext& context) {
  AppendRules rules;
  rules.compression = compression;
  rules.max_message_bytes = 10 << 20;
  if (const auto rejection = check_produce_records(bytes, 9)) return fmt::print("code {}\n", static_cast<int>(rejection->code));
  const auto accepted = validate_append(bytes, rules, AppendOrigin::kClient, kNow, context);
  if (!accepted) {
    fmt::print("code {}", static_cast<int>(accepted.error().code));
    for (const RecordError& error : accepted.error().record_errors) fmt::print(" {}", error.batch_index);
    return fmt::print("\n");
  }
  fmt::print("code 0\n");
  dump(accepted->bytes, context);
}

void write_batches(const std::string& folder, CompressionContext& context) {
  const std::string large(200'000, 'L');
  const RecordHeader headers[] = {{"a", as_bytes("1")}, {"", std::nullopt}, {"a", as_bytes("")}};
  for (int id = 0; id < kCompressionKinds; ++id) {
    const auto codec = static_cast<Compression>(id);
    const auto put = [&](std::string_view name, RecordBatchBuilder builder) {
      write_all(fmt::format("{}/{}_{}.batch", folder, name, to_string(codec)), std::move(builder).build(codec, context));
    };
    RecordBatchBuilder plain({.base_offset = Offset(1000), .leader_epoch = LeaderEpoch(5)});
    plain.add({.timestamp_ms = kNow, .key = as_bytes("k"), .value = as_bytes("v"), .headers = headers});
    plain.add({.timestamp_ms = kNow + 90, .key = std::nullopt, .value = as_bytes(large)});
    plain.add({.timestamp_ms = kNow - 90'000'000'000, .key = as_bytes(""), .value = std::nullopt});
    put("plain", std::move(plain));
    RecordBatchBuilder many({.producer_id = 1LL << 40, .producer_epoch = 7, .base_sequence = INT32_MAX - 5, .transactional = true});
    for (int i = 0; i < 3000; ++i) {
      const std::string text = fmt::format("record {}", i * i);
      many.add({.timestamp_ms = kNow + i % 77, .key = as_bytes(text), .value = as_bytes(text)});
    }
    put("many", std::move(many));
    RecordBatchBuilder stamped({.timestamp_type = TimestampType::kLogAppendTime});
    stamped.add({.timestamp_ms = kNow, .key = as_bytes("k"), .value = as_bytes("v")});
    stamped.add({.timestamp_ms = kNow + 3, .key = as_bytes("k"), .value = as_bytes("v")});
    put("stamped", std::move(stamped));
  }
  write_all(folder + "/marker.batch", build_end_transaction_marker(EndTransaction::kCommit, 12, 4000, 3, kNow));
}

}  // namespace
}  // namespace barnabas

int main(int count, char** words) {
  using namespace barnabas;
  CompressionContext context;
  const std::string_view mode = count > 2 ? words[1] : "";
  if (mode == "write") {
    write_batches(words[2], context);
  } else if (mode == "dump" || mode == "judge") {
    for (int i = mode == "dump" ? 2 : 3; i < count; ++i) {
      fmt::print("file {}\n", std::string_view(words[i]).substr(std::string_view(words[i]).rfind('/') + 1));
      if (mode == "dump")
        dump(read_all(words[i]), context);
      else
        judge(parse_compression(words[2]), read_all(words[i]), context);
    }
  } else {
    std::fputs("batch_dump dump FILE... | write FOLDER | judge CODEC FILE...\n", stderr);
    return 2;
  }
  return 0;
}
