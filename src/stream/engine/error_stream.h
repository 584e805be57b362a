#pragma once

#include <string_view>
#include <vector>

#include "model/column_batch.h"
#include "model/types.h"
#include "stream/operators/operator.h"

namespace weir::stream {

inline constexpr std::string_view kErrorStream = "error_stream";

// ERROR_TIME, ERROR_LEVEL, ERROR_NAME, MESSAGE, DATA_ROWTIME, DATA_ROW, PUMP_NAME, as the dialect
// documents them.
const model::Schema& ErrorStreamSchema();

// The rows as they stand in error_stream: both times are the row's ROWTIME, so that a replay writes
// the same.
model::ColumnBatch ToErrorRows(const std::vector<ErrorRow>& errors);

}  // namespace weir::stream
