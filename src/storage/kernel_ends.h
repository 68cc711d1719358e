#pragma once
// How far each log was given to the kernel: docs/formats/kernel-ends.md. A start after kill -9 need not read again what
// is below, as long as the machine has not been started since.
#include "base/disk.h"
#include "storage/offset_checkpoint.h"

namespace barnabas::storage {

inline constexpr const char* kKernelEndsFile = "kernel-ends";

// Not synced: after a power cut it is worth nothing anyway.
Result<> write_kernel_ends(Disk& disk, const Path& directory, const OffsetsByLog& ends);
// Empty when there is none, it is damaged, or another life of the machine wrote it.
OffsetsByLog read_kernel_ends(Disk& disk, const Path& directory);

}  // namespace barnabas::storage
