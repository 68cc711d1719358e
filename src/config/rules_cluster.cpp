// Who this node is, where its data lies, and whom it agrees with about metadata.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "config/loader.h"

namespace barnabas {
namespace {

constexpr std::string_view kEngine = "barnabas.metadata.engine";

// Each says that there are others to agree with, or how; a node that went its own way would split the cluster.
constexpr std::string_view kNeedAnEngine[] = {
    "controller.listener.names", "controller.quorum.bootstrap.servers", "controller.quorum.voters", "process.roles", "zookeeper.connect",
};

std::string_view port_of(std::string_view address) {
  const auto colon = address.rfind(':');
  return colon == std::string_view::npos ? std::string_view() : address.substr(colon + 1);
}

bool has(const StringList& list, std::string_view item) { return std::ranges::find(list, item) != list.end(); }

}  // namespace

// An engine other than local was refused with its value: the table says they are not built.
void SettingsLoader::check_engine() {
  if (is_set(kEngine)) return check_quorum_is_this_node();
  for (const std::string_view name : kNeedAnEngine) {
    if (!is_set(name)) continue;
    const std::string_view engine = name == "zookeeper.connect" ? "zookeeper" : "raft";
    wrong_value(name,
                fmt::format("asks for the metadata engine `{}`, which is not built yet. If this node is the whole cluster, say {}=local",
                            engine, kEngine));
    return;
  }
}

// A stock KRaft file describes a quorum of one; with the local engine that is what this node is. Anything else is a
// cluster, which local must not pretend to be.
void SettingsLoader::check_quorum_is_this_node() {
  const auto roles = settings_.find(setting::kProcessRoles).value_or(StringList());
  if (!roles.empty() && !(has(roles, "broker") && has(roles, "controller")))
    wrong_value("process.roles", "with barnabas.metadata.engine=local a node is both: broker,controller");
  const auto voters = settings_.find(setting::kControllerQuorumVoters).value_or(StringList());
  const std::string me = is_set("node.id") ? text("node.id") : is_set("broker.id") ? text("broker.id") : text("node.id");
  if (!voters.empty() && (voters.size() != 1 || !voters[0].starts_with(me + "@")))
    wrong_value("controller.quorum.voters",
                fmt::format("names others than this node, {}; barnabas.metadata.engine=local is one node alone", me));
  const auto servers = settings_.find(setting::kControllerQuorumBootstrapServers).value_or(StringList());
  if (servers.empty()) return;
  const auto names = settings_.find(setting::kControllerListenerNames).value_or(StringList());
  const auto listeners = settings_.find(setting::kListeners).value_or(StringList());
  const bool mine = std::ranges::any_of(listeners, [&](const std::string& listener) {
    return has(names, std::string_view(listener).substr(0, listener.find("://"))) && port_of(listener) == port_of(servers[0]);
  });
  if (servers.size() != 1 || !mine)
    wrong_value("controller.quorum.bootstrap.servers",
                "is not just this node's controller listener; barnabas.metadata.engine=local is one node alone");
}

void SettingsLoader::derive_node_id() {
  const std::int32_t broker_id = settings_.get(setting::kBrokerId);
  const bool by_old_name = is_set("broker.id") && broker_id != -1;
  settings_.node_id_ = settings_.get(setting::kNodeId);
  if (!by_old_name) return;
  if (broker_id < 0) return wrong_value("broker.id", "must be at least 0, or -1 for none");
  if (is_set("node.id") && settings_.node_id_ != broker_id)
    return wrong_value("broker.id", fmt::format("must be the same as node.id, which is {}", settings_.node_id_));
  settings_.node_id_ = broker_id;
  entry("node.id") = {std::to_string(broker_id), settings_.entry("broker.id")->origin};
}

void SettingsLoader::derive_log_dirs() {
  const bool many = is_set("log.dirs");
  if (many && is_set("log.dir")) warn("log.dir has no effect: log.dirs overrules it");
  if (many || is_set("log.dir")) {
    settings_.log_dirs_ = *settings_.find(many ? setting::kLogDirs : setting::kLogDir);
    const std::set<std::string> different(settings_.log_dirs_.begin(), settings_.log_dirs_.end());
    if (different.size() != settings_.log_dirs_.size()) wrong_value(many ? "log.dirs" : "log.dir", "names a directory twice");
    return;
  }
  const auto directory = [&](std::string_view variable) -> std::string {
    const auto found = sources_.environment.find(variable);
    return found == sources_.environment.end() || !found->second.starts_with('/') ? std::string() : found->second;
  };
  if (const std::string data = directory("XDG_DATA_HOME"); !data.empty()) {
    settings_.log_dirs_ = {data + "/barnabas"};
  } else if (const std::string home = directory("HOME"); !home.empty()) {
    settings_.log_dirs_ = {home + "/.local/share/barnabas"};
  } else {
    return wrong("log.dirs must be set: neither XDG_DATA_HOME nor HOME says where this user's data lies");
  }
  // DescribeConfigs shows where the data really is.
  entry("log.dirs").text = settings_.log_dirs_[0];
}

}  // namespace barnabas
