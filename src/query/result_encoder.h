#pragma once

#include "duckdb/database.h"
#include "query/protocol.h"
#include "query/statement_gate.h"

namespace weir::query {

/// Runs a statement that passed the gate and writes its rows as QueryResult::rows_json describes.
/// kLimitExceeded beyond `limits`; what has been computed by then is thrown away.
Outcome RunAndEncode(duckdb::Connection& connection, const GatedStatement& statement,
                     const QueryLimits& limits);

}  // namespace weir::query
