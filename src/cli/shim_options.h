#pragma once
// Options as the scripts of Apache Kafka take them: --name value or --name=value, any of them several times.
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace barnabas::cli {

// Names without dashes; a name with "=" behind it takes a value, with "=?" it may.
using ShimGrammar = std::vector<std::string_view>;

class ShimOptions {
 public:
  // kInvalidArgument: an unknown option, a value missing or too many.
  static Result<ShimOptions> parse(const ShimGrammar& grammar, const std::vector<std::string>& arguments);

  bool has(std::string_view name) const { return values_.contains(name); }
  // The last that was given, or the fallback.
  std::string get(std::string_view name, std::string_view fallback = "") const;
  std::vector<std::string> all(std::string_view name) const;
  // Kafka's "--property a=b --property c=d" in one map; kInvalidArgument without "=".
  Result<std::map<std::string, std::string>> properties(const std::vector<std::string_view>& names) const;
  Result<std::int64_t> number(std::string_view name, std::int64_t fallback) const;

 private:
  std::map<std::string, std::vector<std::string>, std::less<>> values_;
};

}  // namespace barnabas::cli
