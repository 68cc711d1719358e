#pragma once
// The version of this build, as `barnabas version` says it and CMakeLists.txt has it.

namespace barnabas::cli {

inline constexpr const char* kVersion = "0.1.0";

}  // namespace barnabas::cli
