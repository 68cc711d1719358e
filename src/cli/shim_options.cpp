#include "cli/shim_options.h"

#include <algorithm>
#include <charconv>

namespace barnabas::cli {

Result<ShimOptions> ShimOptions::parse(const ShimGrammar& grammar, const std::vector<std::string>& arguments) {
  ShimOptions options;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string& word = arguments[i];
    if (!word.starts_with("--")) return fail(Errc::kInvalidArgument, "'" + word + "' belongs to no option");
    const std::size_t equals = word.find('=');
    const std::string name = word.substr(2, equals == std::string::npos ? std::string::npos : equals - 2);
    const auto known = std::ranges::find_if(grammar, [&](std::string_view each) { return each.substr(0, each.find('=')) == name; });
    if (known == grammar.end()) return fail(Errc::kInvalidArgument, name + " is not a recognized option");
    auto& values = options.values_[name];
    const bool next_is_value = i + 1 < arguments.size() && !arguments[i + 1].starts_with("--");
    if (!known->contains('=')) {
      if (equals != std::string::npos) return fail(Errc::kInvalidArgument, "option " + name + " takes no value");
    } else if (equals != std::string::npos) {
      values.push_back(word.substr(equals + 1));
    } else if (next_is_value) {
      values.push_back(arguments[++i]);
    } else if (!known->ends_with("=?")) {
      return fail(Errc::kInvalidArgument, "option " + name + " needs a value");
    }
  }
  return options;
}

std::string ShimOptions::get(std::string_view name, std::string_view fallback) const {
  const auto found = values_.find(name);
  return found == values_.end() || found->second.empty() ? std::string(fallback) : found->second.back();
}

std::vector<std::string> ShimOptions::all(std::string_view name) const {
  const auto found = values_.find(name);
  return found == values_.end() ? std::vector<std::string>() : found->second;
}

Result<std::map<std::string, std::string>> ShimOptions::properties(const std::vector<std::string_view>& names) const {
  std::map<std::string, std::string> merged;
  for (const std::string_view name : names) {
    for (const std::string& text : all(name)) {
      const std::size_t equals = text.find('=');
      if (equals == std::string::npos) return fail(Errc::kInvalidArgument, "--" + std::string(name) + " " + text + ": write key=value");
      merged[text.substr(0, equals)] = text.substr(equals + 1);
    }
  }
  return merged;
}

Result<std::int64_t> ShimOptions::number(std::string_view name, std::int64_t fallback) const {
  const std::string text = get(name);
  if (text.empty()) return fallback;
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size())
    return fail(Errc::kInvalidArgument, "--" + std::string(name) + " " + text + " is no number");
  return value;
}

}  // namespace barnabas::cli
