// What a client pushes: three pushes of OTLP metrics after each other. What is kept of them is within its limits, was asked for,
// and has no labels twice.
#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "base/check.h"
#include "broker/client_series.h"

using namespace barnabas;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::size_t most = data[0] % 8;
  const std::vector<std::string> prefixes = data[0] < 128 ? std::vector<std::string>{"*"} : std::vector<std::string>{"a", "b"};
  ByteView rest(reinterpret_cast<const std::byte*>(data) + 2, size - 2);
  std::vector<broker::ClientSeries> series;
  for (int i = 0; i < 3; ++i) {
    const std::size_t length = std::min<std::size_t>(rest.size(), i == 2 ? rest.size() : data[1]);
    std::uint64_t left_out = 0;
    if (auto push = broker::read_client_push(rest.first(length), prefixes, most)) {
      CHECK(push->series.size() <= most);
      series = broker::after_push(series, *std::move(push), prefixes, most, left_out);
    }
    rest = rest.subspan(length);
    CHECK(series.size() <= most);
    for (std::size_t at = 0; at < series.size(); ++at) {
      CHECK(series[at].metric.size() <= 255 && series[at].attributes.size() <= 255);
      CHECK(broker::is_asked_for(series[at].metric, prefixes));
      CHECK(at == 0 || (series[at - 1] <=> series[at]) < 0);
    }
  }
  return 0;
}
