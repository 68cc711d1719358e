// What clients tell of themselves (console.h, docs/decisions/0110): broker/client_telemetry.h has it, within its limits.
#include "console/console.h"
#include "console/exposition.h"

namespace barnabas::console {
namespace {

using broker::ClientSeries;
using broker::ClientTelemetry;

void show_values(const std::vector<ClientTelemetry::Told>& clients, bool counters, Sink& sink) {
  for (const ClientTelemetry::Told& client : clients) {
    const std::string instance = client.client.text(), id = label_text(client.facts.client_id);
    for (const ClientSeries& series : *client.series) {
      if (series.counter != counters) continue;
      sink.sample({{"client_instance", instance},
                   {"client_id", id},
                   {"metric", label_text(series.metric)},
                   {"topic", label_text(series.topic)},
                   {"partition", label_text(series.partition)},
                   {"node", label_text(series.node)},
                   {"attributes", label_text(series.attributes)}},
                  series.value);
    }
  }
}

}  // namespace

void Console::collect_clients(Sink& sink) const {
  ClientTelemetry& telemetry = deps_.broker.telemetry();
  sink.one(family("barnabas_clients"), static_cast<double>(telemetry.clients()));
  sink.one(family("barnabas_client_pushes_total"), static_cast<double>(telemetry.pushes()));
  sink.one(family("barnabas_client_points_left_out_total"), static_cast<double>(telemetry.left_out()));
  const std::vector<ClientTelemetry::Told> clients = telemetry.told();
  sink.begin(family("barnabas_client_info"));
  for (const ClientTelemetry::Told& client : clients) {
    sink.sample({{"client_instance", client.client.text()},
                 {"client_id", label_text(client.facts.client_id)},
                 {"software", label_text(client.facts.software_name)},
                 {"software_version", label_text(client.facts.software_version)},
                 {"address", client.facts.address},
                 {"group", label_text(client.group_id)}},
                1);
  }
  sink.begin(family("barnabas_client_last_push_time_seconds"));
  for (const ClientTelemetry::Told& client : clients) {
    sink.sample({{"client_instance", client.client.text()}}, static_cast<double>(client.pushed_ms) / 1e3);
  }
  sink.begin(family("barnabas_client_value"));
  show_values(clients, /*counters=*/false, sink);
  sink.begin(family("barnabas_client_sum_total"));
  show_values(clients, /*counters=*/true, sink);
}

}  // namespace barnabas::console
