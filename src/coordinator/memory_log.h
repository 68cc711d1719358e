#pragma once
// A LogPort for tests: batches in a vector, committed when the test says so, refused or lost when it wants.
#include <deque>
#include <map>
#include <utility>
#include <vector>

#include "coordinator/log_port.h"
#include "model/record_batch.h"

namespace barnabas::coordinator::testing {

class MemoryLog final : public LogPort {
 public:
  enum class Commit { kInside, kByHand };  // inside append(), or by commit_all()

  std::expected<Offset, ErrorCode> append(Bytes batch, Committed done) override {
    ++appends_;
    if (refuse_next != ErrorCode::kNone) return std::unexpected(std::exchange(refuse_next, ErrorCode::kNone));
    auto open = MutableRecordBatch::open(batch);
    if (!open) return std::unexpected(ErrorCode::kCorruptMessage);
    const Offset base = end_;
    open->set_base_offset(base);
    end_ = open->next_offset();
    batches_.push_back(std::move(batch));
    if (commit == Commit::kInside) {
      high_watermark_ = end_;
      done(ErrorCode::kNone);
    } else {
      waiting_.emplace_back(end_, std::move(done));
    }
    return base;
  }

  void read(Offset from, std::size_t max_bytes, Read done) override {
    if (fail_reads != ErrorCode::kNone) return done(std::unexpected(fail_reads));
    Bytes out;
    for (const Bytes& batch : batches_) {
      const auto view = RecordBatchView::open(batch);
      if (view->next_offset() <= from || view->next_offset() > high_watermark_) continue;
      if (!out.empty() && out.size() + batch.size() > max_bytes) break;
      out.insert(out.end(), batch.begin(), batch.end());
    }
    done(std::move(out));
  }

  Offset start() const override { return Offset(0); }
  Offset end() const override { return end_; }
  bool leads() const override { return is_leader; }

  void commit_all() {
    high_watermark_ = end_;
    for (auto waiting = std::exchange(waiting_, {}); auto& [end, done] : waiting) done(ErrorCode::kNone);
  }
  // The appends on their way come to nothing: what they wrote is cut off.
  void lose_all(ErrorCode why) {
    std::erase_if(batches_, [&](const Bytes& batch) { return RecordBatchView::open(batch)->next_offset() > high_watermark_; });
    end_ = high_watermark_;
    for (auto waiting = std::exchange(waiting_, {}); auto& [end, done] : waiting) done(why);
  }

  std::size_t waiting() const { return waiting_.size(); }
  std::size_t batch_count() const { return batches_.size(); }
  std::size_t appends() const { return appends_; }
  std::vector<Bytes>& batches() { return batches_; }

  Commit commit = Commit::kInside;
  ErrorCode refuse_next = ErrorCode::kNone;
  ErrorCode fail_reads = ErrorCode::kNone;
  bool is_leader = true;

 private:
  std::vector<Bytes> batches_;
  std::deque<std::pair<Offset, Committed>> waiting_;
  Offset end_{0};
  Offset high_watermark_{0};
  std::size_t appends_ = 0;
};

}  // namespace barnabas::coordinator::testing
