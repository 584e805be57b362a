#include "base/private_file.h"

#include <sys/stat.h>

namespace weir::base {

Result<std::string> ReadPrivateFile(FileSystem& files, std::string_view path) {
  struct stat status{};
  if (stat(std::string(path).c_str(), &status) == 0 && (status.st_mode & 077) != 0) {
    return Fail(Code::kPermission, "'{}' holds a secret, but others may read it: chmod 600 {}",
                path, path);
  }
  return ReadFile(files, path);
}

}  // namespace weir::base
