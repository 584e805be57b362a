#pragma once

#include <string_view>

#include "ingest/aws/error.h"

namespace weir::ingest::kinesis {

using aws::ApiError;
using aws::MakeError;

// Stream X under account N not found.
ApiError StreamNotFound(std::string_view name);

}  // namespace weir::ingest::kinesis
