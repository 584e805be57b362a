#pragma once

#include <cstdint>
#include <vector>

#include "base/result.h"
#include "log/log.h"

namespace weir::registry {

using Shards = std::vector<log::ShardDefinition>;

// The shards that take records, by first hash.
Shards OpenShards(const Shards& shards);

// What becomes of a stream's shards. Closed ones stay, new ones stand behind them, with the next
// ids and a time of creation from `now` on (log::ChildCreated). Every new shard has one parent
// (split) or two (merge), as in AWS.

// Closes `shard` for two children, the second of which begins at `new_start`. kNotFound,
// kFailedPrecondition (closed), kInvalidArgument (`new_start` not inside its range).
base::Result<log::StreamDefinition> Split(log::StreamDefinition stream, uint32_t shard,
                                          model::HashKey new_start, model::Rowtime now);

// Closes both for one child. kNotFound, kFailedPrecondition (closed), kInvalidArgument when the
// ranges do not touch.
base::Result<log::StreamDefinition> Merge(log::StreamDefinition stream, uint32_t shard,
                                          uint32_t adjacent, model::Rowtime now);

// Splits at every boundary of `target` even shards, then merges what lies within each. Unchanged
// when they are even already. kInvalidArgument when `target` is more than double or less than half
// of what is open.
base::Result<log::StreamDefinition> MakeEven(log::StreamDefinition stream, uint32_t target,
                                             model::Rowtime now);

}  // namespace weir::registry
