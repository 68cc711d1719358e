#include "cli/profile.h"

#include <map>

#include "config/properties.h"

namespace barnabas::cli {
namespace {

constexpr std::string_view kBrokers = ".brokers";

std::string variable(const Environment& environment, std::string_view name) {
  const auto found = environment.find(name);
  return found == environment.end() ? std::string() : found->second;
}

std::string file_of(const Environment& environment) {
  if (std::string own = variable(environment, "BARNABAS_CLI_CONFIG"); !own.empty()) return own;
  if (const std::string base = variable(environment, "XDG_CONFIG_HOME"); !base.empty()) return base + "/barnabas/profiles.properties";
  const std::string home = variable(environment, "HOME");
  return home.empty() ? std::string() : home + "/.config/barnabas/profiles.properties";
}

struct Profiles {
  std::string chosen;
  std::map<std::string, std::string, std::less<>> brokers;
};

Result<Profiles> parse(const std::string& path, std::string_view text) {
  auto properties = parse_properties(text);
  if (!properties) return wrap(std::move(properties).error(), path);
  Profiles profiles;
  for (const Property& property : *properties) {
    if (property.key == "profile") {
      profiles.chosen = property.value;
    } else if (property.key.size() > kBrokers.size() && property.key.ends_with(kBrokers)) {
      profiles.brokers[property.key.substr(0, property.key.size() - kBrokers.size())] = property.value;
    } else {
      return fail(Errc::kInvalidArgument, path + ":" + std::to_string(property.line) + ": " + property.key +
                                              ": write NAME.brokers = HOST:PORT,... or profile = NAME");
    }
  }
  return profiles;
}

}  // namespace

Result<std::optional<std::string>> profile_brokers(Disk& disk, const Environment& environment, const std::string& name) {
  const std::string path = file_of(environment);
  Profiles profiles;
  if (!path.empty()) {
    const auto contents = read_file(disk, path, kPropertiesMaxBytes);
    if (contents) {
      TRY_ASSIGN(profiles, parse(path, as_text(*contents)));
    } else if (contents.error().code != Errc::kNotFound) {
      return fail(Errc::kInvalidArgument, contents.error().message);
    }
  }
  const std::string& wanted = name.empty() ? profiles.chosen : name;
  if (wanted.empty()) return std::optional<std::string>();
  const auto found = profiles.brokers.find(wanted);
  if (found != profiles.brokers.end()) return std::optional(found->second);
  std::string known;
  for (const auto& [each, brokers] : profiles.brokers) known += (known.empty() ? "" : ", ") + each;
  return fail(Errc::kInvalidArgument, "there is no profile " + wanted + " in " + (path.empty() ? "any file" : path) +
                                          (known.empty() ? "" : "; there are " + known));
}

}  // namespace barnabas::cli
