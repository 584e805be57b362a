#pragma once

/// The door of the duckdb room: DuckDB's C API with owners, values and errors. One thread per
/// connection.

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "duckdb/result.h"
#include "model/column_batch.h"
#include "model/types.h"
#include "model/value.h"

namespace weir::duckdb {

/// DuckDB's name of a SQL type: DECIMAL(18,4), BIGINT, VARCHAR, TIMESTAMP, BLOB, … CHAR and VARCHAR
/// are both VARCHAR.
std::string TypeName(const model::Type& type);

/// "name" with its quotes, quotes inside doubled.
std::string QuoteIdentifier(std::string_view name);
/// 'text' with its quotes, quotes inside doubled.
std::string QuoteText(std::string_view text);

/// What a statement does, as far as callers ask.
enum class StatementKind : uint8_t { kSelect, kExplain, kOther };

/// One statement of a text.
struct StatementInfo {
  StatementKind kind = StatementKind::kOther;
  std::string kind_name;  ///< "SELECT", "COPY", "ATTACH", …
  size_t parameters = 0;
};

class Connection;

/// An instance of DuckDB. Connections must be destroyed before it. Thread-safe.
class Database {
 public:
  /// DuckDB's settings by name, for example {"threads", "1"}, {"memory_limit", "256MB"}.
  using Config = std::map<std::string, std::string>;

  /// Opens an instance in memory. kInvalidArgument when a setting does not exist or does not take
  /// its value. Extensions are never installed or loaded from outside unless `config` says so.
  static base::Result<Database> Open(const Config& config = {});

  Database(Database&&) noexcept;
  Database& operator=(Database&&) noexcept;
  ~Database();

  base::Result<Connection> Connect();

 private:
  struct State;
  explicit Database(std::unique_ptr<State> state);

  std::unique_ptr<State> state_;
};

/// A session. Not thread-safe. Errors of SQL are kInvalidArgument with DuckDB's own message
/// (parser, binder, conversion …); out of memory is kLimitExceeded, a failed file operation kIo,
/// interrupted kUnavailable, an internal error kInternal.
class Connection {
 public:
  Connection(Connection&&) noexcept;
  Connection& operator=(Connection&&) noexcept;
  ~Connection();

  /// Runs every statement of `sql`; the result is the last one's, in memory.
  base::Result<QueryResult> Execute(std::string_view sql);
  /// Runs one statement with its parameters $1, $2, … (text, int64, double or NULL). Result in
  /// memory.
  base::Result<QueryResult> Execute(std::string_view sql, std::span<const model::Value> parameters);
  /// Runs one statement whose rows are computed as Next asks for them: memory stays bounded.
  /// Nothing else may run on the connection until the result is destroyed.
  base::Result<QueryResult> Stream(std::string_view sql);

  /// The statements of `sql`, parsed and bound (so tables must exist) but not run. At most
  /// kMaxStatements.
  base::Result<std::vector<StatementInfo>> Inspect(std::string_view sql);
  /// How many statements `sql` has; parses only.
  base::Result<size_t> CountStatements(std::string_view sql);
  static constexpr size_t kMaxStatements = 1000;

  /// CREATE TABLE `table` with these columns (temporary tables included: "temp.name" is not split).
  base::Result<void> CreateTable(std::string_view table, const model::Schema& schema);
  /// Appends all rows of `batch`, whose columns are those of `schema`, to a table made by
  /// CreateTable. DATE and TIMESTAMP keep their value; bytes that are not UTF-8 in text columns
  /// become U+FFFD.
  base::Result<void> Append(std::string_view table, const model::Schema& schema,
                            const model::ColumnBatch& batch);

 private:
  friend class Database;
  struct State;
  explicit Connection(std::unique_ptr<State> state);

  base::Result<QueryResult> Run(std::string_view sql, std::span<const model::Value> parameters,
                                bool streaming);

  std::unique_ptr<State> state_;
};

}  // namespace weir::duckdb
