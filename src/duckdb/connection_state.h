#pragma once

#include "duckdb/database.h"
#include "duckdb/handles.h"

namespace weir::duckdb {

struct Connection::State {
  ConnectionHandle handle;
};

}  // namespace weir::duckdb
