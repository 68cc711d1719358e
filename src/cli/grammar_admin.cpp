// barnabas topic, cluster, config.
#include "cli/grammar.h"

namespace barnabas::cli {
namespace {

constexpr const char* kKeyValue = "KEY=VALUE";

void names(CLI::App& app, std::vector<std::string>& into, const char* help) {
  app.add_option("topics", into, help)->required()->type_name("TOPIC");
}

void many(CLI::App& app, const char* name, std::vector<std::string>& into, const char* help, const char* type) {
  app.add_option(name, into, help)->type_name(type)->allow_extra_args(false);
}

void add_topic_create(CLI::App& topic, Leaves& leaves) {
  const auto [app, create] = add_admin<TopicCreate>(topic, leaves, "create", "Create topics.",
                                                    "  barnabas topic create orders\n"
                                                    "  barnabas topic create orders bills -p 12 -c retention.ms=86400000\n"
                                                    "  barnabas topic create orders --dry-run      ask the broker whether it could be\n");
  names(*app, create->names, "Names of the new topics");
  app->add_option("-p,--partitions", create->partitions, "How many partitions; the broker's num.partitions unless given")
      ->type_name("N")
      ->check(CLI::PositiveNumber);
  app->add_option("-r,--replicas", create->replicas, "How many replicas; the broker's default unless given")
      ->type_name("N")
      ->check(CLI::PositiveNumber);
  many(*app, "-c,--config", create->configs, "A config of the topics; may be repeated. barnabas config explain lists them", kKeyValue);
  app->add_flag("--if-not-exists", create->if_not_exists, "A topic that exists already is fine");
  app->add_flag("--dry-run", create->dry_run, "Let the broker check it, create nothing");
}

void add_topic_show(CLI::App& topic, Leaves& leaves) {
  const auto [list, listed] = add_admin<TopicList>(topic, leaves, "list", "List topics.",
                                                   "  barnabas topic list\n"
                                                   "  barnabas topic list 'orders-*' -o json\n");
  list->add_option("patterns", listed->patterns, "Only names like this: * is anything, ? one character")->type_name("PATTERN");
  list->add_flag("-a,--all", listed->internal, "Internal topics too");

  const auto [describe, described] = add_admin<TopicDescribe>(topic, leaves, "describe", "Show partitions, offsets and configs of topics.",
                                                              "  barnabas topic describe orders\n"
                                                              "  barnabas topic describe orders --all-configs -o yaml\n");
  names(*describe, described->names, "Names of the topics");
  describe->add_flag("--all-configs", described->all_configs, "Configs with their default value too");
}

void add_topic_change(CLI::App& topic, Leaves& leaves) {
  const auto [alter, altered] = add_admin<TopicAlter>(topic, leaves, "alter", "Add partitions to a topic, change its configs.",
                                                      "  barnabas topic alter orders -p 24\n"
                                                      "  barnabas topic alter orders -c retention.ms=3600000 --delete-config segment.ms\n");
  alter->add_option("topic", altered->name, "Name of the topic")->required()->type_name("TOPIC");
  alter->add_option("-p,--partitions", altered->partitions, "The new number of partitions, more than now")
      ->type_name("N")
      ->check(CLI::PositiveNumber);
  many(*alter, "-c,--config", altered->configs, "A config to set; may be repeated", kKeyValue);
  many(*alter, "--delete-config", altered->deleted_configs, "A config to give back to its default; may be repeated", "KEY");
  alter->add_flag("--dry-run", altered->dry_run, "Let the broker check it, change nothing");

  const auto [remove, removed] = add_admin<TopicDelete>(topic, leaves, "delete", "Delete topics with all of their records.",
                                                        "  barnabas topic delete orders               says what would go, and asks\n"
                                                        "  barnabas topic delete orders bills --yes   for scripts\n");
  names(*remove, removed->names, "Names of the topics");
  remove->add_flag("--if-exists", removed->if_exists, "A topic that does not exist is fine");
  add_yes(*remove, removed->yes);
}

void add_topic_analyze(CLI::App& topic, Leaves& leaves) {
  const auto [app, analyze] =
      add_admin<TopicAnalyze>(topic, leaves, "analyze", "Measure how fast a topic was written, and advise a number of partitions.",
                              "  barnabas topic analyze orders\n"
                              "  barnabas topic analyze orders --window 7d --consumer-records 5000\n"
                              "Rates come from the timestamps of records that are there: nothing is written, and it does not wait.\n");
  app->add_option("topic", analyze->name, "Name of the topic")->required()->type_name("TOPIC");
  add_duration(*app, "--window", analyze->window, "How far to look back; 1h unless given");
  app->add_option("--partition-mb", analyze->partition_mb, "MB/s that one partition is to carry; 10 unless given")
      ->type_name("N")
      ->check(CLI::PositiveNumber);
  app->add_option("--consumer-records", analyze->consumer_records, "Records/s that one consumer manages")
      ->type_name("N")
      ->check(CLI::PositiveNumber);
}

void add_of(CLI::App& app, std::string& type, std::string& name) {
  app.add_option("type", type, "topic, broker, group, or client-metrics: a subscription of what clients push of their own metrics")
      ->required()
      ->check(CLI::IsMember({"topic", "broker", "group", "client-metrics"}))
      ->type_name("TYPE");
  app.add_option("name", name, "Name of the topic, group or subscription, number of the broker; all: every broker")
      ->required()
      ->type_name("NAME");
}

}  // namespace

void add_topic_commands(CLI::App& app, Leaves& leaves) {
  CLI::App* topic = app.add_subcommand("topic", "Create, list, describe, alter, delete and analyze topics.");
  topic->require_subcommand(1);
  add_topic_create(*topic, leaves);
  add_topic_show(*topic, leaves);
  add_topic_change(*topic, leaves);
  add_topic_analyze(*topic, leaves);
}

void add_cluster_commands(CLI::App& app, Leaves& leaves) {
  CLI::App* cluster = app.add_subcommand("cluster", "Look at a cluster.");
  cluster->require_subcommand(1);
  add_admin<ClusterInfo>(*cluster, leaves, "info", "Show the cluster's id, its brokers and its controller.",
                         "  barnabas cluster info\n"
                         "  barnabas cluster info -b kafka-1:9092,kafka-2:9092 -o json\n");
}

void add_config_commands(CLI::App& app, Leaves& leaves) {
  CLI::App* config = app.add_subcommand("config", "Read, change and explain settings.");
  config->require_subcommand(1);
  const auto [get, got] = add_admin<ConfigGet>(*config, leaves, "get", "Show what a topic, broker, group or subscription is set to.",
                                               "  barnabas config get topic orders                    what differs from its default\n"
                                               "  barnabas config get topic orders retention.ms\n"
                                               "  barnabas config get broker 1 --all -o yaml\n");
  add_of(*get, got->type, got->name);
  get->add_option("keys", got->keys, "Only these")->type_name("KEY");
  get->add_flag("-a,--all", got->all, "Defaults too");

  const auto [set, made] =
      add_admin<ConfigSet>(*config, leaves, "set", "Change settings of a topic, broker, group or subscription while it is in use.",
                           "  barnabas config set topic orders retention.ms=3600000\n"
                           "  barnabas config set topic orders --delete retention.ms\n"
                           "  barnabas config set broker all log.retention.ms=86400000 --dry-run\n"
                           "  barnabas config set client-metrics all metrics=* interval.ms=10000\n");
  add_of(*set, made->type, made->name);
  set->add_option("changes", made->changes, "What to set")->type_name(kKeyValue);
  many(*set, "--delete", made->deleted, "A setting to give back to its default; may be repeated", "KEY");
  set->add_flag("--dry-run", made->dry_run, "Let the broker check it, change nothing");

  const auto [explain, explained] = add_admin<ConfigExplain>(*config, leaves, "explain", "Explain a setting. Asks no broker.",
                                                             "  barnabas config explain retention.ms\n"
                                                             "  barnabas config explain            all of them\n");
  explain->add_option("names", explained->names, "Settings to explain; all, when none is named")->type_name("KEY");
}

}  // namespace barnabas::cli
