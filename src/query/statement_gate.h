#pragma once

#include <cstdint>
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

/// The database that `name` stands for, in lower case: "" for main, where bare names are.
std::string DatabaseOf(std::string_view name);

/// What the gate found out about a statement that may run.
struct GatedStatement {
  enum class Kind : uint8_t {
    kSelect,
    kExplain,     ///< Of a SELECT.
    kDescribe,    ///< Of a SELECT: its columns.
    kShowTables,  ///< No SQL: the caller knows the names.
  };
  Kind kind = Kind::kSelect;
  std::string sql;  ///< The SELECT.
  /// What it reads from the catalog. Sorted, each once.
  std::vector<RelationName> relations;
  /// The statement's own WITH names that it reads where they are visible. Sorted, each once. Scopes
  /// are followed because any other name must be published: names that were only looked up among
  /// all WITH names of the statement would reach DuckDB, which knows names of its own and tells
  /// those that are similar. A table that a WITH name hides is to count as read all the same: who
  /// may read what does not rest on DuckDB seeing scopes as the gate does.
  std::vector<std::string> with_names;
};

/// SQL text of one query.
inline constexpr size_t kMaxSqlBytes = 64 << 10;
/// Nested expressions, sub-queries and set operations of one query.
inline constexpr size_t kMaxStatementDepth = 64;

/// Lets exactly one SELECT through (or EXPLAIN or DESCRIBE of one, never EXPLAIN ANALYZE; DESCRIBE
/// may name a table instead), by its syntax tree and not by its text: it may read tables by name
/// and call no table function but range, generate_series and unnest. Or SHOW TABLES. Whether the
/// names exist is the caller's to check. kInvalidArgument, or kLimitExceeded for the limits above,
/// for anything else.
base::Result<GatedStatement> GateStatement(duckdb::Connection& connection, std::string_view sql);

}  // namespace weir::query
