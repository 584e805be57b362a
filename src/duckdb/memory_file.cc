#include "duckdb/memory_file.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace weir::duckdb {

base::Result<MemoryFile> MemoryFile::Create() {
  const int descriptor = memfd_create("weir", MFD_CLOEXEC);
  if (descriptor < 0) {
    return base::Fail(base::Code::kIo, "cannot create a file in memory: {}", std::strerror(errno));
  }
  return MemoryFile(descriptor);
}

MemoryFile::MemoryFile(MemoryFile&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)) {}

MemoryFile::~MemoryFile() {
  if (descriptor_ >= 0) {
    close(descriptor_);
  }
}

std::string MemoryFile::path() const {
  return fmt::format("/proc/self/fd/{}", descriptor_);
}

base::Result<std::string> MemoryFile::Contents() const {
  const off_t size = lseek(descriptor_, 0, SEEK_END);
  std::string contents(size > 0 ? static_cast<size_t>(size) : 0, '\0');
  size_t done = 0;
  while (done < contents.size()) {
    const ssize_t read = pread(descriptor_, contents.data() + done, contents.size() - done,
                               static_cast<off_t>(done));
    if (read <= 0) {
      return base::Fail(base::Code::kIo, "cannot read a file in memory: {}", std::strerror(errno));
    }
    done += static_cast<size_t>(read);
  }
  return contents;
}

}  // namespace weir::duckdb
