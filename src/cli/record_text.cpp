#include "cli/record_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "cli/time_text.h"
#include "cli/value.h"

namespace barnabas::cli {
namespace {

constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void add_bytes(Value::Object& object, const std::string& name, const std::optional<std::string>& bytes) {
  if (!bytes) {
    object.emplace_back(name, Value());
  } else if (is_utf8(*bytes)) {
    object.emplace_back(name, *bytes);
  } else {
    object.emplace_back(name + "_base64", base64(*bytes));
  }
}

std::string hex(std::string_view bytes) {
  std::string out;
  for (const char c : bytes) out += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return out;
}

bool text_modifier(std::string_view name) {
  return name.empty() || name == "hex" || name == "base64" || name == "base64raw" || name == "json" || name == "null";
}

std::string modified_text(std::string_view text, std::string_view modifier) {
  if (modifier == "hex") return hex(text);
  if (modifier == "null") return std::string(text);
  if (modifier == "json") return json_string(text);
  if (modifier.empty()) return std::string(text);
  std::string out = base64(text);
  if (modifier == "base64raw") out.erase(out.find_last_not_of('=') + 1);
  return out;
}

// "hex32", "big8", "little16": bits behind the name.
std::optional<std::pair<std::string_view, int>> sized(std::string_view modifier) {
  for (const std::string_view name : {"hex", "big", "little"}) {
    if (!modifier.starts_with(name)) continue;
    int bits = 0;
    const auto [end, error] = std::from_chars(modifier.data() + name.size(), modifier.data() + modifier.size(), bits);
    const bool fits = bits == 64 || bits == 32 || bits == 16 || bits == 8 || (bits == 4 && name == "hex");
    if (error == std::errc() && end == modifier.data() + modifier.size() && fits) return std::pair{name, bits};
  }
  return std::nullopt;
}

bool number_modifier(std::string_view name) { return name.empty() || name == "ascii" || sized(name).has_value(); }

std::string modified_number(std::int64_t number, std::string_view modifier) {
  const auto size = sized(modifier);
  if (!size) return std::to_string(number);
  const auto [name, bits] = *size;
  const std::uint64_t mask = bits == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << bits) - 1;
  const std::uint64_t value = static_cast<std::uint64_t>(number) & mask;
  if (name == "hex") return fmt::format("{:0{}x}", value, bits / 4);
  std::string out;
  for (int shift = bits - 8; shift >= 0; shift -= 8) out += static_cast<char>(value >> shift);
  if (name == "little") std::ranges::reverse(out);
  return out;
}

std::int64_t length(const std::optional<std::string>& bytes) { return bytes ? static_cast<std::int64_t>(bytes->size()) : 0; }

std::unexpected<Error> bad(std::string_view what, std::string_view why) {
  return fail(Errc::kInvalidArgument, fmt::format("format string: {}: {}", what, why));
}

// As Kafka's console consumer prints them.
std::string console_headers(const TextRecord& record) {
  std::string out;
  for (const auto& [name, value] : record.headers) out += (out.empty() ? "" : ",") + name + ":" + value.value_or("null");
  return out.empty() ? "NO_HEADERS" : out;
}

// Reads what stands behind a backslash.
Result<std::string> take_escape(std::string_view& text) {
  if (text.empty()) return bad("\\", "nothing behind it; write \\\\ for a backslash");
  const char c = text.front();
  text.remove_prefix(1);
  switch (c) {
    case 'n': return "\n";
    case 't': return "\t";
    case 'r': return "\r";
    case '\\': return "\\";
    case 'x': {
      unsigned value = 0;
      const auto [end, error] = std::from_chars(text.data(), text.data() + std::min<std::size_t>(2, text.size()), value, 16);
      if (error != std::errc() || end != text.data() + 2) return bad("\\x", "two hex digits follow");
      text.remove_prefix(2);
      return std::string(1, static_cast<char>(value));
    }
    default: return bad(std::string("\\") + c, "known are \\n \\t \\r \\\\ \\xNN");
  }
}

// Reads "{...}" with the braces inside of it balanced; nothing when there is none.
Result<std::string_view> take_braces(std::string_view& text) {
  if (!text.starts_with('{')) return std::string_view();
  int depth = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 1 < text.size() && (text[i + 1] == '{' || text[i + 1] == '}' || text[i + 1] == '%')) {
      ++i;  // an escaped brace
    } else if (text[i] == '{') {
      ++depth;
    } else if (text[i] == '}' && --depth == 0) {
      const std::string_view inside = text.substr(1, i - 1);
      text.remove_prefix(i + 1);
      return inside;
    }
  }
  return bad("{", "the closing } is missing");
}

}  // namespace

std::string record_json(const TextRecord& record) {
  Value::Object object{{"topic", record.topic}, {"partition", record.partition}, {"offset", record.offset}};
  object.emplace_back("timestamp", record.timestamp);
  add_bytes(object, "key", record.key);
  add_bytes(object, "value", record.value);
  if (!record.headers.empty()) {
    Value::List headers;
    for (const auto& [name, value] : record.headers) {
      Value::Object header;
      add_bytes(header, "key", name);
      add_bytes(header, "value", value);
      headers.emplace_back(std::move(header));
    }
    object.emplace_back("headers", std::move(headers));
  }
  return Value(std::move(object)).json();
}

std::string base64(std::string_view bytes) {
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t group = 0;
    for (std::size_t j = 0; j < 3; ++j) group = group << 8 | (i + j < bytes.size() ? static_cast<unsigned char>(bytes[i + j]) : 0U);
    const std::size_t signs = std::min<std::size_t>(3, bytes.size() - i) + 1;
    for (std::size_t j = 0; j < 4; ++j) out += j < signs ? kAlphabet[group >> (18 - 6 * j) & 0x3f] : '=';
  }
  return out;
}

std::optional<std::string> parse_base64(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  std::string out;
  for (std::size_t i = 0; i < text.size(); i += 4) {
    const std::size_t padding = i + 4 < text.size() ? 0 : text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
    std::uint32_t group = 0;
    for (std::size_t j = 0; j < 4; ++j) {
      const std::size_t value = j + padding < 4 ? kAlphabet.find(text[i + j]) : 0;
      if (value == std::string_view::npos) return std::nullopt;
      group = group << 6 | static_cast<std::uint32_t>(value);
    }
    for (std::size_t j = 0; j + padding < 3; ++j) out += static_cast<char>(group >> (16 - 8 * j) & 0xff);
  }
  return out;
}

Result<std::vector<RecordFormat::Part>> RecordFormat::parse_parts(std::string_view text, bool in_header) {
  std::vector<Part> parts;
  const auto literal = [&parts](std::string_view more) {
    if (parts.empty() || parts.back().verb != 0) parts.emplace_back();
    parts.back().text += more;
  };
  while (!text.empty()) {
    const char c = text.front();
    text.remove_prefix(1);
    if (c == '\\') {
      TRY_ASSIGN(const std::string escaped, take_escape(text));
      literal(escaped);
    } else if (c != '%') {
      literal(std::string_view(&c, 1));
    } else if (text.empty()) {
      return bad("%", "nothing behind it; write %% for a percent sign");
    } else {
      const char verb = text.front();
      text.remove_prefix(1);
      const std::string name = std::string("%") + verb;
      if (verb == '%' || verb == '{' || verb == '}') {
        literal(std::string_view(&verb, 1));
        continue;
      }
      TRY_ASSIGN(const std::string_view modifier, take_braces(text));
      const std::string_view known = in_header ? "kvKV" : "tTkKvVhHpodi";
      if (known.find(verb) == std::string_view::npos)
        return bad(name, in_header ? "headers have %k %v %K %V" : "known are %t %p %o %k %v %h %d %T %K %V %H %i %%");
      Part part{verb, {}, std::string(modifier), {}};
      const bool text_verb = verb == 't' || verb == 'k' || verb == 'v';
      const bool fits =
          verb == 'h' || (text_verb ? text_modifier(modifier) : number_modifier(modifier) || (verb == 'd' && modifier == "rfc3339"));
      if (!fits)
        return bad(name + "{" + part.modifier + "}",
                   text_verb ? "known are hex, base64, base64raw, json, null"
                             : "known are ascii, hex64 to hex4, big64 to big8, little64 to little8; rfc3339 for %d");
      if (verb == 'h' && modifier != "console") { TRY_ASSIGN(part.inner, parse_parts(modifier.empty() ? "%k=%v," : modifier, true)); }
      parts.push_back(std::move(part));
    }
  }
  return parts;
}

Result<RecordFormat> RecordFormat::parse(std::string_view text) {
  RecordFormat format;
  TRY_ASSIGN(format.parts_, parse_parts(text, false));
  return format;
}

void RecordFormat::append_parts(std::string& out, const std::vector<Part>& parts, const TextRecord& record, std::int64_t count) {
  for (const Part& part : parts) {
    const auto number = [&](std::int64_t value) { out += modified_number(value, part.modifier); };
    switch (part.verb) {
      case 0: out += part.text; break;
      case 't': out += modified_text(record.topic, part.modifier); break;
      case 'k': out += modified_text(record.key.value_or(part.modifier == "null" ? "null" : ""), part.modifier); break;
      case 'v': out += modified_text(record.value.value_or(part.modifier == "null" ? "null" : ""), part.modifier); break;
      case 'T': number(static_cast<std::int64_t>(record.topic.size())); break;
      case 'K': number(length(record.key)); break;
      case 'V': number(length(record.value)); break;
      case 'H': number(static_cast<std::int64_t>(record.headers.size())); break;
      case 'p': number(record.partition); break;
      case 'o': number(record.offset); break;
      case 'i': number(count); break;
      case 'd': part.modifier == "rfc3339" ? void(out += datetime_text(record.timestamp)) : number(record.timestamp); break;
      case 'h':
        if (part.modifier == "console") {
          out += console_headers(record);
          break;
        }
        for (const auto& [name, value] : record.headers) {
          TextRecord header;
          header.key = name;
          header.value = value;
          append_parts(out, part.inner, header, count);
        }
        break;
      default: break;
    }
  }
}

void RecordFormat::append(std::string& out, const TextRecord& record, std::int64_t count) const {
  append_parts(out, parts_, record, count);
}

}  // namespace barnabas::cli
