#pragma once

#include <expected>

#include "ingest/aws/call.h"
#include "ingest/kinesis/parts.h"

namespace weir::ingest::kinesis {

// Consumers with enhanced fan-out.

aws::Answer RegisterStreamConsumer(const Parts& parts, const aws::Call& call);
aws::Answer DeregisterStreamConsumer(const Parts& parts, const aws::Call& call);
aws::Answer DescribeStreamConsumer(const Parts& parts, const aws::Call& call);
aws::Answer ListStreamConsumers(const Parts& parts, const aws::Call& call);

struct FoundConsumer {
  registry::StreamInfo stream;
  registry::Consumer consumer;
};

// The consumer by ConsumerARN, ResourceARN, or StreamARN and ConsumerName: authorised first, then
// found. ResourceNotFoundException.
std::expected<FoundConsumer, aws::ApiError> FindConsumer(const Parts& parts, const aws::Call& call,
                                                         auth::Action action);

}  // namespace weir::ingest::kinesis
