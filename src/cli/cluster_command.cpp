// barnabas cluster info: who is there.
#include "cli/admin_command.h"

namespace barnabas::cli {

int run(const Asked& asked, const ClusterInfo&) {
  auto cluster = connect(asked.context, asked.connection);
  if (!cluster) return wrong_usage(asked.context, cluster.error().message);
  const auto members = cluster->members();
  if (!members) return failed(asked.context, members.error());
  const protocol::MetadataResponse& found = **members;
  Table brokers({"broker", "host", "port", "rack", "controller"});
  for (const auto& broker : found.brokers) {
    brokers.add({broker.node_id, broker.host, broker.port, broker.rack, broker.node_id == found.controller_id});
  }
  Value::Object about{{"cluster", found.cluster_id}, {"controller", found.controller_id < 0 ? Value() : Value(found.controller_id)}};
  const std::string text = fields_text(about) + "\n" + brokers.text(!asked.output.no_headings);
  about.emplace_back("brokers", brokers.value());
  print(asked.context, asked.output, text, about);
  return kDone;
}

}  // namespace barnabas::cli
