#include "cli/rates.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace barnabas::cli {
namespace {

constexpr std::int32_t kPartitionsMax = 100'000;
constexpr double kSkewed = 2;  // so many times the mean share is worth a word

std::int32_t needed(double rate, double each, double headroom) {
  return static_cast<std::int32_t>(std::clamp(std::ceil(rate * headroom / each), 1.0, double{kPartitionsMax}));
}

}  // namespace

Advice advise(const MeasuredTopic& topic, const Capacity& capacity) {
  Advice advice;
  const auto now = static_cast<std::int32_t>(topic.ends.size());
  const std::int64_t records = std::accumulate(topic.ends.begin(), topic.ends.end(), std::int64_t{0});
  if (records == 0) {
    advice.partitions = std::max(1, now);
    advice.reasons.emplace_back("Nothing was written in the window: there is nothing to advise from.");
    return advice;
  }
  if (topic.bytes_per_record > 0) {
    const double bytes = topic.peak_records_per_s * topic.bytes_per_record;
    const std::int32_t by_bytes = needed(bytes, capacity.partition_bytes_per_s, capacity.headroom);
    advice.reasons.push_back(
        fmt::format("The busiest part wrote {:.2f} MB/s; at {:.1f} MB/s a partition and {:.1f} times that for headroom: {}.", bytes / 1e6,
                    capacity.partition_bytes_per_s / 1e6, capacity.headroom, by_bytes));
    advice.partitions = std::max(advice.partitions, by_bytes);
  } else {
    advice.reasons.emplace_back("How large records are is not known: this broker does not tell the sizes of its logs.");
  }
  if (capacity.consumer_records_per_s > 0) {
    const std::int32_t by_consumers = needed(topic.peak_records_per_s, capacity.consumer_records_per_s, capacity.headroom);
    advice.reasons.push_back(fmt::format("It wrote {:.0f} records/s; consumers of {:.0f} each and {:.1f} times that for headroom: {}.",
                                         topic.peak_records_per_s, capacity.consumer_records_per_s, capacity.headroom, by_consumers));
    advice.partitions = std::max(advice.partitions, by_consumers);
  }
  if (advice.partitions <= now) {
    advice.reasons.push_back(fmt::format("Its {} partitions are enough. They cannot be made fewer, only anew.", now));
    advice.partitions = now;
  } else {
    advice.reasons.push_back(
        fmt::format("It has {}. More partitions move keys to other partitions: order by key is lost across the change.", now));
  }
  const auto largest = std::ranges::max_element(topic.ends);
  const double mean = static_cast<double>(records) / now;
  if (now > 1 && static_cast<double>(*largest) > kSkewed * mean) {
    advice.reasons.push_back(
        fmt::format("Partition {} took {:.0f} % of the records: more partitions do not help where a few keys are that busy.",
                    largest - topic.ends.begin(), 100.0 * static_cast<double>(*largest) / static_cast<double>(records)));
  }
  return advice;
}

}  // namespace barnabas::cli
