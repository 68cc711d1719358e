#include "server/load_settings.h"

#include <unistd.h>

#include <thread>

#include "base/posix_disk.h"

namespace barnabas::server {
namespace {

constexpr std::uint64_t kFileMaxBytes = 1 << 20;

}  // namespace

Environment environment() {
  Environment all;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const std::size_t equals = text.find('=');
    if (equals != std::string_view::npos) all.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return all;
}

Result<Settings> load_settings(const std::string& properties_file, const std::vector<std::string>& overrides,
                               const std::vector<std::string>& dev) {
  SettingSources sources;
  sources.environment = environment();
  sources.overrides = overrides;
  sources.dev = dev;
  sources.cores = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  if (!properties_file.empty()) {
    PosixDisk disk;
    auto contents = read_file(disk, properties_file, kFileMaxBytes);
    if (!contents) return wrap(std::move(contents).error(), "settings file");
    sources.file_name = properties_file;
    sources.file_text = as_text(*contents);
  }
  return Settings::load(sources);
}

}  // namespace barnabas::server
