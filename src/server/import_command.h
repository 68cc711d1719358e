#pragma once
// `barnabas storage import`: topic folders of a stopped Apache Kafka become topics of ours, with their ids and epochs.
#include "cli/commands.h"

namespace barnabas::server {

// The exit code: 0 done, 1 refused or failed, 2 wrong settings.
int import(const cli::StorageImportCommand& command);

}  // namespace barnabas::server
