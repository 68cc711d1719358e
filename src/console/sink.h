#pragma once
// Where collectors put what they read: begin() names a metric, the samples behind it are its series.
//
//   sink.begin(family("kafka_topic_partitions"));
//   sink.sample({{"topic", name}}, 3);
//
// Threads: one.
#include <initializer_list>
#include <string>
#include <string_view>

#include "base/metrics.h"
#include "console/families.h"

namespace barnabas::console {

struct Label {
  std::string_view name;
  std::string_view value;
};
using Labels = std::initializer_list<Label>;

class Sink {
 public:
  virtual ~Sink() = default;
  virtual void begin(const Family& family) = 0;
  virtual void sample(Labels labels, double value) = 0;
  virtual void sample(Labels labels, const metrics::HistogramReading& value) = 0;

  // A metric with one series and no labels.
  void one(const Family& family, double value) {
    begin(family);
    sample({}, value);
  }
};

}  // namespace barnabas::console
