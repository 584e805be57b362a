#pragma once

#include "ingest/aws/call.h"
#include "ingest/kinesis/parts.h"

namespace weir::ingest::kinesis {

// Pages of a stream's shards, all or those that a ShardFilter selects.
aws::Answer ListShards(const Parts& parts, const aws::Call& call);

}  // namespace weir::ingest::kinesis
