#pragma once

#include "ingest/aws/call.h"
#include "ingest/kinesis/parts.h"

namespace weir::ingest::kinesis {

// What the API offers around the service itself. Where that has no meaning here, the answer says
// so: nothing is promised that is not kept (docs/kinesis.md).

aws::Answer DescribeLimits(const Parts& parts, const aws::Call& call);
aws::Answer DescribeAccountSettings(const Parts& parts, const aws::Call& call);
aws::Answer UpdateAccountSettings(const Parts& parts, const aws::Call& call);

aws::Answer EnableEnhancedMonitoring(const Parts& parts, const aws::Call& call);
aws::Answer DisableEnhancedMonitoring(const Parts& parts, const aws::Call& call);

aws::Answer StartStreamEncryption(const Parts& parts, const aws::Call& call);
aws::Answer StopStreamEncryption(const Parts& parts, const aws::Call& call);

aws::Answer PutResourcePolicy(const Parts& parts, const aws::Call& call);
aws::Answer GetResourcePolicy(const Parts& parts, const aws::Call& call);
aws::Answer DeleteResourcePolicy(const Parts& parts, const aws::Call& call);

aws::Answer UpdateMaxRecordSize(const Parts& parts, const aws::Call& call);
aws::Answer UpdateStreamWarmThroughput(const Parts& parts, const aws::Call& call);

}  // namespace weir::ingest::kinesis
