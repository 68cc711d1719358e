#include "storage/clean_shutdown.h"

#include <fmt/format.h>

#include <iterator>

#include "base/log.h"
#include "storage/offset_checkpoint.h"
#include "storage/text_lines.h"

namespace barnabas::storage {
namespace {

std::optional<CleanEnds> parse(ByteView bytes) {
  const auto text = without_checksum_line(as_text(bytes));
  if (!text) return std::nullopt;
  TextLines lines(as_bytes(*text));
  if (!lines.expect_version_and_count()) return std::nullopt;
  CleanEnds ends;
  while (const auto line = lines.next()) {
    const auto partition = line->number<PartitionIndex>(1);
    const auto log_end = line->number<std::int64_t>(2);
    const auto base = line->number<std::int64_t>(3);
    const auto size = line->number<std::uint64_t>(4);
    const auto position = line->number<std::uint64_t>(5);
    const auto crc = line->number<std::uint32_t>(6);
    if (!partition || !log_end || !base || !size || !position || !crc || line->fields() != 7) return std::nullopt;
    ends[log_name(line->text(0), *partition)] = {Offset(*log_end), Offset(*base), *size, *position, *crc};
  }
  if (!lines.expect_complete()) return std::nullopt;
  return ends;
}

}  // namespace

Result<> write_clean_shutdown(Disk& disk, const Path& directory, const CleanEnds& ends) {
  std::string text = fmt::format("0\n{}\n", ends.size());
  for (const auto& [name, end] : ends) {
    const std::size_t dash = name.rfind('-');
    fmt::format_to(std::back_inserter(text), "{} {} {} {} {} {} {}\n", std::string_view(name).substr(0, dash),
                   std::string_view(name).substr(dash + 1), end.log_end.value(), end.active_base.value(), end.active_bytes,
                   end.last_batch_position, end.last_batch_crc);
  }
  return replace_file(disk, directory / kCleanShutdownFile, as_bytes(with_checksum_line(std::move(text))));
}

Result<CleanEnds> take_clean_shutdown(Disk& disk, const Path& directory) {
  const Path file = directory / kCleanShutdownFile;
  const auto bytes = read_file(disk, file, 256 << 20);
  if (!bytes && bytes.error().code == Errc::kNotFound) return CleanEnds{};
  TRY(disk.remove(file));
  TRY(disk.sync_directory(directory));
  auto ends = bytes ? parse(*bytes) : std::nullopt;
  if (ends) return *std::move(ends);
  log::warn("clean shutdown file is damaged, logs are recovered instead", {{"file", file.native()}});
  return CleanEnds{};
}

}  // namespace barnabas::storage
