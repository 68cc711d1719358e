#pragma once
// The broker's settings: what was set, where, and what holds where nothing was.
//
// One value can come from several places. The first that has it wins:
//   set while it runs, for this broker  >  the same for all brokers (KIP-226; only in a copy made by with_dynamic)
//   >  --set key=value  >  BARNABAS_* environment  >  KAFKA_* environment  >  the properties file  >  the table's default
// Units that are synonyms (log.retention.ms, .minutes, .hours) are Kafka's: the finest that is set wins, wherever set.
// Pure: files, environment and the number of cores are handed in. Immutable, so any thread may read it; a get() is a
// binary search, so code on the hot path reads its settings once.
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "config/keys.h"
#include "config/listener.h"
#include "config/setting.h"

namespace barnabas {

using Environment = std::map<std::string, std::string, std::less<>>;
// What was set for a topic, a broker or another resource, by name.
using ConfigMap = std::map<std::string, std::string, std::less<>>;

inline constexpr std::string_view kDevOrigin = "--dev";

struct SettingSources {
  std::string file_name;  // for messages only; empty: no file
  std::string file_text;
  Environment environment;             // all of it: BARNABAS_*, KAFKA_*, CLUSTER_ID, HOME, XDG_DATA_HOME are used
  std::vector<std::string> overrides;  // "key=value", the later wins
  std::vector<std::string> dev{};      // "key=value" of --dev: counts where no other place says anything
  int cores = 1;
};

enum class Durability : std::int8_t {
  kFsync,      // acknowledged means on disk: a power cut takes nothing that was acknowledged
  kPageCache,  // acknowledged means in the kernel, as Kafka does
};

class Settings {
 public:
  // Errors are kInvalidArgument; the message names key, value (never a password's), place and what is allowed.
  static Result<Settings> load(const SettingSources& sources);

  // The same with what the cluster's metadata sets for all brokers and for this one. What this program does not know, or
  // does not change while it runs, or cannot read, is passed over: it was stored by another version.
  Settings with_dynamic(const ConfigMap& cluster, const ConfigMap& broker) const;

  // The value set, else the default. A setting whose default is null must be read with find().
  template <class T>
  T get(Key<T> key) const;
  // The same; nullopt where it is not set and has no default.
  template <class T>
  std::optional<T> find(Key<T> key) const;
  // Set by the operator at the start, to whatever value.
  bool is_set(std::string_view name) const;
  // Where it was set: "server.properties:12", "environment KAFKA_LISTENERS", "--set", "--dev"; empty when it was not.
  std::string_view origin(std::string_view name) const;
  // As text, in Kafka's spelling; nullopt when null. Also for sensitive ones: the caller hides them.
  std::optional<std::string_view> text(std::string_view name) const;

  // As text, what only one of the places says; nullopt: nothing. The last two are what with_dynamic was given.
  std::optional<std::string_view> start_text(std::string_view name) const;
  std::optional<std::string_view> cluster_text(std::string_view name) const;
  std::optional<std::string_view> broker_text(std::string_view name) const;

  // What must be said at start, once each: unknown keys, settings without effect, duplicates, overruled synonyms.
  const std::vector<std::string>& warnings() const { return warnings_; }

  // Derived from several settings, checked by load().
  std::int32_t node_id() const { return node_id_; }
  const std::vector<std::string>& log_dirs() const { return log_dirs_; }
  const std::vector<Listener>& listeners() const { return listeners_; }  // to open; controller listeners left out
  // What a client of that listener is told; nullptr: the address it connected to.
  const Listener* advertised(std::string_view listener) const;
  // The name of one of listeners().
  const std::string& inter_broker_listener() const { return inter_broker_listener_; }
  Durability durability() const { return durability_; }
  // Where HTTP is served; nullopt: nowhere.
  const std::optional<Listener>& http_listener() const { return http_listener_; }
  // max.connections.per.ip.overrides: address or host name to limit.
  const std::map<std::string, std::int32_t, std::less<>>& connections_per_ip_overrides() const { return per_ip_; }

 private:
  friend class SettingsLoader;

  struct Entry {
    std::optional<std::string> text;       // canonical, as at the start
    std::string origin;                    // empty: the default
    std::optional<std::string> cluster{};  // set while running, for all brokers
    std::optional<std::string> broker{};   // and for this one

    const std::optional<std::string>& effective() const { return broker ? broker : cluster ? cluster : text; }
  };
  const Entry* entry(std::string_view name) const;

  std::vector<Entry> entries_;  // one a row of broker_settings(), in its order
  std::vector<std::string> warnings_;
  std::int32_t node_id_ = 0;
  std::vector<std::string> log_dirs_;
  std::vector<Listener> listeners_;
  std::vector<Listener> advertised_;
  std::string inter_broker_listener_;
  Durability durability_ = Durability::kFsync;
  std::optional<Listener> http_listener_;
  std::map<std::string, std::int32_t, std::less<>> per_ip_;
};

}  // namespace barnabas
