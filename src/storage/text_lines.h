#pragma once
// Kafka's checkpoint files: a version line, a count line, then that many lines of fields separated by a space.
// They come from a disk: nothing in them is believed.
#include <charconv>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace barnabas::storage {

class TextLine {
 public:
  explicit TextLine(std::string_view line);
  std::size_t fields() const { return fields_.size(); }
  std::string_view text(std::size_t field) const { return field < fields_.size() ? fields_[field] : std::string_view{}; }

  template <class T>
  std::optional<T> number(std::size_t field) const {
    const std::string_view digits = text(field);
    T value{};
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (digits.empty() || error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
    return value;
  }

 private:
  std::vector<std::string_view> fields_;
};

// A file of ours ends with a line of the checksum of all before it.
std::string with_checksum_line(std::string text);
// The text before that line; nothing when it is missing or not last, or the text is another.
std::optional<std::string_view> without_checksum_line(std::string_view text);

class TextLines {
 public:
  explicit TextLines(ByteView text) : rest_(as_text(text)) {}

  // The two lines in front; kUnsupported for another version than 0.
  Result<> expect_version_and_count();
  std::optional<TextLine> next();
  // As many lines came as were announced.
  Result<> expect_complete() const;

 private:
  std::optional<std::string_view> next_text();

  std::string_view rest_;
  std::size_t announced_ = 0;
  std::size_t seen_ = 0;
};

}  // namespace barnabas::storage
