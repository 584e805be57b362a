#pragma once

#include <string_view>

#include "base/result.h"

namespace weir::stack {

/// Whether `text` is a web origin as browsers write it in the Origin header: http or https, host in
/// lower case, the port when it is not the scheme's own, nothing behind. kInvalidArgument tells
/// what is wrong.
base::Result<void> CheckOrigin(std::string_view text);

/// Whether `text` names a file inside a folder: no absolute path, no "..", only [a-zA-Z0-9_.-/].
base::Result<void> CheckSecretFile(std::string_view text);

}  // namespace weir::stack
