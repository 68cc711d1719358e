#include "storage/offset_checkpoint.h"

#include <fmt/format.h>

#include <charconv>
#include <iterator>

#include "storage/text_lines.h"

namespace barnabas::storage {

Result<OffsetsByLog> read_offset_checkpoint(Disk& disk, const Path& file) {
  constexpr std::uint64_t kBytesMax = 256 << 20;
  TRY_ASSIGN(const Bytes text, read_file(disk, file, kBytesMax));
  auto offsets = parse_offsets(text);
  if (!offsets) return wrap(std::move(offsets).error(), file.string());
  return offsets;
}

Result<OffsetsByLog> parse_offsets(ByteView text) {
  TextLines lines(text);
  TRY(lines.expect_version_and_count());
  OffsetsByLog offsets;
  while (const auto line = lines.next()) {
    const auto partition = line->number<PartitionIndex>(1);
    const auto offset = line->number<std::int64_t>(2);
    if (line->fields() != 3 || !partition || !offset || *partition < 0 || *offset < 0) return fail(Errc::kCorrupt, "bad line");
    offsets[log_name(line->text(0), *partition)] = Offset(*offset);
  }
  TRY(lines.expect_complete());
  return offsets;
}

std::string offsets_text(const OffsetsByLog& offsets) {
  std::string text = fmt::format("0\n{}\n", offsets.size());
  for (const auto& [name, offset] : offsets) {
    const std::size_t dash = name.rfind('-');
    fmt::format_to(std::back_inserter(text), "{} {} {}\n", std::string_view(name).substr(0, dash), std::string_view(name).substr(dash + 1),
                   offset.value());
  }
  return text;
}

Result<> write_offset_checkpoint(Disk& disk, const Path& file, const OffsetsByLog& offsets) {
  return replace_file(disk, file, as_bytes(offsets_text(offsets)));
}

std::string log_name(std::string_view topic, PartitionIndex partition) { return fmt::format("{}-{}", topic, partition); }

std::optional<LogName> parse_log_name(std::string_view folder) {
  const std::size_t dash = folder.rfind('-');
  if (dash == std::string_view::npos || dash == 0) return std::nullopt;
  const std::string_view digits = folder.substr(dash + 1);
  PartitionIndex partition = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), partition);
  if (digits.empty() || error != std::errc{} || end != digits.data() + digits.size() || partition < 0) return std::nullopt;
  if (digits.size() > 1 && digits.front() == '0') return std::nullopt;
  if (!topic_name_problem(folder.substr(0, dash)).empty()) return std::nullopt;
  return LogName{std::string(folder.substr(0, dash)), partition};
}

std::string partition_metadata_text(const TopicId& topic_id) { return fmt::format("version: 0\ntopic_id: {}", topic_id.text()); }

std::optional<TopicId> parse_partition_metadata(ByteView text) {
  std::string_view rest = as_text(text);
  bool version = false;
  std::optional<TopicId> id;
  while (!rest.empty()) {
    const std::size_t end = rest.find('\n');
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    if (line == "version: 0") version = true;
    constexpr std::string_view kKey = "topic_id: ";
    if (line.starts_with(kKey)) id = Uuid::parse(line.substr(kKey.size()));
  }
  return version ? id : std::nullopt;
}

}  // namespace barnabas::storage
