#include "console/exposition.h"

#include <fmt/format.h>
#include <prometheus/text_serializer.h>

#include <functional>
#include <limits>
#include <sstream>
#include <vector>

namespace barnabas::console {
namespace {

constexpr std::size_t kLabelMaxBytes = 255;
constexpr std::size_t kLabelKeptBytes = 200;

prometheus::MetricType type_of(Kind kind) {
  switch (kind) {
    case Kind::kCounter: return prometheus::MetricType::Counter;
    case Kind::kGauge: return prometheus::MetricType::Gauge;
    case Kind::kHistogram: return prometheus::MetricType::Histogram;
  }
  return prometheus::MetricType::Untyped;
}

}  // namespace

struct Exposition::State {
  std::ostringstream text;
  std::vector<prometheus::MetricFamily> family{1};

  prometheus::ClientMetric& add(Labels labels) {
    prometheus::ClientMetric& metric = family.front().metric.emplace_back();
    metric.label.reserve(labels.size());
    for (const Label& label : labels) metric.label.push_back({std::string(label.name), std::string(label.value)});
    return metric;
  }
};

Exposition::Exposition() : state_(std::make_unique<State>()) {}
Exposition::~Exposition() = default;

void Exposition::begin(const Family& family) {
  flush();
  auto& next = state_->family.front();
  next.name = family.name;
  next.help = family.help;
  next.type = type_of(family.kind);
}

void Exposition::flush() {
  auto& family = state_->family.front();
  if (!family.metric.empty()) prometheus::TextSerializer().Serialize(state_->text, state_->family);
  family.metric.clear();
}

void Exposition::sample(Labels labels, double value) {
  prometheus::ClientMetric& metric = state_->add(labels);
  (state_->family.front().type == prometheus::MetricType::Counter ? metric.counter.value : metric.gauge.value) = value;
}

void Exposition::sample(Labels labels, const metrics::HistogramReading& value) {
  prometheus::ClientMetric::Histogram& histogram = state_->add(labels).histogram;
  std::uint64_t cumulative = 0;
  for (std::size_t i = 0; i <= value.buckets->upto.size(); ++i) {
    cumulative += value.counts[i];
    const bool last = i == value.buckets->upto.size();
    const double bound = last ? std::numeric_limits<double>::infinity() : static_cast<double>(value.buckets->upto[i]) * value.buckets->unit;
    histogram.bucket.push_back({cumulative, bound});
  }
  histogram.sample_count = cumulative;
  histogram.sample_sum = static_cast<double>(value.sum) * value.buckets->unit;
}

std::string Exposition::finish() {
  flush();
  return std::move(state_->text).str();
}

std::string label_text(std::string_view name) {
  const bool cut = name.size() > kLabelMaxBytes;
  std::string text;
  for (const char c : cut ? name.substr(0, kLabelKeptBytes) : name) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte >= '~' || c == '\\') {
      fmt::format_to(std::back_inserter(text), "\\x{:02x}", byte);
    } else {
      text += c;
    }
  }
  if (cut) fmt::format_to(std::back_inserter(text), "~{:016x}", std::hash<std::string_view>()(name));
  return text;
}

}  // namespace barnabas::console
