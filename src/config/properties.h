#pragma once
// Java's .properties, as Kafka's files are written.
//
//   # comment        ! comment
//   key=value        key: value        key value
//   long = first, \
//          second                  the next line's indent is not part of it
//   \u0041 \t \n \\ \= \:          escapes; an unknown one is its letter
//
// Bytes are UTF-8; a file that is not is taken as ISO-8859-1, which is what Java does. Pure; any thread.
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace barnabas {

inline constexpr std::size_t kPropertiesMaxBytes = 1024 * 1024;

struct Property {
  std::string key;
  std::string value;  // UTF-8
  int line = 0;       // of its first character, from 1
};

// In the file's order, duplicates included. kTooLarge over kPropertiesMaxBytes; kInvalidArgument, with the line, for a
// broken \u escape or a NUL.
Result<std::vector<Property>> parse_properties(std::string_view text);

}  // namespace barnabas
