#pragma once

#include <cstddef>
#include <string_view>

#include "ingest/aws/shape.h"

namespace weir::ingest::firehose {

inline constexpr size_t kMaxRecordBytes = 1'024'000;
inline constexpr size_t kMaxRecordsPerRequest = 500;
inline constexpr size_t kMaxRequestBytes = 4 << 20;  // Data of all records.

// The request of an operation; null for what is no operation that is served.
const aws::Shape* RequestShape(std::string_view operation);

}  // namespace weir::ingest::firehose
