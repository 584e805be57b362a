#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace weir::duckdb {

/// Which accessor of Chunk reads a column.
enum class ValueKind : uint8_t {
  kNull,       ///< The type of a bare NULL; every value is NULL.
  kBoolean,    ///< Chunk::Integer: 0 or 1.
  kInteger,    ///< Chunk::Integer: TINYINT to HUGEINT, UTINYINT to UBIGINT (UHUGEINT is kOther).
  kDecimal,    ///< Chunk::Integer: an exact count of 10^-scale.
  kDouble,     ///< Chunk::Double: FLOAT and DOUBLE.
  kText,       ///< Chunk::Text: VARCHAR, valid UTF-8.
  kBlob,       ///< Chunk::Text: any bytes.
  kDate,       ///< Chunk::Time: days since 1970-01-01.
  kTime,       ///< Chunk::Time: microseconds since midnight.
  kTimestamp,  ///< Chunk::Time: microseconds since 1970; TIMESTAMP_S, _MS, _NS (cut) and with time
               ///< zone (UTC) too.
  kOther,  ///< No accessor: cast it to VARCHAR in the SQL (INTERVAL, UUID, ENUM, LIST, STRUCT, MAP,
           ///< …).
};

struct ColumnInfo {
  std::string name;
  std::string type;  ///< DuckDB's name: "DECIMAL(18,4)", "BIGINT", "VARCHAR", "STRUCT", …
  ValueKind kind = ValueKind::kOther;
  int scale = 0;  ///< kDecimal only.
};

/// 2,048 rows or fewer of a result, by column. Views live as long as the chunk. Columns and rows
/// count from 0.
class Chunk {
 public:
  Chunk(Chunk&&) noexcept;
  Chunk& operator=(Chunk&&) noexcept;
  ~Chunk();

  size_t rows() const;
  size_t columns() const;

  bool IsNull(size_t column, size_t row) const;
  /// kBoolean, kInteger, kDecimal. 0 for NULL.
  __int128 Integer(size_t column, size_t row) const;
  /// kDouble. 0 for NULL.
  double Double(size_t column, size_t row) const;
  /// kText, kBlob. "" for NULL.
  std::string_view Text(size_t column, size_t row) const;
  /// kDate, kTime, kTimestamp, in the unit of the kind. DuckDB's infinities are kInfinity and
  /// -kInfinity. 0 for NULL.
  int64_t Time(size_t column, size_t row) const;
  static constexpr int64_t kInfinity = INT64_MAX;

 private:
  friend class QueryResult;
  struct State;
  explicit Chunk(std::unique_ptr<State> state);

  std::unique_ptr<State> state_;
};

/// The rows of a finished statement, held in memory (kMaterialized), or computed as they are asked
/// for (streaming, see Connection::Stream). Not thread-safe. Must be destroyed before its
/// connection.
class QueryResult {
 public:
  QueryResult(QueryResult&&) noexcept;
  QueryResult& operator=(QueryResult&&) noexcept;
  ~QueryResult();

  const std::vector<ColumnInfo>& columns() const;

  /// The next rows, or nothing at the end. Errors as those of Connection::Execute.
  base::Result<std::optional<Chunk>> Next();

  /// Rows inserted, deleted or copied; 0 for a SELECT.
  uint64_t rows_changed() const;

 private:
  friend class Connection;
  struct State;
  explicit QueryResult(std::unique_ptr<State> state);

  std::unique_ptr<State> state_;
};

}  // namespace weir::duckdb
