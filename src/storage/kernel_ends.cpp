#include "storage/kernel_ends.h"

#include "base/log.h"
#include "storage/text_lines.h"

namespace barnabas::storage {
namespace {

constexpr std::string_view kBootKey = "boot ";

Result<OffsetsByLog> parse(ByteView bytes, std::string_view boot) {
  const auto text = without_checksum_line(as_text(bytes));
  if (!text || !text->starts_with(kBootKey)) return fail(Errc::kCorrupt, "damaged");
  const std::size_t end = text->find('\n');
  if (end == std::string_view::npos) return fail(Errc::kCorrupt, "damaged");
  if (text->substr(kBootKey.size(), end - kBootKey.size()) != boot) return OffsetsByLog{};
  return parse_offsets(as_bytes(text->substr(end + 1)));
}

}  // namespace

Result<> write_kernel_ends(Disk& disk, const Path& directory, const OffsetsByLog& ends) {
  const std::string text = std::string(kBootKey) + disk.boot_id() + '\n' + offsets_text(ends);
  return replace_file_unsynced(disk, directory / kKernelEndsFile, as_bytes(with_checksum_line(text)));
}

OffsetsByLog read_kernel_ends(Disk& disk, const Path& directory) {
  const std::string boot = disk.boot_id();
  const auto bytes = read_file(disk, directory / kKernelEndsFile, 256 << 20);
  if (boot.empty() || (!bytes && bytes.error().code == Errc::kNotFound)) return {};
  auto ends = bytes ? parse(*bytes, boot) : Result<OffsetsByLog>(std::unexpected(bytes.error()));
  if (ends) return *std::move(ends);
  log::warn("kernel-ends is of no use, logs are read from their recovery points", {{"error", ends.error().message}});
  return {};
}

}  // namespace barnabas::storage
