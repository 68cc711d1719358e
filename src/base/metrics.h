#pragma once
// What code counts while it works: plain members of whoever does the work, with no name and no registry.
//
//   Tally      one writer at a time (a loop's thread, or under a lock): an addition without a locked instruction
//   Counter    any number of writers
//   Histogram  of either; `metrics::Buckets` says into what
//
// Nothing here locks or allocates. Names, labels and Prometheus are the console's business (src/console/families.h): it
// reads these members when somebody asks. A label's values are a table's or the metadata's, never a request's.
//
// Threads: value() and read() from any. What is read together was not necessarily true together.
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>

namespace barnabas::metrics {

class Tally {
 public:
  void add(std::uint64_t n = 1) { value_.store(value() + n, std::memory_order_relaxed); }
  std::uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

class Counter {
 public:
  void add(std::uint64_t n = 1) { value_.fetch_add(n, std::memory_order_relaxed); }
  std::uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

struct Buckets {
  std::span<const std::int64_t> upto;  // ascending, each inclusive; one more bucket takes what is above
  double unit = 1;                     // what one of these numbers is in the unit shown
};
inline constexpr std::size_t kBucketsMax = 20;

// 10 us to 10 s, in nanoseconds, shown in seconds.
inline constexpr std::array<std::int64_t, 19> kLatencyBounds{
    10'000,     20'000,     50'000,      100'000,     200'000,     500'000,       1'000'000,     2'000'000,     5'000'000,     10'000'000,
    20'000'000, 50'000'000, 100'000'000, 200'000'000, 500'000'000, 1'000'000'000, 2'000'000'000, 5'000'000'000, 10'000'000'000};
inline constexpr Buckets kLatency{kLatencyBounds, 1e-9};

inline constexpr std::array<std::int64_t, 11> kCountBounds{1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024};
inline constexpr Buckets kCounts{kCountBounds, 1};

// What a histogram held when it was read; several of the same buckets can be added up.
struct HistogramReading {
  const Buckets* buckets = nullptr;
  std::array<std::uint64_t, kBucketsMax> counts{};  // of each bucket alone
  std::uint64_t sum = 0;                            // in the buckets' numbers

  std::uint64_t count() const {
    std::uint64_t all = 0;
    for (const std::uint64_t one : counts) all += one;
    return all;
  }
  void add(const HistogramReading& other) {
    buckets = other.buckets;
    for (std::size_t i = 0; i < counts.size(); ++i) counts[i] += other.counts[i];
    sum += other.sum;
  }
};

template <class Cell, const Buckets& kBuckets>
class Histogram {
 public:
  // A value below 0 (a clock that was read in two places) counts as 0.
  void record(std::int64_t value) {
    if (value < 0) value = 0;
    std::size_t at = 0;
    while (at < kBuckets.upto.size() && value > kBuckets.upto[at]) ++at;
    counts_[at].add();
    sum_.add(static_cast<std::uint64_t>(value));
  }
  HistogramReading read() const {
    HistogramReading reading{.buckets = &kBuckets, .sum = sum_.value()};
    for (std::size_t i = 0; i < counts_.size(); ++i) reading.counts[i] = counts_[i].value();
    return reading;
  }

 private:
  static_assert(kBuckets.upto.size() < kBucketsMax);
  std::array<Cell, kBuckets.upto.size() + 1> counts_;
  Cell sum_;
};

using LatencyTally = Histogram<Tally, kLatency>;
using LatencyCounter = Histogram<Counter, kLatency>;
using CountCounter = Histogram<Counter, kCounts>;

}  // namespace barnabas::metrics
