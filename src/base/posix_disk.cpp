#include "base/posix_disk.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

namespace barnabas {
namespace {

template <class Call>
auto retry(Call call) {
  auto result = call();
  while (result < 0 && errno == EINTR) result = call();
  return result;
}

std::string context(const char* what, const Path& path) { return std::string(what) + ' ' + path.string(); }

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);  // an error here could only tell of writes that sync() vouches for, or nobody
  }
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

class PosixFile final : public File {
 public:
  PosixFile(Descriptor fd, Path path) : fd_(std::move(fd)), path_(std::move(path)) {}

  Result<std::size_t> read_at(std::uint64_t position, MutableBytes out) const override {
    std::size_t done = 0;
    while (done < out.size()) {
      const ssize_t n =
          retry([&] { return ::pread(fd_.get(), out.data() + done, out.size() - done, static_cast<off_t>(position + done)); });
      if (n < 0) return fail_errno(errno, context("read", path_));
      if (n == 0) break;
      done += static_cast<std::size_t>(n);
    }
    return done;
  }

  Result<std::size_t> read_cached_at(std::uint64_t position, MutableBytes out) const override {
    std::size_t done = 0;
    while (done < out.size()) {
      const iovec piece{out.data() + done, out.size() - done};
      const ssize_t n = retry([&] { return ::preadv2(fd_.get(), &piece, 1, static_cast<off_t>(position + done), RWF_NOWAIT); });
      if (n < 0) {
        if (errno == EAGAIN) break;
        if (errno == EOPNOTSUPP) return read_at(position, out);  // tmpfs before 6.x: always in memory
        return fail_errno(errno, context("read", path_));
      }
      if (n == 0) break;
      done += static_cast<std::size_t>(n);
    }
    return done;
  }

  Result<> write_pieces_at(std::uint64_t position, std::span<const ByteView> pieces) override {
    while (pieces.size() > 1) {
      std::array<iovec, kPiecesMax> vectors;
      const auto now = pieces.first(std::min(pieces.size(), kPiecesMax));
      std::size_t wanted = 0;
      for (std::size_t i = 0; i < now.size(); ++i) {
        vectors[i] = {const_cast<std::byte*>(now[i].data()), now[i].size()};
        wanted += now[i].size();
      }
      const ssize_t n =
          retry([&] { return ::pwritev(fd_.get(), vectors.data(), static_cast<int>(now.size()), static_cast<off_t>(position)); });
      if (n < 0) return fail_errno(errno, context("write", path_));
      if (static_cast<std::size_t>(n) < wanted) {  // a full disk, most likely: the next write will say
        for (std::size_t left = static_cast<std::size_t>(n); const ByteView piece : now) {
          const std::size_t skip = std::min(left, piece.size());
          left -= skip;
          TRY(write_piece(position + skip, piece.subspan(skip)));
          position += piece.size();
        }
      } else {
        position += wanted;
      }
      pieces = pieces.subspan(now.size());
    }
    return pieces.empty() ? Result<>() : write_piece(position, pieces.front());
  }

  Result<> sync() override {
    // Not retried on failure, EINTR included: the kernel may have dropped the dirty pages and would lie the next time.
    if (::fdatasync(fd_.get()) != 0) return fail_errno(errno, context("sync", path_));
    return {};
  }

  Result<> truncate(std::uint64_t size) override {
    if (retry([&] { return ::ftruncate(fd_.get(), static_cast<off_t>(size)); }) != 0) {
      return fail_errno(errno, context("truncate", path_));
    }
    return {};
  }

  Result<> reserve(std::uint64_t size) override {
    if (retry([&] { return ::fallocate(fd_.get(), FALLOC_FL_KEEP_SIZE, 0, static_cast<off_t>(size)); }) != 0) {
      return fail_errno(errno, context("reserve", path_));
    }
    return {};
  }

  Result<std::uint64_t> size() const override {
    struct stat status{};
    if (::fstat(fd_.get(), &status) != 0) return fail_errno(errno, context("stat", path_));
    return static_cast<std::uint64_t>(status.st_size);
  }

  int descriptor() const override { return fd_.get(); }

 private:
  static constexpr std::size_t kPiecesMax = 64;

  Result<> write_piece(std::uint64_t position, ByteView bytes) {
    std::size_t done = 0;
    while (done < bytes.size()) {
      const ssize_t n =
          retry([&] { return ::pwrite(fd_.get(), bytes.data() + done, bytes.size() - done, static_cast<off_t>(position + done)); });
      if (n < 0) return fail_errno(errno, context("write", path_));
      done += static_cast<std::size_t>(n);
    }
    return {};
  }

  const Descriptor fd_;
  const Path path_;
};

class PosixLock final : public DirectoryLock {
 public:
  explicit PosixLock(Descriptor fd) : fd_(std::move(fd)) {}

 private:
  const Descriptor fd_;
};

int flags_of(OpenMode mode) {
  switch (mode) {
    case OpenMode::kRead: return O_RDONLY;
    case OpenMode::kReadWrite: return O_RDWR;
    case OpenMode::kCreate: return O_RDWR | O_CREAT;
    case OpenMode::kCreateNew: return O_RDWR | O_CREAT | O_EXCL;
    case OpenMode::kTruncate: return O_RDWR | O_CREAT | O_TRUNC;
  }
  return O_RDONLY;
}

// Tells a folder from a file without following links; a file system may leave the type out of the listing.
bool is_directory(const Path& directory, const dirent& entry) {
  if (entry.d_type != DT_UNKNOWN) return entry.d_type == DT_DIR;
  struct stat status{};
  return ::lstat((directory / entry.d_name).c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

}  // namespace

Result<std::unique_ptr<File>> PosixDisk::open(const Path& path, OpenMode mode) {
  Descriptor fd(retry([&] { return ::open(path.c_str(), flags_of(mode) | O_CLOEXEC, 0644); }));
  if (fd.get() < 0) return fail_errno(errno, context("open", path));
  return std::make_unique<PosixFile>(std::move(fd), path);
}

Result<std::vector<DirectoryEntry>> PosixDisk::list(const Path& directory) {
  DIR* const stream = ::opendir(directory.c_str());
  if (stream == nullptr) return fail_errno(errno, context("list", directory));
  std::vector<DirectoryEntry> entries;
  errno = 0;
  while (const dirent* entry = ::readdir(stream)) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") entries.push_back({std::string(name), is_directory(directory, *entry)});
    errno = 0;
  }
  const int error = errno;
  ::closedir(stream);
  if (error != 0) return fail_errno(error, context("list", directory));
  std::ranges::sort(entries, {}, &DirectoryEntry::name);
  return entries;
}

Result<bool> PosixDisk::exists(const Path& path) {
  struct stat status{};
  if (::lstat(path.c_str(), &status) == 0) return true;
  if (errno == ENOENT || errno == ENOTDIR) return false;
  return fail_errno(errno, context("stat", path));
}

Result<> PosixDisk::make_directories(const Path& path) {
  if (::mkdir(path.c_str(), 0755) == 0) return {};
  if (errno == ENOENT && path.has_parent_path() && path.parent_path() != path) {
    TRY(make_directories(path.parent_path()));
    if (::mkdir(path.c_str(), 0755) == 0) return {};
  }
  const int error = errno;
  struct stat status{};
  if (error == EEXIST && ::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode)) return {};
  return fail_errno(error, context("make directory", path));
}

Result<> PosixDisk::rename(const Path& from, const Path& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) return fail_errno(errno, context("rename", from));
  return {};
}

Result<> PosixDisk::remove(const Path& path) {
  if (::unlink(path.c_str()) == 0) return {};
  if ((errno == EISDIR || errno == EPERM) && ::rmdir(path.c_str()) == 0) return {};
  return fail_errno(errno, context("remove", path));
}

Result<> PosixDisk::remove_all(const Path& path) {
  struct stat status{};
  if (::lstat(path.c_str(), &status) != 0) {
    if (errno == ENOENT) return {};
    return fail_errno(errno, context("remove", path));
  }
  if (S_ISDIR(status.st_mode)) {
    TRY_ASSIGN(const auto entries, list(path));
    for (const DirectoryEntry& entry : entries) TRY(remove_all(path / entry.name));
  }
  Result<> removed = remove(path);
  if (!removed && removed.error().code == Errc::kNotFound) return {};
  return removed;
}

Result<> PosixDisk::sync_directory(const Path& directory) {
  const Descriptor fd(retry([&] { return ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); }));
  if (fd.get() < 0) return fail_errno(errno, context("open", directory));
  if (::fsync(fd.get()) != 0) return fail_errno(errno, context("sync", directory));
  return {};
}

Result<std::unique_ptr<DirectoryLock>> PosixDisk::lock(const Path& lock_file) {
  Descriptor fd(retry([&] { return ::open(lock_file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644); }));
  if (fd.get() < 0) return fail_errno(errno, context("open", lock_file));
  // A lock of the open file, not of the process: it excludes a second one in this process, and Java's lock as well, so
  // that a running Kafka is seen.
  struct flock whole{};
  whole.l_type = F_WRLCK;
  whole.l_whence = SEEK_SET;
  if (retry([&] { return ::fcntl(fd.get(), F_OFD_SETLK, &whole); }) != 0) {
    if (errno == EAGAIN || errno == EACCES) return fail(Errc::kBusy, "lock " + lock_file.string() + ": held by another process", errno);
    return fail_errno(errno, context("lock", lock_file));
  }
  return std::make_unique<PosixLock>(std::move(fd));
}

Result<std::uint64_t> PosixDisk::free_bytes(const Path& path) {
  struct statvfs status{};
  if (::statvfs(path.c_str(), &status) != 0) return fail_errno(errno, context("statvfs", path));
  return std::uint64_t{status.f_bavail} * status.f_frsize;
}

Result<std::uint64_t> PosixDisk::total_bytes(const Path& path) {
  struct statvfs status{};
  if (::statvfs(path.c_str(), &status) != 0) return fail_errno(errno, context("statvfs", path));
  return std::uint64_t{status.f_blocks} * status.f_frsize;
}

std::string PosixDisk::boot_id() {
  std::array<std::byte, 64> text;  // of /proc: without a size, in one read
  const auto file = open("/proc/sys/kernel/random/boot_id", OpenMode::kRead);
  const auto bytes = file ? (*file)->read_at(0, text) : Result<std::size_t>(std::unexpected(file.error()));
  if (!bytes) return {};
  std::string id(as_text(ByteView(text).first(*bytes)));
  while (id.ends_with('\n')) id.pop_back();
  return id;
}

}  // namespace barnabas
