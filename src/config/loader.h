#pragma once
// Builds Settings in three steps: what was given (given.h) is held against the table one by one (loader.cpp), then the
// rules between settings are checked and what follows from several is derived (rules_*.cpp). All that is wrong is gathered, so
// that an operator sees it in one go.
#include <string>
#include <string_view>
#include <vector>

#include "config/given.h"
#include "config/settings.h"
#include "config/value.h"

namespace barnabas {

class SettingsLoader {
 public:
  explicit SettingsLoader(const SettingSources& sources) : sources_(sources) {}
  Result<Settings> load();

 private:
  // loader.cpp: one setting by itself.
  void take_defaults();
  void take(const std::string& name, const Given& given);
  void take_known(const Setting& row, const Given& given);
  void take_for_listener(const std::string& name, const Given& given);
  void take_unknown(const std::string& name, const Given& given);

  // rules_cluster.cpp: who this node is and whom it agrees with.
  void check_engine();
  void check_quorum_is_this_node();
  void derive_node_id();
  void derive_log_dirs();

  // rules_network.cpp: listeners and connections.
  void derive_listeners();
  bool controller_only(std::string_view listener) const;
  void leave_out_controller_listeners(std::vector<Listener>& listeners);
  void refuse_unprotected(const std::vector<Listener>& listeners);
  void derive_advertised(const std::vector<ListenerProtocol>& map);
  void derive_inter_broker_listener();
  void derive_http_listener();
  void derive_per_ip_limits();

  // rules_values.cpp: numbers that must fit each other.
  void check_values();
  void check_retention();
  void check_topic_defaults();
  void warn_overruled();

  void wrong(std::string problem) { problems_.push_back(std::move(problem)); }
  void warn(std::string warning) { settings_.warnings_.push_back(std::move(warning)); }
  // A problem with a setting's value, with its place when it was set.
  void wrong_value(std::string_view name, std::string_view why);
  Settings::Entry& entry(std::string_view name);
  bool is_set(std::string_view name) const { return settings_.is_set(name); }
  std::string text(std::string_view name) const { return std::string(settings_.text(name).value_or("")); }

  const SettingSources& sources_;
  Settings settings_;
  std::vector<std::string> problems_;
};

}  // namespace barnabas
