#include "base/private_file.h"

#include <sys/stat.h>
#include <unistd.h>

#include <mutex>
#include <set>

#include "base/format.h"
#include "base/logging.h"

namespace weir::base {
namespace {

// Beyond it a warning is repeated with each read.
constexpr size_t kMaxWarned = 1'000;
// Root, where the file system or the container has no number for it.
constexpr uid_t kOverflowUser = 65534;

// Webhook secrets are read over and over.
bool IsFirst(const std::string& warning) {
  static std::mutex mutex;
  static std::set<std::string> warned;
  const std::lock_guard lock(mutex);
  if (warned.size() >= kMaxWarned) {
    return !warned.contains(warning);
  }
  return warned.insert(warning).second;
}

void WarnOfGroup(std::string_view path, const struct stat& status) {
  const std::string warning = fmt::format(
      "'{}' holds a secret, and its mode {:04o} lets the group {} {} it: chmod 600 {} unless that "
      "is meant (Kubernetes does so to volumes with fsGroup)",
      path, status.st_mode & 07777, status.st_gid,
      (status.st_mode & S_IWGRP) != 0 ? "write" : "read", path);
  if (IsFirst(warning)) {
    LogEvent(LogLevel::kWarning, "base.secret_open_to_group", warning);
  }
}

}  // namespace

Result<std::string> ReadPrivateFile(FileSystem& files, std::string_view path) {
  struct stat status{};
  if (stat(std::string(path).c_str(), &status) == 0) {
    if ((status.st_mode & S_IRWXO) != 0) {
      return Fail(Code::kFailedPrecondition,
                  "'{}' holds a secret, but its mode is {:04o}, so that everyone may use it: chmod "
                  "{} {} (a secret volume of Kubernetes: defaultMode: 0440 and an fsGroup)",
                  path, status.st_mode & 07777, status.st_uid == geteuid() ? "600" : "640", path);
    }
    // The system's administrator gives a file to a group so that services may read it.
    const bool from_root = status.st_uid == 0 || status.st_uid == kOverflowUser;
    if ((status.st_mode & (from_root ? S_IWGRP : S_IRWXG)) != 0) {
      WarnOfGroup(path, status);
    }
  }
  return ReadFile(files, path);
}

}  // namespace weir::base
