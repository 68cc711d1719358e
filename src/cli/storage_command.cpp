// barnabas storage dump, check: segments on a disk, while no broker has them open.
#include <algorithm>

#include "cli/admin_command.h"
#include "cli/record_text.h"
#include "cli/time_text.h"
#include "model/compression.h"
#include "model/record_reader.h"
#include "storage/batch_scanner.h"
#include "storage/meta_properties.h"

namespace barnabas::cli {
namespace {

using storage::BatchFrame;
using storage::BatchScanner;

constexpr std::string_view kSegment = ".log";
constexpr std::uint64_t kBatchMaxBytes = std::uint64_t{1} << 30;  // to read one whole into memory

bool is_segment(std::string_view name) {
  return name.size() == 20 + kSegment.size() && name.ends_with(kSegment) && name.find_first_not_of("0123456789") == 20;
}

// TOPIC-PARTITION, also of a topic that is being deleted.
bool is_partition(std::string_view name) {
  const std::size_t dash = name.rfind('-');
  return dash != std::string_view::npos && dash > 0 && dash + 1 < name.size();
}

struct Places {
  std::vector<Path> segments;
  std::vector<std::unique_ptr<DirectoryLock>> locks;
};

// A directory with meta.properties is a broker's: it is locked while we look, or somebody else has it.
Result<> lock(Disk& disk, const Path& directory, Places& places) {
  TRY_ASSIGN(const bool data_directory, disk.exists(directory / storage::kMetaPropertiesFile));
  if (!data_directory) return {};
  auto held = disk.lock(directory / ".lock");
  if (!held) {
    const std::string why = held.error().code == Errc::kBusy ? ": a broker runs on it; stop it first" : ": " + held.error().message;
    return fail(Errc::kBusy, directory.string() + why);
  }
  places.locks.push_back(*std::move(held));
  return {};
}

Result<> add_partition(Disk& disk, const Path& folder, Places& places) {
  TRY_ASSIGN(const auto entries, disk.list(folder));
  for (const DirectoryEntry& entry : entries) {
    if (!entry.is_directory && is_segment(entry.name)) places.segments.push_back(folder / entry.name);
  }
  return {};
}

// A segment, the folder of a partition, or a data directory.
Result<> add(Disk& disk, Path path, Places& places) {
  path = path.lexically_normal();
  if (!path.has_filename()) path = path.parent_path();
  const auto parent = [](const Path& of) { return of.has_parent_path() ? of.parent_path() : Path("."); };
  if (is_segment(path.filename().native())) {
    TRY(lock(disk, parent(parent(path)), places));
    places.segments.push_back(path);
    return {};
  }
  auto entries = disk.list(path);
  if (!entries) return fail(Errc::kInvalidArgument, entries.error().message);
  if (std::ranges::any_of(*entries, [](const DirectoryEntry& entry) { return is_segment(entry.name); })) {
    TRY(lock(disk, parent(path), places));
    return add_partition(disk, path, places);
  }
  TRY(lock(disk, path, places));
  for (const DirectoryEntry& entry : *entries) {
    if (entry.is_directory && is_partition(entry.name)) TRY(add_partition(disk, path / entry.name, places));
  }
  return {};
}

Result<Places> find(Disk& disk, const std::vector<std::string>& paths) {
  Places places;
  for (const std::string& path : paths) TRY(add(disk, path, places));
  if (places.segments.empty()) return fail(Errc::kInvalidArgument, "there is no segment (00000000000000000000.log) in what was named");
  return places;
}

struct Checked {
  std::int64_t batches = 0, records = 0;
  std::optional<std::int64_t> first, last;
  std::string problem;  // empty: none
};

// Every batch whole, its checksum right, offsets rising.
Result<Checked> check(const File& file) {
  TRY_ASSIGN(const std::uint64_t size, file.size());
  BatchScanner scanner(file, 0, size, storage::ReadMode::kMayWait, BatchScanner::Purpose::kVerify);
  Checked checked;
  while (!scanner.at_end()) {
    const auto at = [&](std::string_view what) { return "byte " + std::to_string(scanner.position()) + ": " + std::string(what); };
    TRY_ASSIGN(const auto frame, scanner.peek());
    if (!frame) {
      checked.problem = at("no batch begins here");
      break;
    }
    TRY_ASSIGN(const bool intact, scanner.crc_matches(*frame));
    if (!intact) {
      checked.problem = at("the checksum of the batch is wrong");
      break;
    }
    if (checked.last && frame->base_offset.value() <= *checked.last) {
      checked.problem = at("the offset goes back");
      break;
    }
    if (!checked.first) checked.first = frame->base_offset.value();
    checked.last = frame->last_offset.value();
    ++checked.batches;
    checked.records += frame->record_count;
    scanner.skip(*frame);
  }
  return checked;
}

Result<Bytes> read_batch(const File& file, std::uint64_t position, const BatchFrame& frame) {
  if (frame.size_bytes > kBatchMaxBytes)
    return fail(Errc::kTooLarge, "a batch of " + std::to_string(frame.size_bytes) + " bytes is not read");
  Bytes bytes(frame.size_bytes);
  TRY(storage::read_exactly(file, position, bytes, storage::ReadMode::kMayWait));
  return bytes;
}

std::string text_of(ByteView bytes) { return std::string(as_text(bytes)); }

class Dumper {
 public:
  Dumper(const Asked& asked, const StorageDump& dump)
      : asked_(asked),
        dump_(dump),
        batches_({"segment", "position", "first", "last", "records", "bytes", "codec", "timestamp", "epoch", "producer", "producer_epoch",
                  "sequence", "kind", "checksum"}) {}

  Result<> segment(const Path& path) {
    TRY_ASSIGN(const auto file, asked_.context.disk.open(path, OpenMode::kRead));
    TRY_ASSIGN(const std::uint64_t size, file->size());
    BatchScanner scanner(*file, 0, size, storage::ReadMode::kMayWait, BatchScanner::Purpose::kVerify);
    const std::string folder = path.parent_path().filename().native();
    while (!scanner.at_end()) {
      TRY_ASSIGN(const auto frame, scanner.peek());
      if (!frame)
        return fail(Errc::kInvalidArgument, path.string() + ", byte " + std::to_string(scanner.position()) + ": no batch begins here");
      TRY_ASSIGN(const Bytes bytes, read_batch(*file, scanner.position(), *frame));
      TRY_ASSIGN(const RecordBatchView batch, RecordBatchView::open(bytes));
      if (!dump_.records) {
        add_batch(folder + "/" + path.filename().native(), scanner.position(), batch);
      } else if (!batch.is_control()) {
        if (auto shown = show_records(folder, batch); !shown) return wrap(std::move(shown).error(), path.string());
      }
      scanner.skip(*frame);
    }
    return {};
  }

  void finish() {
    if (!dump_.records) print(asked_.context, asked_.output, batches_);
  }

 private:
  void add_batch(const std::string& segment, std::uint64_t position, const RecordBatchView& batch) {
    const auto codec = batch.compression();
    const bool by_producer = batch.has_producer_id();
    batches_.add({segment, static_cast<std::int64_t>(position), batch.base_offset().value(), batch.last_offset().value(), batch.count(),
                  static_cast<std::int64_t>(batch.size_bytes()), codec ? Value(to_string(*codec)) : Value(),
                  datetime_text(batch.max_timestamp()), batch.leader_epoch().value(), by_producer ? Value(batch.producer_id()) : Value(),
                  by_producer ? Value(std::int32_t{batch.producer_epoch()}) : Value(),
                  batch.has_sequence() ? Value(batch.base_sequence()) : Value(),
                  batch.is_control()         ? "control"
                  : batch.is_transactional() ? "transactional"
                                             : "data",
                  batch.crc_matches() ? "ok" : "WRONG"});
  }

  Result<> show_records(const std::string& folder, const RecordBatchView& batch) {
    const std::size_t dash = folder.rfind('-');
    RecordReader reader(batch, compression_);
    for (;;) {
      TRY_ASSIGN(const RecordView* record, reader.next());
      if (record == nullptr) return {};
      TextRecord text;
      text.topic = folder.substr(0, dash);
      const std::string number = dash == std::string::npos ? "" : folder.substr(dash + 1);
      if (!number.empty() && number.size() < 10 && number.find_first_not_of("0123456789") == std::string::npos)
        text.partition = std::stoi(number);
      text.offset = reader.offset().value();
      text.timestamp = reader.timestamp();
      if (record->key()) text.key = text_of(*record->key());
      if (record->value()) text.value = text_of(*record->value());
      record->for_each_header([&](const RecordHeaderView& header) {
        text.headers.emplace_back(std::string(header.key), header.value ? std::optional(text_of(*header.value)) : std::nullopt);
      });
      asked_.context.console.out(record_json(text) + "\n");
    }
  }

  const Asked& asked_;
  const StorageDump& dump_;
  Table batches_;
  CompressionContext compression_;
};

}  // namespace

int run(const Asked& asked, const StorageCheck& command) {
  const auto places = find(asked.context.disk, command.paths);
  if (!places)
    return places.error().code == Errc::kInvalidArgument ? wrong_usage(asked.context, places.error().message)
                                                         : failed(asked.context, places.error());
  Table table({"segment", "first", "last", "batches", "records", "bytes", "problem"});
  bool damaged = false;
  for (const Path& path : places->segments) {
    const auto file = asked.context.disk.open(path, OpenMode::kRead);
    const auto checked = file ? check(**file) : Result<Checked>(std::unexpected(file.error()));
    if (!checked) {
      asked.context.console.err("barnabas: " + path.string() + ": " + checked.error().message + "\n");
      return kRefused;
    }
    damaged = damaged || !checked->problem.empty();
    const std::string name = path.parent_path().filename().native() + "/" + path.filename().native();
    table.add({name, checked->first, checked->last, checked->batches, checked->records,
               static_cast<std::int64_t>((*file)->size().value_or(0)), checked->problem.empty() ? Value() : Value(checked->problem)});
  }
  print(asked.context, asked.output, table);
  if (damaged)
    asked.context.console.err(
        "barnabas: there is damage. A torn end of the newest segment is cut at the next start; anything else stays.\n");
  return damaged ? kRefused : kDone;
}

int run(const Asked& asked, const StorageDump& dump) {
  const auto places = find(asked.context.disk, dump.paths);
  if (!places)
    return places.error().code == Errc::kInvalidArgument ? wrong_usage(asked.context, places.error().message)
                                                         : failed(asked.context, places.error());
  Dumper dumper(asked, dump);
  Result<> outcome;
  for (const Path& path : places->segments) {
    outcome = dumper.segment(path);
    if (!outcome) break;
  }
  dumper.finish();  // what came before the damage, too
  if (outcome) return kDone;
  asked.context.console.err("barnabas: " + outcome.error().message + "\n");
  return kRefused;
}

}  // namespace barnabas::cli
