#include "storage/segment_index.h"

#include <algorithm>
#include <iterator>

namespace barnabas::storage {
namespace {

constexpr std::size_t kOffsetBytes = 8;
constexpr std::size_t kTimeBytes = 12;
constexpr std::size_t kFlushEntries = 512;     // 4 KiB of the offset index, 2 MiB of log
constexpr std::size_t kPendingMax = 8192;      // when the disk does not take them
constexpr std::size_t kBlockEntries = 512;     // read at once when a search has come this near
constexpr std::uint64_t kSmallLog = 64 << 10;  // walked through as fast as looked up
constexpr std::uint64_t kTailMax = 32 << 20;   // so much of a sealed segment may lie behind its last entry

OffsetEntry decode_offset(const std::byte* p) { return {load_be<std::uint32_t>(p), load_be<std::uint32_t>(p + 4)}; }
TimeEntry decode_time(const std::byte* p) { return {load_be<std::int64_t>(p), load_be<std::uint32_t>(p + 8)}; }

Bytes encode(std::span<const OffsetEntry> entries) {
  Bytes out(entries.size() * kOffsetBytes);
  std::byte* p = out.data();
  for (const OffsetEntry& entry : entries) {
    store_be(p, entry.relative_offset);
    store_be(p + 4, entry.position);
    p += kOffsetBytes;
  }
  return out;
}

Bytes encode(std::span<const TimeEntry> entries) {
  Bytes out(entries.size() * kTimeBytes);
  std::byte* p = out.data();
  for (const TimeEntry& entry : entries) {
    store_be(p, entry.timestamp_ms);
    store_be(p + 8, entry.relative_offset);
    p += kTimeBytes;
  }
  return out;
}

template <class Entry>
void thin_out(std::vector<Entry>& entries) {
  if (entries.size() < kPendingMax) return;
  std::size_t kept = 0;
  for (std::size_t i = 1; i < entries.size(); i += 2) entries[kept++] = entries[i];
  entries.resize(kept);
}

// How many of `count` entries of a file come before the first for which below() is false; `last` is the one before it.
template <class Entry, std::size_t kBytes, class Decode, class Below>
Result<std::size_t> count_below(const File& file, std::size_t count, Decode decode, Below below, ReadMode mode, Entry& last) {
  std::size_t low = 0;  // entries known to be below
  std::size_t high = count;
  std::byte one[kBytes];
  while (high - low > kBlockEntries) {
    const std::size_t middle = low + (high - low) / 2;
    TRY(read_exactly(file, middle * kBytes, one, mode));
    if (below(decode(one))) {
      low = middle + 1;
      last = decode(one);
    } else {
      high = middle;
    }
  }
  if (high == low) return low;
  std::byte block[kBlockEntries * kBytes];
  TRY(read_exactly(file, low * kBytes, MutableBytes(block, (high - low) * kBytes), mode));
  for (const std::byte* p = block; low < high && below(decode(p)); p += kBytes, ++low) last = decode(p);
  return low;
}

Result<Bytes> read_index(const File& file, ReadMode mode, std::uint64_t bytes_max) {
  TRY_ASSIGN(const std::uint64_t size, file.size());
  if (size > bytes_max) return fail(Errc::kCorrupt, "index is too large");
  Bytes bytes(size);
  TRY(read_exactly(file, 0, bytes, mode));
  return bytes;
}

}  // namespace

Result<> read_exactly(const File& file, std::uint64_t position, MutableBytes out, ReadMode mode) {
  TRY_ASSIGN(const std::size_t n, mode == ReadMode::kMayWait ? file.read_at(position, out) : file.read_cached_at(position, out));
  if (n == out.size()) return {};
  if (mode == ReadMode::kCachedOnly) return fail(Errc::kBusy, "not in the page cache");
  return fail(Errc::kOutOfRange, "file is shorter than expected");
}

SegmentIndex::SegmentIndex(OpenFiles& files, Disk& disk, Path offset_path, Path time_path)
    : files_(files), disk_(disk), offset_path_(std::move(offset_path)), time_path_(std::move(time_path)) {}

void SegmentIndex::add(OffsetEntry offset, TimeEntry largest) {
  const std::scoped_lock lock(mutex_);
  checked_ = true;
  offsets_pending_.push_back(offset);
  last_offset_ = offset;
  if (largest.timestamp_ms > last_time_.timestamp_ms) {
    times_pending_.push_back(largest);
    last_time_ = largest;
  }
}

void SegmentIndex::add_time(TimeEntry largest) {
  const std::scoped_lock lock(mutex_);
  if (largest.timestamp_ms <= last_time_.timestamp_ms) return;
  times_pending_.push_back(largest);
  last_time_ = largest;
}

Result<std::shared_ptr<File>> SegmentIndex::open_for_writing(const Path& path) {
  auto file = files_.get(path);
  if (file || file.error().code != Errc::kNotFound) return file;
  TRY_ASSIGN(std::shared_ptr<File> created, disk_.open(path, OpenMode::kCreate));
  files_.put(path, created);
  return created;
}

Result<> SegmentIndex::flush() {
  const std::scoped_lock lock(mutex_);
  if (retired_) return {};
  const auto write_pending = [&]() -> Result<> {
    if (!offsets_pending_.empty()) {
      TRY_ASSIGN(const auto file, open_for_writing(offset_path_));
      if (offsets_written_ == 0) TRY(file->truncate(0));  // a segment that had this name before may have left one
      TRY(file->write_at(offsets_written_ * kOffsetBytes, encode(offsets_pending_)));
      offsets_written_ += static_cast<std::uint32_t>(offsets_pending_.size());
      offsets_pending_.clear();
    }
    if (!times_pending_.empty()) {
      TRY_ASSIGN(const auto file, open_for_writing(time_path_));
      if (times_written_ == 0) TRY(file->truncate(0));
      TRY(file->write_at(times_written_ * kTimeBytes, encode(times_pending_)));
      times_written_ += static_cast<std::uint32_t>(times_pending_.size());
      times_pending_.clear();
    }
    return {};
  };
  Result<> written = write_pending();
  if (!written) {
    thin_out(offsets_pending_);
    thin_out(times_pending_);
  }
  return written;
}

bool SegmentIndex::wants_flush() const {
  const std::scoped_lock lock(mutex_);
  return offsets_pending_.size() >= kFlushEntries && offsets_pending_.size() % kFlushEntries == 0;
}

bool SegmentIndex::is_full(std::int64_t bytes_max) const {
  const std::scoped_lock lock(mutex_);
  const auto offsets = static_cast<std::int64_t>((offsets_written_ + offsets_pending_.size() + 1) * kOffsetBytes);
  const auto times = static_cast<std::int64_t>((times_written_ + times_pending_.size() + 1) * kTimeBytes);
  return offsets > bytes_max || times > bytes_max;
}

Result<> SegmentIndex::store_as(const Path& offsets, const Path& times) {
  const std::scoped_lock lock(mutex_);
  const auto store = [&](const Path& path, const Bytes& bytes) -> Result<> {
    TRY_ASSIGN(const auto file, disk_.open(path, OpenMode::kTruncate));
    TRY(file->write_at(0, bytes));
    return file->sync();
  };
  TRY(store(offsets, encode(offsets_pending_)));
  TRY(store(times, encode(times_pending_)));
  offsets_written_ = static_cast<std::uint32_t>(offsets_pending_.size());
  times_written_ = static_cast<std::uint32_t>(times_pending_.size());
  offsets_pending_ = {};
  times_pending_ = {};
  return {};
}

void SegmentIndex::retire() {
  const std::scoped_lock lock(mutex_);
  retired_ = true;
  checked_ = true;
  offsets_pending_ = {};
  times_pending_ = {};
  offsets_written_ = 0;
  times_written_ = 0;
}

Result<> SegmentIndex::sync() {
  {
    const std::scoped_lock lock(mutex_);
    if (retired_) return {};
  }
  TRY(flush());
  for (const Path& path : {offset_path_, time_path_}) {
    TRY_ASSIGN(const auto file, open_for_writing(path));  // Kafka's tools expect both, empty or not
    TRY(file->sync());
  }
  return {};
}

Result<> SegmentIndex::replace(std::vector<OffsetEntry> offsets, std::vector<TimeEntry> times) {
  const std::scoped_lock lock(mutex_);
  if (retired_) return {};
  last_offset_ = offsets.empty() ? OffsetEntry{} : offsets.back();
  last_time_ = times.empty() ? TimeEntry{} : times.back();
  offsets_written_ = 0;
  times_written_ = 0;
  offsets_pending_ = std::move(offsets);
  times_pending_ = std::move(times);
  checked_ = true;
  for (const Path& path : {offset_path_, time_path_}) {
    TRY_ASSIGN(const auto file, open_for_writing(path));
    TRY(file->truncate(0));
  }
  return {};
}

Result<> SegmentIndex::cut(std::uint32_t position, std::uint32_t relative_offset) {
  const std::scoped_lock lock(mutex_);
  std::erase_if(offsets_pending_, [&](const OffsetEntry& entry) { return entry.position >= position; });
  std::erase_if(times_pending_, [&](const TimeEntry& entry) { return entry.relative_offset >= relative_offset; });
  last_offset_ = {};
  last_time_ = {};
  if (offsets_written_ > 0) {
    TRY_ASSIGN(const auto file, open_for_writing(offset_path_));
    const auto below = [&](const OffsetEntry& entry) { return entry.position < position; };
    TRY_ASSIGN(const std::size_t kept,
               (count_below<OffsetEntry, kOffsetBytes>(*file, offsets_written_, decode_offset, below, ReadMode::kMayWait, last_offset_)));
    offsets_written_ = static_cast<std::uint32_t>(kept);
    TRY(file->truncate(kept * kOffsetBytes));
  }
  if (times_written_ > 0) {
    TRY_ASSIGN(const auto file, open_for_writing(time_path_));
    const auto below = [&](const TimeEntry& entry) { return entry.relative_offset < relative_offset; };
    TRY_ASSIGN(const std::size_t kept,
               (count_below<TimeEntry, kTimeBytes>(*file, times_written_, decode_time, below, ReadMode::kMayWait, last_time_)));
    times_written_ = static_cast<std::uint32_t>(kept);
    TRY(file->truncate(kept * kTimeBytes));
  }
  if (!offsets_pending_.empty()) last_offset_ = offsets_pending_.back();
  if (!times_pending_.empty()) last_time_ = times_pending_.back();
  return {};
}

Result<bool> SegmentIndex::load_offsets(std::uint64_t log_bytes, ReadMode mode) {
  auto file = files_.get(offset_path_);
  if (!file && file.error().code == Errc::kNotFound) return log_bytes <= kSmallLog;
  if (!file) return std::unexpected(file.error());
  auto bytes = read_index(**file, mode, 64 << 20);
  if (!bytes && bytes.error().code == Errc::kCorrupt) return false;
  if (!bytes) return std::unexpected(bytes.error());
  if (bytes->size() % kOffsetBytes != 0) return false;
  OffsetEntry last;
  for (std::size_t at = 0; at < bytes->size(); at += kOffsetBytes) {
    const OffsetEntry entry = decode_offset(bytes->data() + at);
    const bool rises = entry.position > last.position && (at == 0 || entry.relative_offset > last.relative_offset);
    if (!rises || entry.position >= log_bytes || entry.relative_offset > INT32_MAX) return false;
    last = entry;
  }
  if (log_bytes - last.position > kTailMax) return false;
  offsets_written_ = static_cast<std::uint32_t>(bytes->size() / kOffsetBytes);
  last_offset_ = last;
  return true;
}

Result<bool> SegmentIndex::load_times(std::uint64_t log_bytes, ReadMode mode) {
  auto file = files_.get(time_path_);
  if (!file && file.error().code == Errc::kNotFound) return offsets_written_ == 0 && log_bytes <= kSmallLog;
  if (!file) return std::unexpected(file.error());
  auto bytes = read_index(**file, mode, 96 << 20);
  if (!bytes && bytes.error().code == Errc::kCorrupt) return false;
  if (!bytes) return std::unexpected(bytes.error());
  if (bytes->size() % kTimeBytes != 0) return false;
  TimeEntry last;
  for (std::size_t at = 0; at < bytes->size(); at += kTimeBytes) {
    const TimeEntry entry = decode_time(bytes->data() + at);
    const bool rises = entry.timestamp_ms > last.timestamp_ms && (at == 0 || entry.relative_offset > last.relative_offset);
    if (!rises || entry.relative_offset > INT32_MAX) return false;
    last = entry;
  }
  times_written_ = static_cast<std::uint32_t>(bytes->size() / kTimeBytes);
  last_time_ = last;
  return true;
}

Result<bool> SegmentIndex::check(std::uint64_t log_bytes, bool sealed, ReadMode mode) {
  std::unique_lock lock(mutex_, std::defer_lock);
  if (mode == ReadMode::kMayWait) {
    lock.lock();
  } else if (!lock.try_lock()) {
    return fail(Errc::kBusy, "index is being read");
  }
  if (checked_) return true;
  TRY_ASSIGN(const bool offsets_fine, load_offsets(log_bytes, mode));
  if (!offsets_fine) return false;
  TRY_ASSIGN(const bool times_fine, load_times(log_bytes, mode));
  checked_ = times_fine && (!sealed || log_bytes == 0 || times_written_ > 0);
  return checked_;
}

template <class Below>
Result<OffsetEntry> SegmentIndex::floor(Below below, ReadMode mode) const {
  std::uint32_t written = 0;
  {
    const std::scoped_lock lock(mutex_);
    if (!offsets_pending_.empty() && below(offsets_pending_.front())) {
      return *std::prev(std::ranges::partition_point(offsets_pending_, below));
    }
    written = offsets_written_;
  }
  if (written == 0) return OffsetEntry{};
  TRY_ASSIGN(const auto file, files_.get(offset_path_));
  OffsetEntry last;
  TRY((count_below<OffsetEntry, kOffsetBytes>(*file, written, decode_offset, below, mode, last)));
  return last;
}

Result<OffsetEntry> SegmentIndex::floor_offset(std::uint32_t relative_offset, ReadMode mode) const {
  return floor([=](const OffsetEntry& entry) { return entry.relative_offset <= relative_offset; }, mode);
}

Result<OffsetEntry> SegmentIndex::floor_position(std::uint32_t position, ReadMode mode) const {
  return floor([=](const OffsetEntry& entry) { return entry.position <= position; }, mode);
}

Result<TimeEntry> SegmentIndex::floor_time(std::int64_t timestamp_ms, ReadMode mode) const {
  const auto below = [=](const TimeEntry& entry) { return entry.timestamp_ms < timestamp_ms; };
  std::uint32_t written = 0;
  {
    const std::scoped_lock lock(mutex_);
    if (!times_pending_.empty() && below(times_pending_.front())) {
      return *std::prev(std::ranges::partition_point(times_pending_, below));
    }
    written = times_written_;
  }
  if (written == 0) return TimeEntry{};
  TRY_ASSIGN(const auto file, files_.get(time_path_));
  TimeEntry last;
  TRY((count_below<TimeEntry, kTimeBytes>(*file, written, decode_time, below, mode, last)));
  return last;
}

TimeEntry SegmentIndex::last_time() const {
  const std::scoped_lock lock(mutex_);
  return last_time_;
}

OffsetEntry SegmentIndex::last_offset() const {
  const std::scoped_lock lock(mutex_);
  return last_offset_;
}

std::vector<OffsetEntry> SegmentIndex::offsets_above(std::uint64_t position) const {
  std::vector<OffsetEntry> above;
  const std::scoped_lock lock(mutex_);
  if (offsets_written_ > 0) {
    const auto file = files_.get(offset_path_);
    if (file) {
      const auto bytes = read_index(**file, ReadMode::kMayWait, 64 << 20);
      for (std::size_t at = 0; bytes && at + kOffsetBytes <= bytes->size(); at += kOffsetBytes) {
        const OffsetEntry entry = decode_offset(bytes->data() + at);
        if (entry.position > position) above.push_back(entry);
      }
    }
  }
  for (const OffsetEntry& entry : offsets_pending_) {
    if (entry.position > position) above.push_back(entry);
  }
  return above;
}

void SegmentIndex::begin_empty() {
  const std::scoped_lock lock(mutex_);
  checked_ = true;
}

}  // namespace barnabas::storage
