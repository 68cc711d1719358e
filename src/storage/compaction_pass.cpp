#include "storage/compaction_pass.h"

#include <algorithm>

#include "model/record_reader.h"

namespace barnabas::storage {
namespace {

constexpr std::uint64_t kBatchBytesMax = 128 << 20;  // held in memory whole
constexpr std::uint64_t kWriteBytes = 512 << 10;
constexpr std::uint64_t kSyncBytes = 8 << 20;  // so that no sync has more than this to write

}  // namespace

CompactionPass::CompactionPass(std::shared_ptr<Log> log, const Compactable& work, const PassLimits& limits, Random& random)
    : log_(std::move(log)),
      work_(work),
      limits_(limits),
      random_(random),
      config_(log_->config()),
      now_ms_(log_->directory().clock().wall_ms()),
      mapped_end_(work.first_dirty) {}

CompactionPass::~CompactionPass() {
  if (group_ < groups_.size() && groups_[group_].file != nullptr) log_->discard_compacted(groups_[group_].sources.front().segment->base);
}

Result<std::optional<PassResult>> CompactionPass::step(std::uint64_t bytes) {
  const std::uint64_t until = bytes_moved() + bytes;
  while (bytes_moved() < until) {
    switch (phase_) {
      case Phase::kBegin: TRY(begin()); break;
      case Phase::kMap: TRY(map_step()); break;
      case Phase::kFilter: TRY(filter_step()); break;
      case Phase::kDone: return result_;
    }
  }
  return std::nullopt;
}

Result<> CompactionPass::begin() {
  TRY_ASSIGN(sources_, log_->sealed_below(work_.end));
  const auto first_dirty = std::ranges::find_if(sources_, [&](const SealedSegment& sealed) { return sealed.end > work_.first_dirty; });
  source_ = static_cast<std::size_t>(first_dirty - sources_.begin());
  if (first_dirty == sources_.end()) return fail(Errc::kFenced, log_->name() + ": what was to be compacted is gone");
  const auto records_max = static_cast<std::uint64_t>(sources_.back().end - std::max(first_dirty->segment->base, work_.first_dirty));
  map_.emplace(limits_.map_bytes_max, limits_.map_load_factor, records_max, random_);
  phase_ = Phase::kMap;
  return {};
}

Result<ByteView> CompactionPass::next_batch(const SealedSegment& source, BatchFrame& frame) {
  if (!scanner_) scanner_.emplace(*source.file, 0, source.bytes, ReadMode::kMayWait, BatchScanner::Purpose::kVerify);
  if (scanner_->at_end()) return ByteView{};
  TRY_ASSIGN(const auto found, scanner_->peek());
  bool right = found && found->base_offset >= source.segment->base && found->last_offset < source.end;
  if (right && found->size_bytes > kBatchBytesMax) return fail(Errc::kTooLarge, log_->name() + ": a batch too large to compact");
  if (right) { TRY_ASSIGN(right, scanner_->crc_matches(*found)); }
  if (!right) return fail(Errc::kCorrupt, log_->name() + ": damage at position " + std::to_string(scanner_->position()));
  frame = *found;
  bytes_read_ += frame.size_bytes;
  return scanner_->whole(frame, large_);
}

// ---- 1. keys and their latest offsets -----------------------------------------------------------------------------

Result<> CompactionPass::map_step() {
  if (source_ == sources_.size()) return begin_filter();
  const SealedSegment& source = sources_[source_];
  BatchFrame frame;
  TRY_ASSIGN(const ByteView batch, next_batch(source, frame));
  if (batch.empty()) {
    mapped_end_ = std::max(mapped_end_, source.end);
    scanner_.reset();
    ++source_;
    return {};
  }
  if (frame.last_offset >= work_.first_dirty) {
    TRY_ASSIGN(const bool all, map_batch(frame, batch));
    if (!all) return begin_filter();
  }
  scanner_->skip(frame);
  return {};
}

// False: the pass must not look further.
Result<bool> CompactionPass::map_batch(const BatchFrame& frame, ByteView bytes) {
  if (frame.transactional || frame.control) {
    mapped_end_ = std::max(mapped_end_, frame.base_offset);
    result_.at_transaction = true;
    return false;
  }
  TRY_ASSIGN(const RecordBatchView batch, RecordBatchView::open(bytes));
  RecordReader reader(batch, context_, kCompactionDecompressedMax);
  while (true) {
    TRY_ASSIGN(const RecordView* const record, reader.next());
    if (record == nullptr) break;
    if (reader.offset() < work_.first_dirty || !record->key()) continue;
    if (!map_->put(*record->key(), reader.offset())) return false;
    mapped_end_ = reader.offset() + 1;
  }
  mapped_end_ = std::max(mapped_end_, frame.next_offset());
  return true;
}

// ---- 2. writing again ---------------------------------------------------------------------------------------------

Result<> CompactionPass::begin_filter() {
  scanner_.reset();
  source_ = 0;
  result_.compacted_to = mapped_end_;
  if (mapped_end_ > work_.first_dirty) form_groups();
  sources_.clear();
  phase_ = groups_.empty() ? Phase::kDone : Phase::kFilter;
  return {};
}

// Neighbours become one segment as long as that does not grow larger than a segment may be.
void CompactionPass::form_groups() {
  const auto bytes_max = static_cast<std::uint64_t>(std::min<std::int64_t>(config_.segment_bytes, INT32_MAX));
  std::uint64_t bytes = 0;
  for (SealedSegment& source : sources_) {
    if (source.segment->base >= mapped_end_) break;
    const bool begins = groups_.empty() || groups_.back().sources.empty() || bytes + source.bytes > bytes_max ||
                        source.end - groups_.back().sources.front().segment->base > INT32_MAX;
    if (source.bytes == 0) {  // nothing in it that could say where it ends: it stays, and parts its neighbours
      if (!begins) groups_.emplace_back();
      continue;
    }
    if (begins && (groups_.empty() || !groups_.back().sources.empty())) groups_.emplace_back();
    if (begins) bytes = 0;
    bytes += source.bytes;
    groups_.back().sources.push_back(std::move(source));
  }
  std::erase_if(groups_, [](const Group& group) { return group.sources.empty(); });
}

Result<> CompactionPass::filter_step() {
  if (group_ == groups_.size()) {
    phase_ = Phase::kDone;
    return {};
  }
  Group& group = groups_[group_];
  if (group.made == nullptr) {
    const Offset base = group.sources.front().segment->base;
    TRY_ASSIGN(group.file, log_->open_compacted(base));
    group.made = std::make_shared<Segment>(log_->directory(), log_->folder(), base);
    group.made->index.begin_empty();
    group.changed = group.sources.size() > 1;
  }
  if (source_ == group.sources.size()) return finish_group();
  BatchFrame frame;
  TRY_ASSIGN(const ByteView batch, next_batch(group.sources[source_], frame));
  if (batch.empty()) {
    scanner_.reset();
    ++source_;
    return {};
  }
  TRY(filter_batch(frame, batch));
  scanner_->skip(frame);
  return {};
}

Result<> CompactionPass::filter_batch(const BatchFrame& frame, ByteView bytes) {
  Group& group = groups_[group_];
  TRY_ASSIGN(const RecordBatchView batch, RecordBatchView::open(bytes));
  const CompactionRules rules{
      .latest = *map_, .mapped_end = mapped_end_, .now_ms = now_ms_, .delete_retention_ms = config_.delete_retention_ms};
  TRY_ASSIGN(const CompactedAs verdict, compact_batch(batch, rules, context_, rewritten_));
  if (verdict == CompactedAs::kUnchanged) return emit(bytes);
  if (verdict == CompactedAs::kRewritten) {
    group.changed = true;
    return emit(rewritten_);
  }
  const bool kept_for_producer = frame.producer_id > kNoProducerId && log_->is_last_of_producer(frame.producer_id, frame.last_offset);
  const bool was_empty = frame.record_count == 0;
  if (kept_for_producer) {
    group.changed |= !was_empty;
    return emit(was_empty ? Bytes(bytes.begin(), bytes.end()) : empty_batch(batch));
  }
  group.last_dropped_header = empty_batch(batch);
  // The last batch of a segment stays, so that the segment says where it ends; empty already, it has not changed.
  const bool last = frame.next_offset() == group.sources.back().end && source_ + 1 == group.sources.size();
  group.changed |= !(last && was_empty);
  return {};
}

Result<> CompactionPass::emit(ByteView batch) {
  Group& group = groups_[group_];
  group.last_dropped_header.clear();
  const auto frame = BatchFrame::parse(batch);
  if (!frame || group.made->bytes + batch.size() > INT32_MAX) return fail(Errc::kTooLarge, log_->name() + ": a compacted segment");
  group.made->count_in(*frame, std::max(config_.index_interval_bytes, Segment::kRebuildInterval));
  group.buffer.insert(group.buffer.end(), batch.begin(), batch.end());
  bytes_written_ += batch.size();
  return group.buffer.size() >= kWriteBytes ? write_out() : Result<>{};
}

Result<> CompactionPass::write_out() {
  Group& group = groups_[group_];
  TRY(group.file->write_at(group.written, group.buffer));
  group.written += group.buffer.size();
  group.unsynced += group.buffer.size();
  group.buffer.clear();
  if (group.unsynced < kSyncBytes) return {};
  group.unsynced = 0;
  return group.file->sync();
}

Result<> CompactionPass::finish_group() {
  Group& group = groups_[group_];
  if (!group.last_dropped_header.empty()) TRY(emit(Bytes(group.last_dropped_header)));
  std::uint64_t before = 0;
  for (const SealedSegment& source : group.sources) before += source.bytes;
  result_.bytes_before += before;
  result_.bytes_after += group.changed ? group.made->bytes : before;
  result_.segments_before += static_cast<int>(group.sources.size());
  ++result_.segments_after;
  if (group.changed) {
    TRY(write_out());
    TRY(group.file->sync());
    group.made->index.add_time(group.made->largest);
    TRY(log_->swap_in(group.sources, group.made, group.file));
  } else {
    log_->discard_compacted(group.sources.front().segment->base);
  }
  group = Group{};
  source_ = 0;
  ++group_;
  return {};
}

}  // namespace barnabas::storage
