#pragma once

#include <string>
#include <string_view>

#include "base/file_system.h"
#include "base/result.h"

namespace weir::base {

/// Reads a file that holds a secret. kFailedPrecondition, with the chmod to copy, when the
/// machine's file of that path has any permission for others; kNotFound when it is missing. The
/// group's permissions refuse nothing: volumes are mounted so. That a group may read a file of
/// root's
/// (/etc/ssl/private, secret volumes) is how it is meant; any other permission of a group is told
/// as a warning, once for each file and mode. Thread-safe.
Result<std::string> ReadPrivateFile(FileSystem& files, std::string_view path);

}  // namespace weir::base
