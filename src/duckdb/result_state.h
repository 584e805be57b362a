#pragma once

#include <memory>
#include <vector>

#include "duckdb/handles.h"
#include "duckdb/result.h"

namespace weir::duckdb {

struct QueryResult::State {
  ResultHolder holder;
  std::shared_ptr<const std::vector<ColumnInfo>> columns;
  uint64_t rows_changed = 0;
};

// Describes the columns of a result.
std::vector<ColumnInfo> DescribeColumns(duckdb_result& result);

}  // namespace weir::duckdb
