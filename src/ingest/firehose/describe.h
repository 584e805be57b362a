#pragma once

#include "catalog/catalog.h"
#include "ingest/aws/call.h"
#include "ingest/doors.h"

namespace weir::ingest::firehose {

// ResourceNotFoundException: Firehose X under account N not found.
aws::ApiError DeliveryStreamNotFound(std::string_view name);

// The delivery stream as the catalog has it. ResourceNotFoundException.
std::expected<catalog::Resource, aws::ApiError> FindDeliveryStream(const DoorParts& parts,
                                                                   std::string_view name);

// DescribeDeliveryStream and ListDeliveryStreams; the request has passed its shape. These read the
// catalog.
aws::Answer DescribeDeliveryStream(const DoorParts& parts, const aws::Call& call);
aws::Answer ListDeliveryStreams(const DoorParts& parts, const aws::Call& call);

}  // namespace weir::ingest::firehose
