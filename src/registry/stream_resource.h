#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "registry/registry.h"

namespace weir::registry {

// The resource's definition `before` with what `stream` says now; members that are not the
// registry's (a template's Name and ShardCount) stay. kInvalidArgument when `before` is not JSON.
base::Result<std::string> RewriteStream(std::string_view before, const StreamInfo& stream);

}  // namespace weir::registry
