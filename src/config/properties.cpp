#include "config/properties.h"

#include <fmt/format.h>

#include <cstdint>
#include <optional>

namespace barnabas {
namespace {

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\f'; }

void append_utf8(std::string& out, std::uint32_t code) {
  const auto put = [&](std::uint32_t byte) { out += static_cast<char>(static_cast<unsigned char>(byte)); };
  if (code < 0x80) return put(code);
  if (code < 0x800) {
    put(0xC0 | (code >> 6));
  } else if (code < 0x10000) {
    put(0xE0 | (code >> 12));
    put(0x80 | ((code >> 6) & 0x3F));
  } else {
    put(0xF0 | (code >> 18));
    put(0x80 | ((code >> 12) & 0x3F));
    put(0x80 | ((code >> 6) & 0x3F));
  }
  put(0x80 | (code & 0x3F));
}

// How many bytes a sequence has whose first byte this is; 0 if none begins so.
int sequence_length(unsigned char first) {
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first < 0xE0) return 2;
  if (first >= 0xE0 && first < 0xF0) return 3;
  if (first >= 0xF0 && first < 0xF5) return 4;
  return 0;
}

bool is_utf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const auto first = static_cast<unsigned char>(text[i]);
    const int length = sequence_length(first);
    if (length == 0 || i + length > text.size()) return false;
    for (int n = 1; n < length; ++n)
      if ((static_cast<unsigned char>(text[i + n]) & 0xC0) != 0x80) return false;
    if (length > 2) {
      const auto second = static_cast<unsigned char>(text[i + 1]);
      if ((first == 0xE0 && second < 0xA0) || (first == 0xED && second >= 0xA0)) return false;
      if ((first == 0xF0 && second < 0x90) || (first == 0xF4 && second >= 0x90)) return false;
    }
    i += length;
  }
  return true;
}

std::string latin1_to_utf8(std::string_view text) {
  std::string out;
  for (const char c : text) append_utf8(out, static_cast<unsigned char>(c));
  return out;
}

// Reads characters of one logical line: continued lines joined, escapes undone.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  int line() const { return line_; }
  bool at_end() const { return at_ == text_.size(); }
  char peek() const { return text_[at_]; }
  bool at_line_end() const { return at_end() || peek() == '\n' || peek() == '\r'; }

  void next_line() {
    if (at_end()) return;
    if (peek() == '\r' && at_ + 1 < text_.size() && text_[at_ + 1] == '\n') ++at_;
    ++at_;
    ++line_;
  }

  void skip_blanks() {
    while (true) {
      while (!at_end() && is_blank(peek())) ++at_;
      if (!skip_continuation()) return;
    }
  }

  void skip_rest() {
    while (!at_line_end()) ++at_;
  }

  void take() { ++at_; }

  // A backslash at the end of a line joins the next one, without its indent.
  bool skip_continuation() {
    if (at_end() || peek() != '\\') return false;
    if (at_ + 1 < text_.size() && text_[at_ + 1] != '\n' && text_[at_ + 1] != '\r') return false;
    ++at_;
    next_line();
    while (!at_end() && is_blank(peek())) ++at_;
    return true;
  }

  // The character after a backslash, as UTF-8.
  Result<> escape(std::string& out) {
    ++at_;
    const char c = text_[at_++];
    switch (c) {
      case 't': out += '\t'; return {};
      case 'n': out += '\n'; return {};
      case 'r': out += '\r'; return {};
      case 'f': out += '\f'; return {};
      case 'u': return unicode(out);
      default: out += c; return {};
    }
  }

 private:
  std::optional<std::uint32_t> four_digits() {
    if (text_.size() - at_ < 4) return std::nullopt;
    std::uint32_t code = 0;
    for (int n = 0; n < 4; ++n) {
      const char c = text_[at_ + n];
      const auto digit = std::string_view("0123456789abcdef0123456789ABCDEF").find(c);
      if (digit == std::string_view::npos) return std::nullopt;
      code = code * 16 + static_cast<std::uint32_t>(digit % 16);
    }
    at_ += 4;
    return code;
  }

  Result<> unicode(std::string& out) {
    auto code = four_digits();
    if (code && *code >= 0xD800 && *code < 0xDC00 && text_.substr(at_).starts_with("\\u")) {
      at_ += 2;
      const auto low = four_digits();
      if (!low || *low < 0xDC00 || *low > 0xDFFF) code.reset();
      if (code) code = 0x10000 + ((*code - 0xD800) << 10) + (*low - 0xDC00);
    }
    if (!code || *code == 0 || (*code >= 0xD800 && *code < 0xE000))
      return fail(Errc::kInvalidArgument, fmt::format("line {}: \\u must be followed by four hexadecimal digits of a character", line_));
    append_utf8(out, *code);
    return {};
  }

  std::string_view text_;
  std::size_t at_ = 0;
  int line_ = 1;
};

// Up to the end of the line or, for a key, to what separates it from its value.
Result<std::string> read_word(Reader& in, bool key) {
  std::string word;
  while (true) {
    if (in.skip_continuation()) continue;
    if (in.at_line_end()) return word;
    const char c = in.peek();
    if (key && (is_blank(c) || c == '=' || c == ':')) return word;
    if (c == '\0') return fail(Errc::kInvalidArgument, fmt::format("line {}: a NUL byte", in.line()));
    if (c == '\\') {
      TRY(in.escape(word));
    } else {
      word += c;
      in.take();
    }
  }
}

}  // namespace

Result<std::vector<Property>> parse_properties(std::string_view text) {
  if (text.size() > kPropertiesMaxBytes)
    return fail(Errc::kTooLarge, fmt::format("a properties file of {} bytes; at most {} are read", text.size(), kPropertiesMaxBytes));
  const std::string utf8 = is_utf8(text) ? std::string(text) : latin1_to_utf8(text);
  std::vector<Property> properties;
  for (Reader in(utf8); !in.at_end(); in.next_line()) {
    in.skip_blanks();
    if (in.at_line_end()) continue;
    if (in.peek() == '#' || in.peek() == '!') {
      in.skip_rest();
      continue;
    }
    Property property;
    property.line = in.line();
    TRY_ASSIGN(property.key, read_word(in, true));
    in.skip_blanks();
    if (!in.at_line_end() && (in.peek() == '=' || in.peek() == ':')) {
      in.take();
      in.skip_blanks();
    }
    TRY_ASSIGN(property.value, read_word(in, false));
    properties.push_back(std::move(property));
  }
  return properties;
}

}  // namespace barnabas
