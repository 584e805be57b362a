#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "ingest/kinesis/wire.h"
#include "log/log.h"

namespace weir::ingest::kinesis {

// Answers ListStreams, DescribeStreamSummary and ListShards; UnknownOperationException for every
// other operation.
std::expected<std::string, ApiError> Describe(const log::Log& log, std::string_view operation,
                                              std::string_view body);

}  // namespace weir::ingest::kinesis
