#pragma once

/// The door of the query room: SQL over lake + log tail + open windows, in killable worker
/// processes.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "catalog/catalog.h"
#include "lake/object_store.h"
#include "log/log.h"
#include "model/record.h"

namespace weir::query {

struct QueryLimits {
  int64_t timeout_millis = 30'000;  ///< Then SIGKILL.
  uint64_t memory_bytes = 2ull << 30;
  uint64_t max_rows = 100'000;
  uint64_t max_result_bytes = 64ull << 20;
};

struct QueryOptions {
  QueryLimits limits;
  /// Include what is not in the lake yet: emitted rows in the log, and open windows.
  bool fresh = true;
  /// May answer with an earlier result of the same text when no object, record or open window that
  /// it reads has changed since: for questions that are asked again and again and do not depend on
  /// the time of asking.
  bool reuse = false;
  /// Whether rows of the tables that this stream feeds may be read: kPermission, naming the table,
  /// when the query reads others. Empty: all may.
  std::function<bool(std::string_view stream)> may_read;
};

struct ResultColumn {
  std::string name;
  std::string type;  ///< DuckDB's name of it.
};

/// A finished query. `rows` is a JSON array of arrays; exact decimals and 64-bit integers are JSON
/// numbers written in full, timestamps "2026-11-22 07:35:31.123", dates "2026-11-22".
struct QueryResult {
  std::vector<ResultColumn> columns;
  std::string rows_json = "[]";
  uint64_t row_count = 0;
  /// Newest input that any table's figures contain; 0 when there is none.
  model::Rowtime as_of;
  int64_t elapsed_millis = 0;
};

inline constexpr int kMaxRunningQueries = 4;
inline constexpr int kMaxWaitingQueries = 16;

/// Runs queries; so many at once and so many waiting, kUnavailable beyond. Thread-safe; Run blocks
/// its thread, also while the query waits.
class QueryService {
 public:
  /// `program` is this executable, which `<program> query-worker` makes a worker (see worker.h).
  static base::Result<std::unique_ptr<QueryService>> Create(std::string program,
                                                            catalog::Catalog& catalog,
                                                            lake::ObjectStore& store, log::Log& log,
                                                            base::Clock& clock);
  virtual ~QueryService() = default;

  /// One SELECT over the catalog's tables and named queries' views. kInvalidArgument for anything
  /// else, and for errors in the SQL, with DuckDB's message; kLimitExceeded for memory, time, rows,
  /// bytes.
  virtual base::Result<QueryResult> Run(std::string_view sql, const QueryOptions& options) = 0;

  /// Ends running queries and refuses further ones, all with kUnavailable.
  virtual void Shutdown() = 0;
};

/// Text forms of a result.
enum class OutputFormat : uint8_t { kTable, kCsv, kJson };

std::string FormatResult(const QueryResult& result, OutputFormat format);

}  // namespace weir::query
