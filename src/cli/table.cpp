#include "cli/table.h"

#include <algorithm>

namespace barnabas::cli {
namespace {

std::string heading(std::string_view key) {
  std::string out(key);
  for (char& c : out) c = c == '_' ? '-' : c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
  return out;
}

// Characters, not bytes; those that take two places or none are rare in names of topics and groups.
std::size_t width(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

void append_cell(std::string& line, std::string_view text, std::size_t wide, bool to_the_right, bool last) {
  const std::string blanks(wide - width(text), ' ');
  if (to_the_right) line += blanks;
  line += text;
  if (!to_the_right && !last) line += blanks;
  if (!last) line += "  ";
}

}  // namespace

std::string Table::text(bool headings) const {
  std::vector<std::size_t> widths;
  std::vector<bool> numeric;
  for (std::size_t column = 0; column < keys_.size(); ++column) {
    widths.push_back(headings ? width(heading(keys_[column])) : 0);
    bool numbers = !rows_.empty();
    for (const auto& row : rows_) {
      widths.back() = std::max(widths.back(), width(row[column].cell()));
      numbers = numbers && (row[column].is_number() || row[column].is_null());
    }
    numeric.push_back(numbers);
  }
  std::string out;
  const auto line = [&](const auto& cell) {
    for (std::size_t column = 0; column < keys_.size(); ++column) {
      append_cell(out, cell(column), widths[column], numeric[column], column + 1 == keys_.size());
    }
    out += '\n';
  };
  if (headings) line([&](std::size_t column) { return heading(keys_[column]); });
  for (const auto& row : rows_) line([&](std::size_t column) { return row[column].cell(); });
  return out;
}

Value Table::value() const {
  Value::List all;
  for (const auto& row : rows_) {
    Value::Object object;
    for (std::size_t column = 0; column < keys_.size(); ++column) object.emplace_back(keys_[column], row[column]);
    all.emplace_back(std::move(object));
  }
  return all;
}

std::string fields_text(const std::vector<std::pair<std::string, Value>>& fields) {
  std::size_t wide = 0;
  for (const auto& [label, value] : fields) wide = std::max(wide, width(heading(label)));
  std::string out;
  for (const auto& [label, value] : fields) {
    append_cell(out, heading(label), wide, false, false);
    out += value.cell() + "\n";
  }
  return out;
}

}  // namespace barnabas::cli
