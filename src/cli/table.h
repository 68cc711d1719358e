#pragma once
// Rows under headings, for people, and the same rows as a list of objects, for programs.
//
//   NAME     PARTITIONS  REPLICAS      [{"name": "orders", "partitions": 12, "replicas": 1}, ...]
//   orders           12         1
#include "cli/value.h"

namespace barnabas::cli {

class Table {
 public:
  // Keys as in JSON; a heading is its key in capitals with dashes.
  explicit Table(std::vector<std::string> keys) : keys_(std::move(keys)) {}

  void add(std::vector<Value> row) { rows_.push_back(std::move(row)); }
  std::size_t size() const { return rows_.size(); }

  // Columns are two blanks apart; numbers stand to the right; nothing follows the last column.
  std::string text(bool headings = true) const;
  Value value() const;

 private:
  std::vector<std::string> keys_;
  std::vector<std::vector<Value>> rows_;
};

// Label and value, one a line, values in one column.
std::string fields_text(const std::vector<std::pair<std::string, Value>>& fields);

}  // namespace barnabas::cli
