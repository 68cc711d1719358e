#include "storage/text_lines.h"

#include <fmt/format.h>

#include "model/crc32c.h"

namespace barnabas::storage {
namespace {

constexpr std::string_view kCrcKey = "crc32c ";

std::string checksum_line(std::string_view text) { return fmt::format("{}{:08x}\n", kCrcKey, crc32c(as_bytes(text))); }

}  // namespace

std::string with_checksum_line(std::string text) { return text + checksum_line(text); }

std::optional<std::string_view> without_checksum_line(std::string_view text) {
  const std::size_t line = text.rfind(kCrcKey);
  if (line == std::string_view::npos || text.substr(line) != checksum_line(text.substr(0, line))) return std::nullopt;
  return text.substr(0, line);
}

TextLine::TextLine(std::string_view line) {
  while (true) {
    const std::size_t space = line.find(' ');
    fields_.push_back(line.substr(0, space));
    if (space == std::string_view::npos) return;
    line.remove_prefix(space + 1);
  }
}

std::optional<std::string_view> TextLines::next_text() {
  if (rest_.empty()) return std::nullopt;
  const std::size_t end = rest_.find('\n');
  const std::string_view line = rest_.substr(0, end);
  rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + 1);
  return line;
}

Result<> TextLines::expect_version_and_count() {
  const auto version = next_text();
  if (!version) return fail(Errc::kCorrupt, "checkpoint is empty");
  const auto number = TextLine(*version).number<int>(0);
  if (!number) return fail(Errc::kCorrupt, "checkpoint without a version");
  if (*number != 0) return fail(Errc::kUnsupported, "checkpoint of version " + std::to_string(*number));
  const auto count = next_text();
  const auto announced = count ? TextLine(*count).number<std::size_t>(0) : std::nullopt;
  if (!announced) return fail(Errc::kCorrupt, "checkpoint without a count");
  announced_ = *announced;
  return {};
}

std::optional<TextLine> TextLines::next() {
  const auto line = next_text();
  if (!line) return std::nullopt;
  ++seen_;
  return TextLine(*line);
}

Result<> TextLines::expect_complete() const {
  if (seen_ == announced_) return {};
  return fail(Errc::kCorrupt, "checkpoint announces " + std::to_string(announced_) + " lines and has " + std::to_string(seen_));
}

}  // namespace barnabas::storage
