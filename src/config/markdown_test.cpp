#include "config/markdown.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "base/posix_disk.h"

namespace barnabas {
namespace {

TEST(Markdown, TheDocumentationSaysWhatTheTableSays) {
  const Path page = Path(BARNABAS_DOCS_DIR) / "configuration.md";
  const std::string wanted = configuration_markdown();
  PosixDisk disk;
  if (std::getenv("BARNABAS_WRITE_DOCS") != nullptr) {
    ASSERT_TRUE(disk.make_directories(page.parent_path()));
    ASSERT_TRUE(replace_file(disk, page, as_bytes(wanted)));
  }
  const auto found = read_file(disk, page, 1 << 20);
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_TRUE(as_text(*found) == wanted) << "docs/configuration.md is not what the table says: run BARNABAS_WRITE_DOCS=1 unit_config";
}

}  // namespace
}  // namespace barnabas
