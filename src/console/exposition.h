#pragma once
// Metrics in Prometheus' text format, written by prometheus-cpp's serializer (docs/decisions/0097).
//
// One metric at a time: what a hundred thousand partitions have to say is never in memory in the library's own shape.
#include <memory>
#include <string>
#include <string_view>

#include "console/sink.h"

namespace barnabas::console {

class Exposition final : public Sink {
 public:
  Exposition();
  ~Exposition() override;
  void begin(const Family& family) override;
  void sample(Labels labels, double value) override;
  void sample(Labels labels, const metrics::HistogramReading& value) override;
  // The whole text; nothing may be put in afterwards.
  std::string finish();

  static constexpr std::string_view kContentType = "text/plain; version=0.0.4; charset=utf-8";

 private:
  struct State;
  void flush();
  const std::unique_ptr<State> state_;
};

// What a client named (a group), as a label: printable ASCII, other bytes, \ and ~ as \xNN; a long one is cut and ends in a hash, so
// that two names stay two.
std::string label_text(std::string_view name);

}  // namespace barnabas::console
