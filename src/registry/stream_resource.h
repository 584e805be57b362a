#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "registry/registry.h"

namespace weir::registry {

// The resource's definition `before` with what `stream` says now; members that are not the
// registry's (a template's Name and ShardCount) stay. kInvalidArgument when `before` is not JSON.
base::Result<std::string> RewriteStream(std::string_view before, const StreamInfo& stream);

// What a template states of a stream, with the members of `before` that it does not state: those
// are the API's. kInvalidArgument when one is not JSON.
base::Result<std::string> Restate(std::string_view before, std::string_view stated);

// ShardCount, as stated; 1 when it is not.
base::Result<uint32_t> StatedShards(std::string_view definition);

}  // namespace weir::registry
