#pragma once

#include <string>
#include <string_view>

#include "base/file_system.h"
#include "base/result.h"

namespace weir::base {

/// Reads a file that holds a secret. kFailedPrecondition, with the chmod to copy, when the
/// machine's file of that path may be read or written by anyone but its owner (one of root's also
/// by its group); kNotFound when it is missing.
Result<std::string> ReadPrivateFile(FileSystem& files, std::string_view path);

}  // namespace weir::base
