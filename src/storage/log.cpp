#include "storage/log.h"

#include <utility>

#include "base/log.h"
#include "storage/log_recovery.h"
#include "storage/offset_checkpoint.h"

namespace barnabas::storage {

Log::Log(LogDirectory& directory, std::string topic, PartitionIndex partition)
    : directory_(directory),
      topic_(std::move(topic)),
      partition_(partition),
      name_(log_name(topic_, partition)),
      folder_(directory.path() / name_) {}

Log::~Log() { directory_.leave(*this); }

Result<std::shared_ptr<Log>> Log::create(LogDirectory& directory, std::string topic, PartitionIndex partition, const TopicId& topic_id,
                                         const LogConfig& config, Offset start) {
  std::shared_ptr<Log> made(new Log(directory, std::move(topic), partition));
  Disk& disk = directory.disk();
  TRY_ASSIGN(const bool exists, disk.exists(made->folder_));
  if (exists) return fail(Errc::kAlreadyExists, made->name_ + ": folder exists");
  TRY(disk.make_directories(made->folder_));
  {
    TRY_ASSIGN(const auto metadata, disk.open(made->file("partition.metadata"), OpenMode::kCreateNew));
    TRY(metadata->write_at(0, as_bytes(partition_metadata_text(topic_id))));
  }
  const std::scoped_lock lock(made->mutex_);
  made->topic_id_ = topic_id;
  made->config_ = config;
  made->log_start_ = start.value();
  made->log_end_ = start.value();
  made->durable_end_ = start.value();
  TRY_ASSIGN(auto segment, made->make_segment(start));
  made->segments_.push_back(std::move(segment));
  made->folder_dirty_ = true;
  directory.enter(*made);
  return made;
}

Result<std::shared_ptr<Log>> Log::open(LogDirectory& directory, const std::string& folder, const LogConfig& config,
                                       const RecoveryFacts& facts) {
  const auto name = parse_log_name(folder);
  if (!name) return fail(Errc::kInvalidArgument, folder + ": not a partition's folder");
  std::shared_ptr<Log> log(new Log(directory, name->topic, name->partition));
  log->config_ = config;
  LogRecovery recovery(*log, facts);
  Result<> recovered = recovery.run();
  if (!recovered) return wrap(std::move(recovered).error(), "open log " + folder);
  directory.enter(*log);
  return log;
}

}  // namespace barnabas::storage
