#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <system_error>
#include <utility>

#include "base/file_system.h"

namespace weir::base {
namespace {

Code CodeOf(int error) {
  switch (error) {
    case ENOENT:
    case ENOTDIR:
      return Code::kNotFound;
    case EEXIST:
      return Code::kAlreadyExists;
    case ENOSPC:
    case EDQUOT:
      return Code::kDiskFull;
    case EACCES:
    case EPERM:
    case EROFS:
      return Code::kPermission;
    case ENOTEMPTY:
      return Code::kFailedPrecondition;
    case EMFILE:
    case ENFILE:
      return Code::kLimitExceeded;
    default:
      return Code::kIo;
  }
}

std::unexpected<Error> FailErrno(std::string_view operation, std::string_view path, int error) {
  return Fail(CodeOf(error), "cannot {} '{}': {}", operation, path,
              std::generic_category().message(error));
}

/// Repeats a call that a signal interrupted. Not for close, which must not be repeated.
template <typename Call>
auto Retry(Call call) {
  auto result = call();
  while (result < 0 && errno == EINTR) {
    result = call();
  }
  return result;
}

/// Closes on destruction.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}

  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

  Descriptor& operator=(Descriptor&&) = delete;

  ~Descriptor() {
    if (fd_ >= 0) {
      close(fd_);
    }
  }

  int get() const { return fd_; }

 private:
  int fd_;
};

class PosixFile : public File {
 public:
  PosixFile(Descriptor fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}

  Result<size_t> ReadAt(uint64_t offset, std::span<char> into) override {
    size_t done = 0;
    while (done < into.size()) {
      const ssize_t got = Retry([&] {
        return pread(fd_.get(), into.data() + done, into.size() - done,
                     static_cast<off_t>(offset + done));
      });
      if (got < 0) {
        return FailErrno("read", path_, errno);
      }
      if (got == 0) {
        break;
      }
      done += static_cast<size_t>(got);
    }
    return done;
  }

  Result<void> WriteAt(uint64_t offset, std::string_view data) override {
    while (!data.empty()) {
      const ssize_t put = Retry(
          [&] { return pwrite(fd_.get(), data.data(), data.size(), static_cast<off_t>(offset)); });
      if (put < 0) {
        return FailErrno("write", path_, errno);
      }
      data.remove_prefix(static_cast<size_t>(put));
      offset += static_cast<uint64_t>(put);
    }
    return {};
  }

  Result<void> Allocate(uint64_t size) override {
    if (size == 0) {
      return {};
    }
    int error = EINTR;
    while (error == EINTR) {
      error = posix_fallocate(fd_.get(), 0, static_cast<off_t>(size));
    }
    if (error != 0) {
      return FailErrno("allocate", path_, error);
    }
    return {};
  }

  Result<void> Truncate(uint64_t size) override {
    if (Retry([&] { return ftruncate(fd_.get(), static_cast<off_t>(size)); }) != 0) {
      return FailErrno("truncate", path_, errno);
    }
    return {};
  }

  Result<void> SyncData() override {
    // Not repeated on any error: the kernel drops the dirty state after reporting the failure once.
    if (fdatasync(fd_.get()) != 0) {
      return FailErrno("sync", path_, errno);
    }
    return {};
  }

  Result<uint64_t> Size() override {
    struct stat status{};
    if (fstat(fd_.get(), &status) != 0) {
      return FailErrno("get the size of", path_, errno);
    }
    return static_cast<uint64_t>(status.st_size);
  }

 private:
  const Descriptor fd_;
  const std::string path_;
};

/// The lock goes with the descriptor.
class PosixLock : public FileLock {
 public:
  explicit PosixLock(Descriptor fd) : fd_(std::move(fd)) {}

 private:
  const Descriptor fd_;
};

int FlagsOf(OpenMode mode) {
  switch (mode) {
    case OpenMode::kRead:
      return O_RDONLY;
    case OpenMode::kReadWrite:
      return O_RDWR;
    case OpenMode::kCreateNew:
    case OpenMode::kCreateNewPrivate:
      return O_RDWR | O_CREAT | O_EXCL;
    case OpenMode::kCreateOrOpen:
      return O_RDWR | O_CREAT;
  }
  return O_RDONLY;
}

bool IsDirectory(const std::string& path) {
  struct stat status{};
  return stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

class PosixFileSystem : public FileSystem {
 public:
  Result<std::unique_ptr<File>> Open(std::string_view path, OpenMode mode) override {
    std::string name(path);
    const mode_t access = mode == OpenMode::kCreateNewPrivate ? 0600 : 0640;
    const int fd = Retry([&] { return open(name.c_str(), FlagsOf(mode) | O_CLOEXEC, access); });
    if (fd < 0) {
      return FailErrno("open", path, errno);
    }
    return std::make_unique<PosixFile>(Descriptor(fd), std::move(name));
  }

  Result<void> CreateDirectories(std::string_view path) override {
    while (path.size() > 1 && path.back() == '/') {
      path.remove_suffix(1);
    }
    const std::string name(path);
    if (name.empty() || IsDirectory(name)) {
      return {};
    }
    const std::string_view parent = ParentPath(path);
    RETURN_IF_ERROR(CreateDirectories(parent));
    if (mkdir(name.c_str(), 0750) != 0) {
      const int error = errno;
      if (error != EEXIST || !IsDirectory(name)) {
        return FailErrno("create the folder", path, error);
      }
    }
    return SyncDirectory(parent);
  }

  Result<std::vector<DirectoryEntry>> List(std::string_view path) override {
    const std::string name(path.empty() ? std::string_view(".") : path);
    const std::unique_ptr<DIR, int (*)(DIR*)> directory(opendir(name.c_str()), closedir);
    if (directory == nullptr) {
      return FailErrno("list", path, errno);
    }
    std::vector<DirectoryEntry> entries;
    errno = 0;
    while (const dirent* found = readdir(directory.get())) {
      std::string entry = found->d_name;
      if (entry != "." && entry != "..") {
        const bool is_directory = found->d_type == DT_UNKNOWN || found->d_type == DT_LNK
                                      ? IsDirectory(JoinPath(name, entry))
                                      : found->d_type == DT_DIR;
        entries.push_back({std::move(entry), is_directory});
      }
      errno = 0;
    }
    if (errno != 0) {
      return FailErrno("list", path, errno);
    }
    std::ranges::sort(entries, {}, &DirectoryEntry::name);
    return entries;
  }

  bool Exists(std::string_view path) override {
    struct stat status{};
    return stat(std::string(path).c_str(), &status) == 0;
  }

  Result<void> Remove(std::string_view path) override {
    if (std::remove(std::string(path).c_str()) != 0) {
      return FailErrno("remove", path, errno);
    }
    return {};
  }

  Result<void> Link(std::string_view from, std::string_view to) override {
    if (link(std::string(from).c_str(), std::string(to).c_str()) != 0) {
      return FailErrno(fmt::format("link '{}' to", from), to, errno);
    }
    return {};
  }

  Result<void> Rename(std::string_view from, std::string_view to) override {
    if (rename(std::string(from).c_str(), std::string(to).c_str()) != 0) {
      return FailErrno(fmt::format("rename '{}' to", from), to, errno);
    }
    return {};
  }

  Result<void> SyncDirectory(std::string_view path) override {
    const std::string name(path.empty() ? std::string_view(".") : path);
    const Descriptor fd(
        Retry([&] { return open(name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); }));
    if (fd.get() < 0) {
      return FailErrno("open the folder", path, errno);
    }
    if (fsync(fd.get()) != 0) {
      return FailErrno("sync the folder", path, errno);
    }
    return {};
  }

  Result<uint64_t> FreeBytes(std::string_view path) override {
    const std::string name(path.empty() ? std::string_view(".") : path);
    struct statvfs volume{};
    if (Retry([&] { return statvfs(name.c_str(), &volume); }) != 0) {
      return FailErrno("get the free space of", path, errno);
    }
    return static_cast<uint64_t>(volume.f_bavail) * volume.f_frsize;
  }

  Result<std::unique_ptr<FileLock>> Lock(std::string_view path, std::string_view note) override {
    const std::string name(path);
    Descriptor fd(Retry([&] { return open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0640); }));
    if (fd.get() < 0) {
      return FailErrno("open the lock", path, errno);
    }
    if (Retry([&] { return flock(fd.get(), LOCK_EX | LOCK_NB); }) != 0) {
      if (errno != EWOULDBLOCK) {
        return FailErrno("lock", path, errno);
      }
      char holder[256];
      const ssize_t size = Retry([&] { return pread(fd.get(), holder, sizeof holder, 0); });
      return Fail(Code::kFailedPrecondition,
                  "'{}' is locked by another process ({}): stop it first, or use another folder",
                  path, std::string_view(holder, size > 0 ? static_cast<size_t>(size) : 0));
    }
    PosixFile file(Descriptor(dup(fd.get())), name);
    RETURN_IF_ERROR(file.Truncate(0));
    RETURN_IF_ERROR(file.WriteAt(0, note));
    return std::make_unique<PosixLock>(std::move(fd));
  }
};

}  // namespace

FileSystem& SystemFileSystem() {
  static PosixFileSystem files;
  return files;
}

}  // namespace weir::base
