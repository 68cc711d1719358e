#include "base/posix_process.h"

#include <dirent.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <unistd.h>

#include <cstdio>
#include <string_view>

namespace barnabas {
namespace {

// Calls with each "name: value" line of a file under /proc/self.
template <class F>
void each_line(const char* path, F&& line_is) {
  std::FILE* file = std::fopen(path, "re");
  if (file == nullptr) return;
  char name[64];
  unsigned long long value = 0;
  char rest[256];
  while (std::fgets(rest, sizeof rest, file) != nullptr) {
    if (std::sscanf(rest, "%63[^:]: %llu", name, &value) == 2) line_is(std::string_view(name), std::uint64_t{value});
  }
  std::fclose(file);
}

double seconds(const timeval& time) { return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6; }

std::uint64_t open_descriptors() {
  DIR* const directory = ::opendir("/proc/self/fd");
  if (directory == nullptr) return 0;
  std::uint64_t count = 0;
  while (const dirent* const entry = ::readdir(directory)) {
    if (entry->d_name[0] != '.') ++count;
  }
  ::closedir(directory);
  return count - (count > 0 ? 1 : 0);  // without the one that was looked through
}

}  // namespace

ProcessFacts process_facts() {
  ProcessFacts facts;
  rusage usage{};
  if (::getrusage(RUSAGE_SELF, &usage) == 0) facts.cpu_seconds = seconds(usage.ru_utime) + seconds(usage.ru_stime);
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) facts.descriptors_max = limit.rlim_cur;
  facts.open_descriptors = open_descriptors();
  each_line("/proc/self/status", [&](std::string_view name, std::uint64_t value) {
    if (name == "VmRSS") facts.resident_bytes = value * 1024;
    if (name == "VmSize") facts.virtual_bytes = value * 1024;
    if (name == "Threads") facts.threads = value;
  });
  each_line("/proc/self/io", [&](std::string_view name, std::uint64_t value) {
    if (name == "read_bytes") facts.disk_read_bytes = value;
    if (name == "write_bytes") facts.disk_written_bytes = value;
  });
  return facts;
}

}  // namespace barnabas
