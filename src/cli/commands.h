#pragma once
// What the user typed, as data: `barnabas topic create orders -p 12` is a TopicCreate. One struct a command; parsing
// them is grammar_*.cpp, running them *_command.cpp.
#include <chrono>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "cli/data_commands.h"

namespace barnabas::cli {

enum class Format { kTable, kJson, kYaml };

struct OutputOptions {
  Format format = Format::kTable;
  bool no_headings = false;
};

struct ConnectionOptions {
  std::string brokers;  // empty: from the environment, the profile, or localhost:9092
  std::string profile;
  MonoDuration timeout = std::chrono::seconds(30);
};

struct ServeCommand {
  std::string properties_file;         // empty: none
  std::vector<std::string> overrides;  // "key=value", in the order given
  bool dev = false;                    // data that goes when the broker does, and topics to try it with
};

// Takes topic folders that a stopped Kafka wrote into a data directory of ours.
struct StorageImportCommand {
  std::vector<std::string> folders;  // ".../orders-0"
  std::string properties_file;
  std::vector<std::string> overrides;
  OutputOptions output;
};

struct VersionCommand {
  OutputOptions output;
};

struct TopicCreate {
  std::vector<std::string> names;
  std::int32_t partitions = -1;  // -1: the broker's default
  std::int16_t replicas = -1;
  std::vector<std::string> configs;  // "key=value"
  bool if_not_exists = false;
  bool dry_run = false;
};

struct TopicList {
  std::vector<std::string> patterns;  // any of them; none: all
  bool internal = false;
};

struct TopicDescribe {
  std::vector<std::string> names;
  bool all_configs = false;
};

struct TopicAlter {
  std::string name;
  std::optional<std::int32_t> partitions;
  std::vector<std::string> configs;
  std::vector<std::string> deleted_configs;
  bool dry_run = false;
};

struct TopicAnalyze {
  std::string name;
  MonoDuration window = std::chrono::hours(1);
  double partition_mb = 10;     // that one partition is to carry, MB/s
  double consumer_records = 0;  // that one consumer manages, records/s; 0: not told
};

struct TopicDelete {
  std::vector<std::string> names;
  bool if_exists = false;
  bool yes = false;
};

struct ClusterInfo {};

struct ConfigGet {
  std::string type;  // topic, broker, group
  std::string name;
  std::vector<std::string> keys;
  bool all = false;
};

struct ConfigSet {
  std::string type;
  std::string name;
  std::vector<std::string> changes;  // "key=value"
  std::vector<std::string> deleted;
  bool dry_run = false;
};

struct ConfigExplain {
  std::vector<std::string> names;
};

struct GroupList {
  std::vector<std::string> patterns;
};

struct GroupDescribe {
  std::vector<std::string> names;
};

struct GroupLag {
  std::vector<std::string> names;
  bool total = false;  // one line a group
};

// Where a seek goes.
struct SeekTarget {
  enum class Kind { kEarliest, kLatest, kOffset, kTime, kAgo, kShift };
  Kind kind = Kind::kEarliest;
  std::int64_t value = 0;  // an offset, ms since 1970, ms before now, records forward or (negative) back
};

struct GroupSeek {
  std::string group;
  std::vector<SeekTarget> targets;  // exactly one, or the usage is wrong
  std::vector<std::string> topics;  // "orders" or "orders:0,1"; none: all that the group has committed
  bool yes = false;                 // else only the plan is shown
};

struct GroupDelete {
  std::vector<std::string> names;
  std::vector<std::string> topics;  // forget only what was committed for these
  bool yes = false;
};

struct StorageDump {
  std::vector<std::string> paths;
  bool records = false;
};

struct StorageCheck {
  std::vector<std::string> paths;
};

using AdminAction =
    std::variant<TopicCreate, TopicList, TopicDescribe, TopicAlter, TopicDelete, ClusterInfo, ConfigGet, ConfigSet, ConfigExplain,
                 GroupList, GroupDescribe, GroupLag, GroupSeek, GroupDelete, Produce, Consume, TopicAnalyze, StorageDump, StorageCheck>;

// A command that talks to a cluster, or looks at files.
struct AdminCommand {
  AdminAction action;
  ConnectionOptions connection;
  OutputOptions output;
};

}  // namespace barnabas::cli
