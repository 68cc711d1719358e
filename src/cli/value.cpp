#include "cli/value.h"

#include <fmt/format.h>

#include <algorithm>

namespace barnabas::cli {
namespace {

template <class... F>
struct Overloaded : F... {
  using F::operator()...;
};

void new_line(std::string& out, int indent) {
  out += '\n';
  out.append(static_cast<std::size_t>(indent) * 2, ' ');
}

// Letters, digits and a few signs, not beginning like a number, and none of YAML's words: safe without quotes.
bool plain_in_yaml(std::string_view text) {
  constexpr std::string_view kSafe = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./-";
  constexpr std::string_view kWords[] = {"true", "false", "yes", "no", "on", "off", "null", "y", "n"};
  if (text.empty() || text.find_first_not_of(kSafe) != std::string_view::npos) return false;
  const char first = text.front();
  if (!((first >= 'a' && first <= 'z') || (first >= 'A' && first <= 'Z') || first == '_' || first == '/')) return false;
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return std::ranges::find(kWords, lower) == std::end(kWords);
}

std::string yaml_string(std::string_view text) { return plain_in_yaml(text) ? std::string(text) : json_string(text); }

std::string number(double value) { return fmt::format("{}", value); }

}  // namespace

std::size_t utf8_character(std::string_view text) {
  const auto byte = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
  const auto follows = [&](std::size_t i) { return (byte(i) & 0xC0U) == 0x80U; };
  const unsigned first = byte(0);
  if (text.empty()) return 0;
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return follows(1) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    const bool overlong = first == 0xE0 && byte(1) < 0xA0, surrogate = first == 0xED && byte(1) >= 0xA0;
    return follows(1) && follows(2) && !overlong && !surrogate ? 3 : 0;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    const bool overlong = first == 0xF0 && byte(1) < 0x90, beyond = first == 0xF4 && byte(1) >= 0x90;
    return follows(1) && follows(2) && follows(3) && !overlong && !beyond ? 4 : 0;
  }
  return 0;
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t size = utf8_character(text);
    if (size == 0) return false;
    text.remove_prefix(size);
  }
  return true;
}

std::string json_string(std::string_view text) {
  std::string out = "\"";
  while (!text.empty()) {
    const std::size_t size = utf8_character(text);
    const char c = text.front();
    if (size == 0) {
      out += "\xEF\xBF\xBD";
    } else if (size > 1) {
      out += text.substr(0, size);
    } else if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (c == '\r') {
      out += "\\r";
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    } else {
      out += c;
    }
    text.remove_prefix(std::max<std::size_t>(size, 1));
  }
  return out += '"';
}

std::string Value::cell() const {
  return std::visit(
      Overloaded{[](std::monostate) -> std::string { return "-"; }, [](bool b) -> std::string { return b ? "true" : "false"; },
                 [](std::int64_t n) { return std::to_string(n); }, [](double d) { return number(d); },
                 [](const std::string& s) {
                   // One line a row, whatever a broker sends.
                   const bool harmless = std::ranges::none_of(s, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
                   if (harmless) return s;
                   const std::string quoted = json_string(s);
                   return quoted.substr(1, quoted.size() - 2);
                 },
                 [](const List& list) {
                   std::string out;
                   for (const Value& each : list) out += (out.empty() ? "" : ",") + each.cell();
                   return out.empty() ? std::string("-") : out;
                 },
                 [this](const Object&) { return json(); }},
      value_);
}

void Value::write_json(std::string& out, int indent) const {
  const bool pretty = indent >= 0;
  const int inner = pretty ? indent + 1 : indent;
  const auto items = [&](const auto& all, char open, char close, const auto& each) {
    out += open;
    bool first = true;
    for (const auto& item : all) {
      if (!first) out += ',';
      first = false;
      if (pretty) new_line(out, inner);
      each(item);
    }
    if (pretty && !first) new_line(out, indent);
    out += close;
  };
  std::visit(Overloaded{[&](std::monostate) { out += "null"; }, [&](bool b) { out += b ? "true" : "false"; },
                        [&](std::int64_t n) { out += std::to_string(n); }, [&](double d) { out += number(d); },
                        [&](const std::string& s) { out += json_string(s); },
                        [&](const List& list) { items(list, '[', ']', [&](const Value& item) { item.write_json(out, inner); }); },
                        [&](const Object& object) {
                          items(object, '{', '}', [&](const auto& item) {
                            out += json_string(item.first);
                            out += pretty ? ": " : ":";
                            item.second.write_json(out, inner);
                          });
                        }},
             value_);
}

std::string Value::json() const {
  std::string out;
  write_json(out, -1);
  return out;
}

std::string Value::pretty_json() const {
  std::string out;
  write_json(out, 0);
  return out += '\n';
}

// Writes behind "key:" or "-" what belongs there: a scalar on the same line, a collection below.
void Value::write_yaml(std::string& out, int indent) const {
  if (const List* items = list(); items != nullptr && !items->empty()) {
    for (const Value& item : *items) {
      if (!out.empty()) new_line(out, indent);
      out += '-';
      item.write_yaml(out, indent + 1);
    }
  } else if (const Object* fields = object(); fields != nullptr && !fields->empty()) {
    bool first = true;
    for (const auto& [key, value] : *fields) {
      if (first && out.ends_with('-')) {
        out += ' ';
      } else if (!out.empty()) {
        new_line(out, indent);
      }
      first = false;
      out += yaml_string(key) + ":";
      value.write_yaml(out, indent + 1);
    }
  } else {
    if (!out.empty()) out += ' ';
    if (const auto* text = std::get_if<std::string>(&value_)) {
      out += yaml_string(*text);
    } else {
      write_json(out, -1);
    }
  }
}

std::string Value::yaml() const {
  std::string out;
  write_yaml(out, 0);
  return out += '\n';
}

}  // namespace barnabas::cli
