#pragma once
// Settings from where an operator puts them: a file, the environment, the command line.
#include <string>
#include <vector>

#include "config/settings.h"

namespace barnabas::server {

Environment environment();  // this process's own

// `dev`: what --dev says where nothing else does.
Result<Settings> load_settings(const std::string& properties_file, const std::vector<std::string>& overrides,
                               const std::vector<std::string>& dev = {});

}  // namespace barnabas::server
