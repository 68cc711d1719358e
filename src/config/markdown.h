#pragma once
// docs/configuration.md, made from the table. markdown_test.cpp fails when the file says something else.
#include <string>

namespace barnabas {

std::string configuration_markdown();

}  // namespace barnabas
