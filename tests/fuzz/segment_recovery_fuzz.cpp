// Arbitrary bytes as the files of a partition's folder: opening it must not crash and must end in a usable log or a
// clear error. A usable log then takes an append, gives it back, and opens again with it.
//
// Input: flags, then for each file a 16-bit length and that many bytes: two .log, .index, .timeindex of each, epochs,
// producer state, partition.metadata. Bit 0 of the flags makes the .log bytes valid batches with the input as damage.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "base/log.h"
#include "base/sim_disk.h"
#include "model/record_batch_builder.h"
#include "storage/log.h"
#include "storage/offset_checkpoint.h"

namespace barnabas::storage {
namespace {

class Input {
 public:
  explicit Input(ByteView bytes) : rest_(bytes) {}
  std::uint8_t byte() {
    if (rest_.empty()) return 0;
    const auto value = std::to_integer<std::uint8_t>(rest_.front());
    rest_ = rest_.subspan(1);
    return value;
  }
  ByteView block() {
    const std::size_t wanted = static_cast<std::size_t>(byte()) << 8 | byte();
    const ByteView taken = rest_.first(std::min(wanted, rest_.size()));
    rest_ = rest_.subspan(taken.size());
    return taken;
  }

 private:
  ByteView rest_;
};

Bytes batch(Offset base, int records) {
  RecordBatchBuilder builder(
      {.base_offset = base, .leader_epoch = LeaderEpoch(1), .producer_id = 4, .producer_epoch = 0, .base_sequence = 0});
  for (int i = 0; i < records; ++i) builder.add({.timestamp_ms = 1000 + i, .key = {}, .value = as_bytes("value"), .headers = {}});
  return std::move(builder).build();
}

// Valid batches over which the input is laid with exclusive or: a few flipped bits, as a disk does it.
Bytes damaged_batches(Offset base, ByteView damage) {
  Bytes bytes;
  for (int i = 0; i < 8; ++i) {
    const Bytes next = batch(base + i * 3, 3);
    bytes.insert(bytes.end(), next.begin(), next.end());
  }
  for (std::size_t i = 0; i + 2 < damage.size(); i += 3) {
    const std::size_t at = (std::to_integer<std::size_t>(damage[i]) << 8 | std::to_integer<std::size_t>(damage[i + 1])) % bytes.size();
    bytes[at] ^= damage[i + 2];
  }
  return bytes;
}

void require(bool condition) {
  if (!condition) std::abort();
}

struct World {
  SimClock clock;
  SimExecutor executor{clock};
  SimDisk disk;
  SimDiskQueue queue{executor, clock};
  SimRandom random{1};
  LogDirectory directory{{.disk = disk, .queue = queue, .clock = clock, .executor = executor, .random = random}, "/d"};
};

void use(World& world, const std::shared_ptr<Log>& log) {
  require(log->log_start() <= log->log_end());
  for (Offset from = log->log_start(); from < log->log_end();) {
    const auto result =
        log->read({.offset = from, .max_bytes = 500, .upper_bound = log->log_end(), .min_one = true, .mode = ReadMode::kMayWait});
    if (result && result->next_offset <= from) break;
    if (result) require(result->next_offset <= log->log_end());
    if (log->log_end() - from > 100 && !result) break;  // a long damaged stretch: one look is enough
    from = result ? result->next_offset : from + 1;
  }
  (void)log->offset_for_timestamp(1001);
  (void)log->max_timestamp();
  (void)log->scrub();
  Bytes added = batch(Offset(0), 2);
  const auto info = log->append(added, LeaderEpoch(INT32_MAX));
  if (!info) {
    require(info.error().code == Errc::kOutOfRange);  // the last offsets of all are taken
    return;
  }
  const auto back =
      log->read({.offset = info->base_offset, .max_bytes = 1, .upper_bound = log->log_end(), .min_one = true, .mode = ReadMode::kMayWait});
  require(back && back->next_offset == info->last_offset + 1);
  bool synced = false;
  log->request_sync([&](Result<> result) { synced = result.has_value(); });
  world.executor.run_until_idle();
  require(synced && log->durable_end() == log->log_end());
}

void run(ByteView bytes) {
  World world;
  Input input(bytes);
  require(world.disk.make_directories("/d/t-0").has_value());
  const std::uint8_t flags = input.byte();
  const Offset second(24);
  const auto put = [&](const std::string& name, ByteView contents) { world.disk.overwrite(Path("/d/t-0") / name, contents); };
  for (const Offset base : {Offset(0), second}) {
    if (base == second && (flags & 2) != 0) continue;
    const ByteView log = input.block();
    put(segment_file_name(base, ".log"), (flags & 1) != 0 ? ByteView(damaged_batches(base, log)) : log);
    if ((flags & 4) == 0) put(segment_file_name(base, ".index"), input.block());
    if ((flags & 8) == 0) put(segment_file_name(base, ".timeindex"), input.block());
  }
  put("leader-epoch-checkpoint", input.block());
  put(segment_file_name(Offset(input.byte()), ".producers"), input.block());
  put("partition.metadata", input.block());
  RecoveryFacts facts;
  if ((flags & 16) != 0) facts.recovery_point = Offset(input.byte());
  if ((flags & 32) != 0) facts.log_start = Offset(input.byte());
  if ((flags & 64) != 0) facts.clean_end = CleanEnd{Offset(input.byte()), Offset(0), input.byte(), input.byte(), input.byte()};
  LogConfig config;
  config.index_interval_bytes = 100;
  {
    const auto log = Log::open(world.directory, "t-0", config, facts);
    if (!log) {
      require(!log.error().message.empty());
      return;
    }
    use(world, *log);
  }
  world.executor.drop_everything();
  require(Log::open(world.directory, "t-0", config, {}).has_value());
}

}  // namespace
}  // namespace barnabas::storage

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  barnabas::log::set_level(barnabas::log::Level::kOff);
  barnabas::storage::run(std::as_bytes(std::span(data, size)));
  return 0;
}
