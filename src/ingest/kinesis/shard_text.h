#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ingest/aws/writer.h"
#include "log/log.h"

namespace weir::ingest::kinesis {

// How the API describes a stream's shards.

// The sequence number of the place before the record `next`: greater than that of each record
// before, less than its own. A record's number says when it arrived; this one says 0 there.
std::string NumberBefore(const log::StreamDefinition& stream, const log::ShardDefinition& shard,
                         model::Sequence next);

// The children of a closed shard; none of an open one.
std::vector<const log::ShardDefinition*> ChildrenOf(const log::StreamDefinition& stream,
                                                    uint32_t shard);
// When the shard was closed; nothing while it is open.
std::optional<model::Rowtime> ClosedAt(const log::StreamDefinition& stream,
                                       const log::ShardDefinition& shard);

// A map: ShardId, ParentShardId, AdjacentParentShardId, HashKeyRange, SequenceNumberRange.
void WriteShard(const log::StreamDefinition& stream, const log::ShardDefinition& shard,
                aws::Writer& writer);
// A list of maps: ShardId, ParentShards, HashKeyRange.
void WriteChildShards(const log::StreamDefinition& stream, uint32_t parent, aws::Writer& writer);

}  // namespace weir::ingest::kinesis
