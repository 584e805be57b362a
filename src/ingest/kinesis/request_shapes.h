#pragma once

#include <string_view>

#include "ingest/aws/shape.h"

namespace weir::ingest::kinesis {

// The request of an operation other than PutRecord and PutRecords, which read theirs without a
// document; null for what is no operation.
const aws::Shape* RequestShape(std::string_view operation);

}  // namespace weir::ingest::kinesis
