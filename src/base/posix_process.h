#pragma once
// What the kernel knows about this process (proc(5)). A number that cannot be read is 0. Threads: any; reads files.
#include <cstdint>

namespace barnabas {

struct ProcessFacts {
  double cpu_seconds = 0;  // user and system
  std::uint64_t resident_bytes = 0;
  std::uint64_t virtual_bytes = 0;
  std::uint64_t threads = 0;
  std::uint64_t open_descriptors = 0;
  std::uint64_t descriptors_max = 0;
  std::uint64_t disk_read_bytes = 0;     // that really came from a disk
  std::uint64_t disk_written_bytes = 0;  // that were sent on their way to one
};

ProcessFacts process_facts();

}  // namespace barnabas
