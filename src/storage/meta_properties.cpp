#include "storage/meta_properties.h"

#include <fmt/format.h>

#include <charconv>
#include <map>

namespace barnabas::storage {

Result<MetaProperties> read_meta_properties(Disk& disk, const Path& directory) {
  TRY_ASSIGN(const Bytes text, read_file(disk, directory / kMetaPropertiesFile, 64 << 10));
  std::map<std::string, std::string, std::less<>> values;
  std::string_view rest = as_text(text);
  while (!rest.empty()) {
    const std::size_t end = rest.find('\n');
    std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    const std::size_t equals = line.find('=');
    if (line.starts_with('#') || equals == std::string_view::npos) continue;
    values[std::string(line.substr(0, equals))] = line.substr(equals + 1);
  }
  const std::string where = (directory / kMetaPropertiesFile).string();
  if (values["version"] != "1") return fail(Errc::kUnsupported, where + ": version is not 1");
  MetaProperties properties{.cluster_id = values["cluster.id"], .node_id = 0, .directory_id = {}};
  const std::string& node = values["node.id"];
  const auto [end, error] = std::from_chars(node.data(), node.data() + node.size(), properties.node_id);
  const auto id = Uuid::parse(values["directory.id"]);
  if (properties.cluster_id.empty()) return fail(Errc::kCorrupt, where + ": no cluster.id");
  if (node.empty() || error != std::errc{} || end != node.data() + node.size()) return fail(Errc::kCorrupt, where + ": no node.id");
  if (!id) return fail(Errc::kCorrupt, where + ": no directory.id");
  properties.directory_id = *id;
  return properties;
}

Result<> write_meta_properties(Disk& disk, const Path& directory, const MetaProperties& properties) {
  const std::string text = fmt::format("version=1\ncluster.id={}\nnode.id={}\ndirectory.id={}\n", properties.cluster_id, properties.node_id,
                                       properties.directory_id.text());
  return replace_file(disk, directory / kMetaPropertiesFile, as_bytes(text));
}

}  // namespace barnabas::storage
