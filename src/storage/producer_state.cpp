#include "storage/producer_state.h"

#include <algorithm>

#include "model/crc32c.h"

namespace barnabas::storage {
namespace {

// docs/formats/producer-state.md
constexpr std::uint32_t kMagic = 0x42505354;  // "BPST"
constexpr std::uint16_t kVersion = 1;
constexpr std::size_t kHeaderBytes = 4 + 2 + 8 + 4;
constexpr std::size_t kProducerBytes = 8 + 2 + 4 + 8 + 8 + 1;
constexpr std::size_t kBatchBytes = 8 + 4 + 4 + 8;
constexpr std::size_t kCrcBytes = 4;

template <class T>
void put(Bytes& out, T value) {
  const std::size_t at = out.size();
  out.resize(at + sizeof value);
  store_be<T>(out.data() + at, value);
}

// Reads on; false once the bytes ended, then everything read is worthless.
class Reader {
 public:
  explicit Reader(ByteView bytes) : rest_(bytes) {}
  template <class T>
  T get() {
    if (rest_.size() < sizeof(T)) {
      ok_ = false;
      return {};
    }
    const T value = load_be<T>(rest_.data());
    rest_ = rest_.subspan(sizeof(T));
    return value;
  }
  bool ok() const { return ok_; }
  std::size_t left() const { return rest_.size(); }

 private:
  ByteView rest_;
  bool ok_ = true;
};

}  // namespace

ProducerCheck ProducerState::check(const BatchFrame& batch) const {
  if (batch.producer_id <= kNoProducerId || batch.base_sequence <= kNoSequence) return {};
  const auto found = producers_.find(batch.producer_id);
  if (found == producers_.end()) return {};  // I1
  const Producer& producer = found->second;
  if (batch.producer_epoch < producer.epoch) return {.error = ErrorCode::kInvalidProducerEpoch};  // I4
  if (batch.producer_epoch > producer.epoch) {
    return {.error = batch.base_sequence == 0 ? ErrorCode::kNone : ErrorCode::kOutOfOrderSequenceNumber};  // I3
  }
  const auto delta = static_cast<std::int32_t>(batch.last_offset - batch.base_offset);
  for (std::size_t i = producer.count; i-- > 0;) {  // I5
    const Batch& kept = producer.batches[i];
    if (kept.last_sequence != batch.last_sequence() || kept.offset_delta != delta) continue;
    return {.error = ErrorCode::kNone,
            .duplicate = true,
            .base_offset = kept.last_offset - kept.offset_delta,
            .last_offset = kept.last_offset,
            .max_timestamp_ms = kept.max_timestamp_ms};
  }
  // Known by a transaction marker only: a new epoch, which begins with 0.
  const Sequence expected = producer.count == 0 ? 0 : add_sequence(producer.batches[producer.count - 1U].last_sequence, 1);
  return {.error = batch.base_sequence == expected ? ErrorCode::kNone : ErrorCode::kOutOfOrderSequenceNumber};  // I2, I6, I7
}

void ProducerState::remember(Producer& producer, const BatchFrame& batch) {
  if (producer.count == kBatchesKept) {
    std::ranges::copy(producer.batches.begin() + 1, producer.batches.end(), producer.batches.begin());
    --producer.count;
  }
  producer.batches[producer.count++] = {
      .last_offset = batch.last_offset,
      .last_sequence = batch.last_sequence(),
      .offset_delta = static_cast<std::int32_t>(batch.last_offset - batch.base_offset),
      .max_timestamp_ms = batch.max_timestamp_ms,
  };
}

void ProducerState::apply(const BatchFrame& batch, std::int64_t now_ms) {
  if (batch.producer_id <= kNoProducerId) return;
  Producer& producer = producers_[batch.producer_id];
  if (batch.producer_epoch != producer.epoch) {
    producer.epoch = batch.producer_epoch;
    producer.count = 0;
  }
  producer.last_append_ms = now_ms;
  if (batch.control) {
    producer.transaction_start = Offset(-1);
    return;
  }
  if (batch.base_sequence > kNoSequence) remember(producer, batch);
  if (batch.transactional && producer.transaction_start < Offset(0)) producer.transaction_start = batch.base_offset;
}

void ProducerState::expire(std::int64_t older_than_ms) {
  std::erase_if(producers_, [&](const auto& entry) {
    return entry.second.last_append_ms < older_than_ms && entry.second.transaction_start < Offset(0);
  });
}

bool ProducerState::is_last(ProducerId producer, Offset last_offset) const {
  const auto found = producers_.find(producer);
  if (found == producers_.end() || found->second.count == 0) return false;
  return found->second.batches[found->second.count - 1U].last_offset == last_offset;
}

std::vector<ProducerSummary> ProducerState::summaries() const {
  std::vector<ProducerSummary> all;
  all.reserve(producers_.size());
  for (const auto& [id, producer] : producers_) {
    const bool any = producer.count > 0;
    const Batch& last = producer.batches[any ? producer.count - 1U : 0U];
    all.push_back({.producer_id = id,
                   .epoch = producer.epoch,
                   .last_sequence = any ? last.last_sequence : kNoSequence,
                   .last_timestamp_ms = any ? last.max_timestamp_ms : -1,
                   .coordinator_epoch = producer.coordinator_epoch,
                   .transaction_start = producer.transaction_start});
  }
  std::ranges::sort(all, {}, &ProducerSummary::producer_id);
  return all;
}

std::optional<Offset> ProducerState::first_open_transaction() const {
  std::optional<Offset> first;
  for (const auto& [id, producer] : producers_) {
    if (producer.transaction_start >= Offset(0) && (!first || producer.transaction_start < *first)) first = producer.transaction_start;
  }
  return first;
}

Bytes ProducerState::snapshot(Offset log_end) const {
  Bytes out;
  out.reserve(kHeaderBytes + producers_.size() * (kProducerBytes + kBatchesKept * kBatchBytes) + kCrcBytes);
  put(out, kMagic);
  put(out, kVersion);
  put(out, log_end.value());
  put(out, static_cast<std::uint32_t>(producers_.size()));
  for (const auto& [id, producer] : producers_) {
    put(out, id);
    put(out, producer.epoch);
    put(out, producer.coordinator_epoch);
    put(out, producer.last_append_ms);
    put(out, producer.transaction_start.value());
    put(out, producer.count);
    for (std::size_t i = 0; i < producer.count; ++i) {
      const Batch& batch = producer.batches[i];
      put(out, batch.last_offset.value());
      put(out, batch.last_sequence);
      put(out, batch.offset_delta);
      put(out, batch.max_timestamp_ms);
    }
  }
  put(out, crc32c(out));
  return out;
}

Result<ProducerState::Loaded> ProducerState::load(ByteView bytes) {
  if (bytes.size() < kHeaderBytes + kCrcBytes) return fail(Errc::kCorrupt, "producer state: too short");
  const ByteView body = bytes.first(bytes.size() - kCrcBytes);
  if (load_be<std::uint32_t>(bytes.data() + body.size()) != crc32c(body)) return fail(Errc::kCorrupt, "producer state: checksum");
  Reader reader(body);
  if (reader.get<std::uint32_t>() != kMagic) return fail(Errc::kCorrupt, "producer state: not one");
  const auto version = reader.get<std::uint16_t>();
  if (version != kVersion) return fail(Errc::kUnsupported, "producer state: version " + std::to_string(version));
  Loaded loaded{.log_end = Offset(reader.get<std::int64_t>()), .state = {}};
  const auto count = reader.get<std::uint32_t>();
  if (count > reader.left() / kProducerBytes) return fail(Errc::kCorrupt, "producer state: count");
  loaded.state.producers_.reserve(count);
  for (std::uint32_t i = 0; i < count; ++i) {
    const auto id = reader.get<std::int64_t>();
    Producer producer;
    producer.epoch = reader.get<std::int16_t>();
    producer.coordinator_epoch = reader.get<std::int32_t>();
    producer.last_append_ms = reader.get<std::int64_t>();
    producer.transaction_start = Offset(reader.get<std::int64_t>());
    producer.count = reader.get<std::uint8_t>();
    if (producer.count > kBatchesKept) return fail(Errc::kCorrupt, "producer state: batches");
    for (std::size_t k = 0; k < producer.count; ++k) {
      Batch& batch = producer.batches[k];
      batch.last_offset = Offset(reader.get<std::int64_t>());
      batch.last_sequence = reader.get<std::int32_t>();
      batch.offset_delta = reader.get<std::int32_t>();
      batch.max_timestamp_ms = reader.get<std::int64_t>();
    }
    if (id <= kNoProducerId) return fail(Errc::kCorrupt, "producer state: id");
    loaded.state.producers_.insert_or_assign(id, producer);
  }
  if (!reader.ok() || reader.left() != 0) return fail(Errc::kCorrupt, "producer state: length");
  return loaded;
}

}  // namespace barnabas::storage
