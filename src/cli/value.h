#pragma once
// What a command has to say, as data: the one source of JSON, YAML and tables. Objects keep the order of their keys.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace barnabas::cli {

class Value {
 public:
  using List = std::vector<Value>;
  using Object = std::vector<std::pair<std::string, Value>>;

  Value() = default;  // null
  Value(bool value) : value_(value) {}
  Value(std::int32_t value) : value_(std::int64_t{value}) {}
  Value(std::int64_t value) : value_(value) {}
  Value(double value) : value_(value) {}
  Value(const char* value) : value_(std::string(value)) {}
  Value(std::string_view value) : value_(std::string(value)) {}
  Value(std::string value) : value_(std::move(value)) {}
  Value(List value) : value_(std::move(value)) {}
  Value(Object value) : value_(std::move(value)) {}
  template <class T>
  Value(const std::optional<T>& value) {
    if (value) *this = Value(*value);
  }

  bool is_null() const { return std::holds_alternative<std::monostate>(value_); }
  bool is_number() const { return std::holds_alternative<std::int64_t>(value_) || std::holds_alternative<double>(value_); }
  const std::int64_t* integer() const { return std::get_if<std::int64_t>(&value_); }
  const List* list() const { return std::get_if<List>(&value_); }
  const Object* object() const { return std::get_if<Object>(&value_); }

  // For a table's cell: strings bare, null as "-", lists with commas.
  std::string cell() const;
  // On one line, as a JSON text; strings that are not UTF-8 get U+FFFD where they are wrong.
  std::string json() const;
  // The same over several lines, two blanks a level.
  std::string pretty_json() const;
  // YAML 1.2 in block style; every string that could be read as something else is quoted as JSON quotes it.
  std::string yaml() const;

 private:
  void write_json(std::string& out, int indent) const;
  void write_yaml(std::string& out, int indent) const;
  std::variant<std::monostate, bool, std::int64_t, double, std::string, List, Object> value_;
};

std::string json_string(std::string_view text);

// How many of the bytes at the start are one well-formed UTF-8 character; 0: none.
std::size_t utf8_character(std::string_view text);
bool is_utf8(std::string_view text);

}  // namespace barnabas::cli
