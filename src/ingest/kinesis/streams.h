#pragma once

#include "ingest/aws/call.h"
#include "ingest/kinesis/parts.h"

namespace weir::ingest::kinesis {

// The life of streams. Each answers one operation whose request has passed its shape.

aws::Answer CreateStream(const Parts& parts, const aws::Call& call);
aws::Answer DeleteStream(const Parts& parts, const aws::Call& call);
aws::Answer ListStreams(const Parts& parts, const aws::Call& call);
aws::Answer DescribeStream(const Parts& parts, const aws::Call& call);
aws::Answer DescribeStreamSummary(const Parts& parts, const aws::Call& call);
aws::Answer UpdateStreamMode(const Parts& parts, const aws::Call& call);
aws::Answer IncreaseStreamRetentionPeriod(const Parts& parts, const aws::Call& call);
aws::Answer DecreaseStreamRetentionPeriod(const Parts& parts, const aws::Call& call);

}  // namespace weir::ingest::kinesis
