#include "console/markdown.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <set>

#include "base/posix_disk.h"
#include "console/families.h"

namespace barnabas::console {
namespace {

TEST(MetricsMarkdown, TheDocumentationSaysWhatTheTableSays) {
  const Path page = Path(BARNABAS_DOCS_DIR) / "metrics.md";
  const std::string wanted = metrics_markdown();
  PosixDisk disk;
  if (std::getenv("BARNABAS_WRITE_DOCS") != nullptr) { ASSERT_TRUE(replace_file(disk, page, as_bytes(wanted))); }
  const auto found = read_file(disk, page, 1 << 20);
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_TRUE(as_text(*found) == wanted) << "docs/metrics.md is not what the table says: run BARNABAS_WRITE_DOCS=1 unit_console";
}

TEST(MetricsTable, EveryNameIsThereOnceAndSaysItsUnit) {
  std::set<std::string_view> names;
  for (const FamilyGroup& group : family_groups()) {
    for (const Family& row : group.families) {
      EXPECT_TRUE(names.insert(row.name).second) << row.name;
      if (row.name.starts_with("barnabas_") && row.kind == Kind::kCounter) { EXPECT_TRUE(row.name.ends_with("_total")) << row.name; }
    }
  }
}

}  // namespace
}  // namespace barnabas::console
