#pragma once
// The clean-shutdown file of a log directory: docs/formats/clean-shutdown.md. It lets a start skip every scan, and is
// believed for a log only as far as that log's files agree with it (S7). Removed before anything is appended.
#include <map>
#include <string>

#include "base/disk.h"
#include "storage/log_directory.h"

namespace barnabas::storage {

using CleanEnds = std::map<std::string, CleanEnd>;  // by log name

inline constexpr const char* kCleanShutdownFile = "clean-shutdown";

Result<> write_clean_shutdown(Disk& disk, const Path& directory, const CleanEnds& ends);
// What the file says, after removing it durably. Empty when there is none or it is damaged.
Result<CleanEnds> take_clean_shutdown(Disk& disk, const Path& directory);

}  // namespace barnabas::storage
