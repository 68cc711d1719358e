#pragma once
// What a topic's rates say about its number of partitions. Pure: `barnabas topic analyze` measures and shows.
#include <cstdint>
#include <string>
#include <vector>

namespace barnabas::cli {

struct MeasuredTopic {
  std::vector<std::int64_t> ends;  // partition by partition: records in the window
  double window_s = 0;             // how long it was
  double peak_records_per_s = 0;   // of all partitions together, in the busiest part of the window
  double bytes_per_record = 0;     // 0: unknown
};

struct Capacity {
  double partition_bytes_per_s = 10e6;  // what one partition is to carry
  double consumer_records_per_s = 0;    // what one consumer manages; 0: not told
  double headroom = 2;                  // for growth, and for catching up after a stop
};

struct Advice {
  std::int32_t partitions = 1;       // that the rates need
  std::vector<std::string> reasons;  // sentences
};

Advice advise(const MeasuredTopic& topic, const Capacity& capacity);

}  // namespace barnabas::cli
