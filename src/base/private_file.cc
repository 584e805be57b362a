#include "base/private_file.h"

#include <sys/stat.h>
#include <unistd.h>

namespace weir::base {

Result<std::string> ReadPrivateFile(FileSystem& files, std::string_view path) {
  struct stat status{};
  if (stat(std::string(path).c_str(), &status) == 0) {
    // The system's administrator gives a file to a group so that services may read it.
    const bool given = status.st_uid == 0 && geteuid() != 0;
    if ((status.st_mode & (given ? 037 : 077)) != 0) {
      return Fail(Code::kFailedPrecondition,
                  "'{}' holds a secret, but others may read it: chmod {} {}", path,
                  given ? "640" : "600", path);
    }
  }
  return ReadFile(files, path);
}

}  // namespace weir::base
