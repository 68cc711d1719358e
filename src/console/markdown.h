#pragma once
// docs/metrics.md, made from the rows of families.h. markdown_test.cpp fails when the file says something else.
#include <string>

namespace barnabas::console {

std::string metrics_markdown();

}  // namespace barnabas::console
