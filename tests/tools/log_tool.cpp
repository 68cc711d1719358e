// Writes and reads partition folders with the storage room on a real disk, for tests that compare with Kafka's tools.
//
//   log_tool write DIR BATCHES        topic "written", partition 0, small segments; closed cleanly
//   log_tool compact DIR BATCHES      topic "compacted", partition 0: the same keys over and over, all codecs, compacted
//   log_tool dump DIR FOLDER          every record of a partition folder, a line each
//   log_tool import DIR SOURCE TOPIC  takes a topic of a stopped Kafka; one line a partition
//   log_tool bench DIR                append and group commit, nanoseconds and rates
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <string>

#include "base/posix_clock.h"
#include "base/posix_disk.h"
#include "base/posix_disk_queue.h"
#include "base/posix_thread_executor.h"
#include "model/compression.h"
#include "model/record_batch_builder.h"
#include "model/record_reader.h"
#include "storage/import.h"
#include "storage/log.h"
#include "storage/log_cleaner.h"

namespace barnabas::storage {
namespace {

struct Machine {
  explicit Machine(const Path& path)
      : directory({.disk = disk, .queue = queue, .clock = clock, .executor = executor, .random = random}, path) {}
  PosixDisk disk;
  PosixClock clock;
  KernelRandom random;
  PosixThreadExecutor executor{"timers"};
  PosixDiskQueue queue{"disk"};
  LogDirectory directory;
};

[[noreturn]] void die(const Error& error) {
  fmt::print(stderr, "{}\n", error.message);
  std::exit(1);
}

template <class T>
T must(Result<T> result) {
  if (!result) die(result.error());
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

Bytes batch_of(int records, std::size_t value_bytes, std::int64_t timestamp_ms, Sequence sequence) {
  RecordBatchBuilder builder({.producer_id = sequence < 0 ? kNoProducerId : 9000,
                              .producer_epoch = static_cast<ProducerEpoch>(sequence < 0 ? -1 : 0),
                              .base_sequence = sequence});
  const std::string value(value_bytes, 'v');
  for (int i = 0; i < records; ++i) {
    const std::string key = fmt::format("key-{}", i);
    NewRecord record;
    record.timestamp_ms = timestamp_ms + i;
    record.key = as_bytes(key);
    record.value = as_bytes(value);
    builder.add(record);
  }
  return std::move(builder).build();
}

void write(Machine& machine, int batches) {
  LogConfig config;
  config.segment_bytes = 100'000;
  const auto log = must(Log::create(machine.directory, "written", 0, Uuid::random(machine.random), config));
  Sequence sequence = 0;
  for (int i = 0; i < batches; ++i) {
    const int records = 1 + i % 7;
    Bytes batch = batch_of(records, static_cast<std::size_t>(i * 37 % 700), 1'700'000'000'000 + i * 10, sequence);
    sequence += records;
    must(log->append(batch, LeaderEpoch(i < batches / 2 ? 0 : 3)));
  }
  const CleanEnd end = must(log->close());
  must(machine.directory.save_recovery_points());
  fmt::print("log_end={} segments={}\n", end.log_end.value(), log->segments().size());
}

void compact(Machine& machine, int batches) {
  LogConfig config;
  config.segment_bytes = 200'000;
  config.compact = true;
  config.delete_old = false;
  config.min_cleanable_ratio = 0;
  const auto log = must(Log::create(machine.directory, "compacted", 0, Uuid::random(machine.random), config));
  CompressionContext context;
  const auto one_half = [&](int from, int to) {
    for (int i = from; i < to; ++i) {
      RecordBatchBuilder builder({.producer_id = 9000 + i / 100, .producer_epoch = 0, .base_sequence = i % 100 * 3});
      const std::string value = fmt::format("{}-{}", i, std::string(static_cast<std::size_t>(i * 37 % 700), 'v'));
      for (int k = 0; k < 3; ++k) {
        const std::string key = fmt::format("key-{}", (i * 7 + k * 13) % 50);
        NewRecord record{.timestamp_ms = 1'700'000'000'000 + i, .key = as_bytes(key)};
        if (i % 11 != 0) record.value = as_bytes(value);
        builder.add(record);
      }
      Bytes batch = std::move(builder).build(static_cast<Compression>(i % kCompressionKinds), context);
      must(log->append(batch, LeaderEpoch(0)));
    }
    std::atomic<bool> synced{false};
    log->request_sync([&](Result<>) { synced = true; });
    while (!synced) {}
    LogCleaner cleaner(
        {.clock = machine.clock, .executor = machine.executor, .random = machine.random, .logs = [&] { return std::vector{log}; }}, {},
        {&machine.directory});
    cleaner.set_bound([](const Log& of) { return of.log_end(); });
    cleaner.clean_now();
  };
  one_half(0, batches / 2);
  one_half(batches / 2, batches);
  must(log->close());
  fmt::print("log_end={} compacted_to={} segments={}\n", log->log_end().value(), log->compacted_to().value(), log->segments().size());
}

void dump(Machine& machine, const std::string& folder) {
  const auto log = must(Log::open(machine.directory, folder, {}, {}));
  CompressionContext context;
  for (Offset from = log->log_start(); from < log->log_end();) {
    const ReadResult result =
        must(log->read({.offset = from, .max_bytes = 1 << 20, .upper_bound = log->log_end(), .min_one = true, .mode = ReadMode::kMayWait}));
    const auto* slice = std::get_if<FileSlice>(&result.bytes);
    if (slice == nullptr || slice->length == 0) break;
    Bytes bytes(slice->length);
    must(slice->file->read_at(slice->position, bytes));
    for (ByteView rest = bytes; !rest.empty();) {
      const RecordBatchView batch = must(RecordBatchView::open(rest));
      if (!batch.crc_matches()) die({.code = Errc::kCorrupt, .message = "checksum"});
      RecordReader reader(batch, context);
      while (const RecordView* record = must(reader.next())) {
        if (batch.is_control()) continue;
        fmt::print("{} {} {} {}\n", reader.offset().value(), reader.timestamp(), as_text(record->key().value_or(ByteView{})),
                   as_text(record->value().value_or(ByteView{})));
      }
      rest = rest.subspan(batch.size_bytes());
    }
    from = result.next_offset;
  }
}

void import(Machine& machine, const Path& source, const std::string& topic) {
  std::vector<ImportedPartition> done;
  must(import_topic(machine.directory, source, topic, {}, done));
  for (const ImportedPartition& p : done) {
    fmt::print("{} id={} start={} end={} batches={} bytes={} producers={} epoch={}\n", p.folder, p.topic_id.text(), p.log_start.value(),
               p.log_end.value(), p.batches, p.bytes, p.producers, p.latest_epoch.value());
  }
}

void bench(Machine& machine) {
  const auto log = must(Log::create(machine.directory, "bench", 0, Uuid::random(machine.random), {}));
  for (const std::size_t bytes : {std::size_t{100}, std::size_t{1024}, std::size_t{16'384}}) {
    Bytes batch = batch_of(1, bytes, machine.clock.wall_ms(), -1);
    constexpr int kAppends = 100'000;
    const MonoTime begin = machine.clock.mono();
    for (int i = 0; i < kAppends; ++i) must(log->append(batch, LeaderEpoch(0)));
    const double with_write = static_cast<double>((machine.clock.mono() - begin).count()) / kAppends;
    const auto file = must(machine.disk.open(machine.directory.path() / "raw", OpenMode::kTruncate));
    const MonoTime raw_begin = machine.clock.mono();
    for (int i = 0; i < kAppends; ++i) must(file->write_at(static_cast<std::uint64_t>(i) * batch.size(), batch));
    const double raw = static_cast<double>((machine.clock.mono() - raw_begin).count()) / kAppends;
    fmt::print("append {} B: {:.0f} ns, pwrite alone {:.0f} ns\n", batch.size(), with_write, raw);
  }
  std::atomic<int> acknowledged{0};
  Bytes batch = batch_of(1, 100, machine.clock.wall_ms(), -1);
  int sent = 0;
  const MonoTime begin = machine.clock.mono();
  while (machine.clock.mono() - begin < std::chrono::seconds(3)) {
    if (sent - acknowledged.load() >= 64) continue;
    must(log->append(batch, LeaderEpoch(0)));
    log->request_sync([&](Result<>) { ++acknowledged; });
    ++sent;
  }
  fmt::print("group commit: {} acknowledged appends/s, 64 in flight\n", acknowledged.load() / 3);
  constexpr int kTopics = 1000;
  const MonoTime create_begin = machine.clock.mono();
  std::vector<std::shared_ptr<Log>> logs;
  for (int i = 0; i < kTopics; ++i)
    logs.push_back(must(Log::create(machine.directory, fmt::format("many{}", i), 0, Uuid::random(machine.random), {})));
  fmt::print("create: {:.0f} partitions/s\n", kTopics / (static_cast<double>((machine.clock.mono() - create_begin).count()) * 1e-9));
  must(log->close());
}

}  // namespace
}  // namespace barnabas::storage

int main(int argc, char** argv) {
  using namespace barnabas::storage;
  if (argc < 3) return 2;
  const std::string command = argv[1];
  Machine machine(argv[2]);
  if (command == "write" && argc == 4) {
    write(machine, std::atoi(argv[3]));
  } else if (command == "compact" && argc == 4) {
    compact(machine, std::atoi(argv[3]));
  } else if (command == "dump" && argc == 4) {
    dump(machine, argv[3]);
  } else if (command == "import" && argc == 5) {
    import(machine, argv[3], argv[4]);
  } else if (command == "bench") {
    bench(machine);
  } else {
    return 2;
  }
  return 0;
}
