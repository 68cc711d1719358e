#pragma once

namespace barnabas::cli {

inline constexpr const char* kVersion = "0.1.0";

}  // namespace barnabas::cli
