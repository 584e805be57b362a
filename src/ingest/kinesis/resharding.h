#pragma once

#include "ingest/aws/call.h"
#include "ingest/kinesis/parts.h"

namespace weir::ingest::kinesis {

// Splitting and merging shards. A change is complete when its operation answers.

aws::Answer SplitShard(const Parts& parts, const aws::Call& call);
aws::Answer MergeShards(const Parts& parts, const aws::Call& call);
aws::Answer UpdateShardCount(const Parts& parts, const aws::Call& call);

}  // namespace weir::ingest::kinesis
