#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/file_system.h"
#include "base/result.h"
#include "log/log.h"
#include "log/shard.h"

namespace weir::log {

/// Adds to `report` what a walk over every byte of the shard's segments finds. `open` tells how far
/// the last segment is durable when the shard is open, so that a write that is under way is no
/// problem.
base::Result<void> VerifyShard(base::FileSystem& files, const std::string& folder,
                               std::string_view stream, const ShardDefinition& shard,
                               const std::optional<Shard::DurableMark>& open, VerifyReport& report);

}  // namespace weir::log
