// Disks, recovery, the node and its process (console.h).
#include <algorithm>

#include "console/console.h"

namespace barnabas::console {

void Console::collect_disks(Sink& sink) const {
  std::vector<storage::LogDirectory*> directories;
  for (std::size_t i = 0; i < deps_.logs.directory_count(); ++i) directories.push_back(&deps_.logs.directory(i));
  const auto each = [&](const Family& family, auto&& value_of) {
    sink.begin(family);
    for (storage::LogDirectory* directory : directories) { sink.sample({{"directory", directory->path().native()}}, value_of(*directory)); }
  };
  each(family("barnabas_log_sync_seconds"), [](storage::LogDirectory& at) { return at.syncs().seconds.read(); });
  each(family("barnabas_log_sync_group_size"), [](storage::LogDirectory& at) { return at.syncs().group_sizes.read(); });
  each(family("barnabas_log_sync_failures_total"),
       [](storage::LogDirectory& at) { return static_cast<double>(at.syncs().failed.value()); });
  each(family("barnabas_log_directory_online"), [](storage::LogDirectory& at) { return at.failed() ? 0.0 : 1.0; });
  each(family("barnabas_log_directory_free_bytes"),
       [](storage::LogDirectory& at) { return static_cast<double>(at.disk().free_bytes(at.path()).value_or(0)); });

  const storage::LoadReport& recovery = start_.recovery;
  sink.begin(family("barnabas_recovery_logs"));
  sink.sample({{"state", "clean"}}, static_cast<double>(recovery.clean));
  sink.sample({{"state", "recovered"}}, static_cast<double>(recovery.logs - recovery.clean));
  sink.sample({{"state", "failed"}}, static_cast<double>(recovery.failed.size()));
  sink.one(family("barnabas_recovery_scanned_bytes"), static_cast<double>(recovery.scanned_bytes));
  sink.one(family("barnabas_recovery_cut_bytes"), static_cast<double>(recovery.cut_bytes));
  sink.one(family("barnabas_recovery_damaged_ranges"), static_cast<double>(recovery.damage.size()));
}

void Console::collect_cleaner(Sink& sink) const {
  const storage::CleanerReport cleaner = deps_.logs.cleaner().report();
  sink.begin(family("barnabas_cleaner_passes_total"));
  sink.sample({{"result", "done"}}, static_cast<double>(cleaner.passes));
  sink.sample({{"result", "failed"}}, static_cast<double>(cleaner.failed_passes));
  sink.one(family("barnabas_cleaner_read_bytes_total"), static_cast<double>(cleaner.bytes_read));
  sink.one(family("barnabas_cleaner_written_bytes_total"), static_cast<double>(cleaner.bytes_written));
  sink.one(family("barnabas_cleaner_dirty_ratio_max"), cleaner.dirty_ratio_max);
  sink.one(family("kafka_log_logcleanermanager_max_dirty_percent"), cleaner.dirty_ratio_max * 100);
  for (const Family* left_alone :
       {&family("barnabas_cleaner_uncleanable_partitions"), &family("kafka_log_logcleanermanager_uncleanable_partitions_count")}) {
    sink.one(*left_alone, static_cast<double>(cleaner.uncleanable));
  }
  sink.one(family("barnabas_cleaner_last_look_time_seconds"), static_cast<double>(cleaner.looked_ms) / 1e3);
  if (!cleaner.enabled) return;  // or an alert on a cleaner that hangs goes off
  sink.one(family("kafka_log_logcleanermanager_time_since_last_run_ms"),
           static_cast<double>(std::max<std::int64_t>(0, deps_.clock.wall_ms() - cleaner.looked_ms)));
}

void Console::collect_node(Sink& sink) const {
  const Settings& settings = deps_.broker.settings();
  const metadata::ImagePtr image = deps_.broker.images().current();
  sink.begin(family("barnabas_info"));
  sink.sample({{"version", start_.version},
               {"node", std::to_string(settings.node_id())},
               {"cluster", image->cluster_id()},
               {"durability", settings.get(setting::kBarnabasDurability)}},
              1);
  sink.one(family("barnabas_ready"), not_ready_because().empty() ? 1 : 0);
  sink.one(family("barnabas_start_seconds"), start_.took_seconds);
  sink.one(family("barnabas_metadata_end_offset"), static_cast<double>(image->end().value()));
  sink.one(family("barnabas_metrics_scrape_seconds"), std::chrono::duration<double>(scrape_took_).count());

  const ProcessFacts process = deps_.process();
  sink.one(family("process_cpu_seconds_total"), process.cpu_seconds);
  sink.one(family("process_resident_memory_bytes"), static_cast<double>(process.resident_bytes));
  sink.one(family("process_virtual_memory_bytes"), static_cast<double>(process.virtual_bytes));
  sink.one(family("process_threads"), static_cast<double>(process.threads));
  sink.one(family("process_open_fds"), static_cast<double>(process.open_descriptors));
  sink.one(family("process_max_fds"), static_cast<double>(process.descriptors_max));
  sink.one(family("process_start_time_seconds"), static_cast<double>(start_.started_ms) / 1e3);
  sink.one(family("kafka_server_kafkaserver_linux_disk_read_bytes"), static_cast<double>(process.disk_read_bytes));
  sink.one(family("kafka_server_kafkaserver_linux_disk_write_bytes"), static_cast<double>(process.disk_written_bytes));

  sink.one(family("kafka_brokers"), static_cast<double>(image->brokers().size()));
  sink.begin(family("kafka_broker_info"));
  for (const auto& [id, broker] : image->brokers()) {
    const std::string address =
        broker->endpoints.empty() ? "" : net::to_string({broker->endpoints.front().host, broker->endpoints.front().port});
    sink.sample({{"id", std::to_string(id)}, {"address", address}}, 1);
  }
  sink.one(family("kafka_controller_kafkacontroller_activecontrollercount"), image->controller() == settings.node_id() ? 1 : 0);
  sink.one(family("kafka_controller_controllerstats_uncleanleaderelections_total"), 0);
  sink.one(family("kafka_controller_kafkacontroller_globaltopiccount"), static_cast<double>(image->topic_count()));
  sink.one(family("kafka_controller_kafkacontroller_globalpartitioncount"), static_cast<double>(image->partition_count()));
}

}  // namespace barnabas::console
