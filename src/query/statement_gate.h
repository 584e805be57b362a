#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "duckdb/database.h"

namespace weir::query {

/// A table or view that a statement reads; as written, in lower case. `database` is "" when it was
/// not named.
struct RelationName {
  std::string database;
  std::string name;

  friend auto operator<=>(const RelationName&, const RelationName&) = default;
};

/// What the gate found out about a statement that may run.
struct GatedStatement {
  std::string sql;  ///< Without a final semicolon.
  bool explain = false;
  /// What it reads from the catalog. Sorted, each once.
  std::vector<RelationName> relations;
  /// The statement's own WITH names that it reads where they are visible. Sorted, each once.
  std::vector<std::string> with_names;
};

/// SQL text of one query.
inline constexpr size_t kMaxSqlBytes = 64 << 10;
/// Nested expressions, sub-queries and set operations of one query.
inline constexpr size_t kMaxStatementDepth = 64;

/// Lets exactly one SELECT through (or EXPLAIN of one, never EXPLAIN ANALYZE), by its syntax tree
/// and not by its text: it may read tables by name and call no table function but range,
/// generate_series and unnest. Whether the names exist is the caller's to check. kInvalidArgument,
/// or kLimitExceeded for the limits above, for anything else.
base::Result<GatedStatement> GateStatement(duckdb::Connection& connection, std::string_view sql);

}  // namespace weir::query
