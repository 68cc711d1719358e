#include "base/disk.h"

namespace barnabas {

Result<Bytes> read_file(Disk& disk, const Path& path, std::uint64_t limit) {
  TRY_ASSIGN(auto file, disk.open(path, OpenMode::kRead));
  TRY_ASSIGN(const std::uint64_t size, file->size());
  if (size > limit) return fail(Errc::kTooLarge, path.string() + ": " + std::to_string(size) + " bytes");
  Bytes contents(size);
  TRY_ASSIGN(const std::size_t read, file->read_at(0, contents));
  contents.resize(read);
  return contents;
}

namespace {

Result<> replace(Disk& disk, const Path& path, ByteView contents, bool sync) {
  Path temporary = path;
  temporary += ".tmp";
  {
    TRY_ASSIGN(auto file, disk.open(temporary, OpenMode::kTruncate));
    TRY(file->write_at(0, contents));
    if (sync) TRY(file->sync());
  }
  TRY(disk.rename(temporary, path));
  return sync ? disk.sync_directory(path.parent_path()) : Result<>();
}

}  // namespace

Result<> replace_file(Disk& disk, const Path& path, ByteView contents) { return replace(disk, path, contents, true); }

Result<> replace_file_unsynced(Disk& disk, const Path& path, ByteView contents) { return replace(disk, path, contents, false); }

}  // namespace barnabas
