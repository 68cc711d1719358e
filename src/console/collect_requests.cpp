// What was counted of requests and connections (console.h).
#include "broker/api_table.h"
#include "console/console.h"
#include "model/error_code.h"

namespace barnabas::console {
namespace {

using broker::ApiMetrics;
using broker::LoopMetrics;
using metrics::HistogramReading;
using metrics::LatencyTally;

// One API's counts, of all loops.
struct ApiTotals {
  std::string_view name;
  std::size_t place = 0;
  std::uint64_t requests = 0;
  std::uint64_t request_bytes = 0;
  std::uint64_t reply_bytes = 0;
  HistogramReading queue{}, local{}, wait{}, send{}, total{};
};

ApiTotals totals_of(const broker::Broker& broker, std::size_t place) {
  ApiTotals all{.name = protocol::name(broker::api_table()[place].key), .place = place};
  for (std::size_t loop = 0; loop < broker.loop_count(); ++loop) {
    const ApiMetrics& own = broker.counts(loop).by_api[place];
    all.requests += own.requests.value();
    all.request_bytes += own.request_bytes.value();
    all.reply_bytes += own.reply_bytes.value();
    all.queue.add(own.queue.read());
    all.local.add(own.local.read());
    all.wait.add(own.wait.read());
    all.send.add(own.send.read());
    all.total.add(own.total.read());
  }
  return all;
}

void collect_errors(const broker::Broker& broker, Sink& sink) {
  sink.begin(family("barnabas_request_errors_total"));
  for (std::size_t place = 0; place < broker::api_table().size(); ++place) {
    const std::string_view api = protocol::name(broker::api_table()[place].key);
    for (std::size_t at = 0; at < broker::ErrorCounts::kCodes; ++at) {
      const std::uint64_t count = broker.errors_at(place).value(at);
      if (count == 0) continue;
      const auto code = static_cast<ErrorCode>(static_cast<int>(at) + broker::ErrorCounts::kFirst);
      sink.sample({{"api", api}, {"error", name(code)}}, static_cast<double>(count));
    }
  }
}

std::uint64_t over_loops(const broker::Broker& broker, metrics::Tally LoopMetrics::* which) {
  std::uint64_t sum = 0;
  for (std::size_t loop = 0; loop < broker.loop_count(); ++loop) sum += (broker.counts(loop).*which).value();
  return sum;
}

}  // namespace

void Console::collect_requests(Sink& sink) const {
  const broker::Broker& broker = deps_.broker;
  std::vector<ApiTotals> apis;
  for (std::size_t place = 0; place < broker::api_table().size(); ++place) {
    if (ApiTotals all = totals_of(broker, place); all.requests > 0) apis.push_back(all);
  }
  const auto each = [&](const Family& family, std::uint64_t ApiTotals::* which) {
    sink.begin(family);
    for (const ApiTotals& api : apis) sink.sample({{"api", api.name}}, static_cast<double>(api.*which));
  };
  each(family("barnabas_requests_total"), &ApiTotals::requests);
  each(family("barnabas_request_bytes_total"), &ApiTotals::request_bytes);
  each(family("barnabas_response_bytes_total"), &ApiTotals::reply_bytes);
  sink.begin(family("barnabas_request_seconds"));
  for (const ApiTotals& api : apis) sink.sample({{"api", api.name}}, api.total);
  sink.begin(family("barnabas_request_phase_seconds"));
  for (const ApiTotals& api : apis) {
    sink.sample({{"api", api.name}, {"phase", "queue"}}, api.queue);
    sink.sample({{"api", api.name}, {"phase", "local"}}, api.local);
    sink.sample({{"api", api.name}, {"phase", "wait"}}, api.wait);
    sink.sample({{"api", api.name}, {"phase", "send"}}, api.send);
  }
  collect_errors(broker, sink);
  sink.one(family("barnabas_requests_refused_total"), static_cast<double>(broker.refused_requests()));
  sink.one(family("barnabas_slow_requests_total"), static_cast<double>(broker.slow_requests()));
  sink.one(family("barnabas_records_in_total"), static_cast<double>(over_loops(broker, &LoopMetrics::records_in)));
  sink.one(family("barnabas_record_bytes_in_total"), static_cast<double>(over_loops(broker, &LoopMetrics::bytes_in)));
  sink.one(family("barnabas_record_bytes_out_total"), static_cast<double>(over_loops(broker, &LoopMetrics::bytes_out)));
}

void Console::collect_connections(Sink& sink) const {
  const auto listeners = deps_.sockets.listener_states();
  for (const Family* which : {&family("barnabas_connections"), &family("kafka_server_socket_server_metrics_connection_count")}) {
    sink.begin(*which);
    for (const auto& listener : listeners) sink.sample({{"listener", listener.name}}, static_cast<double>(listener.connections));
  }
  sink.one(family("barnabas_connections_accepted_total"), static_cast<double>(deps_.sockets.accepted()));
  sink.one(family("barnabas_connections_refused_total"), static_cast<double>(deps_.sockets.refused()));
  sink.one(family("barnabas_request_memory_bytes"), static_cast<double>(deps_.sockets.budget().used()));
  sink.one(family("barnabas_request_memory_limit_bytes"), static_cast<double>(deps_.sockets.budget().limit()));
}

void Console::collect_quotas(Sink& sink) const {
  using broker::QuotaKind;
  const broker::Quotas& quotas = deps_.broker.quotas();
  const auto each = [&](const Family& family, auto&& value_of) {
    sink.begin(family);
    sink.sample({{"kind", "produce"}}, value_of(QuotaKind::kProducerBytes));
    sink.sample({{"kind", "fetch"}}, value_of(QuotaKind::kConsumerBytes));
    sink.sample({{"kind", "request"}}, value_of(QuotaKind::kRequestTime));
  };
  each(family("barnabas_quota_throttles_total"), [&](QuotaKind kind) { return static_cast<double>(quotas.throttles(kind)); });
  each(family("barnabas_quota_rest_seconds_total"), [&](QuotaKind kind) { return quotas.rest_seconds(kind); });
}

}  // namespace barnabas::console
