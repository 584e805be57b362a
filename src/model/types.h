#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace weir::model {

/// The SQL types of the streaming dialect.
enum class TypeKind : uint8_t {
  kNull,  ///< Only of the literal NULL before it is given a type.
  kBoolean,
  kTinyint,
  kSmallint,
  kInteger,
  kBigint,
  kDecimal,  ///< Exact: an int64 count of 10^-scale.
  kReal,
  kDouble,
  kChar,
  kVarchar,
  kVarbinary,
  kDate,       ///< Days since 1970-01-01.
  kTime,       ///< Milliseconds since midnight.
  kTimestamp,  ///< Milliseconds since 1970-01-01T00:00:00Z.
  kInterval,   ///< Milliseconds (day-time interval). Not a column type.
};

/// How values of a type lie in a column.
enum class Physical : uint8_t { kInt64, kDouble, kString };

/// A SQL type with its parameters.
struct Type {
  TypeKind kind = TypeKind::kNull;
  /// VARCHAR/CHAR/VARBINARY: greatest length in bytes. DECIMAL: digits, at most 18.
  int precision = 0;
  /// DECIMAL only: digits behind the point, 0..precision.
  int scale = 0;

  Physical physical() const;

  /// "DECIMAL(18,4)", "VARCHAR(8)", "TIMESTAMP".
  std::string ToString() const;

  bool IsInteger() const { return kind >= TypeKind::kTinyint && kind <= TypeKind::kBigint; }

  /// Integer, decimal or floating.
  bool IsNumeric() const { return kind >= TypeKind::kTinyint && kind <= TypeKind::kDouble; }

  bool IsFloating() const { return kind == TypeKind::kReal || kind == TypeKind::kDouble; }

  bool IsString() const { return kind == TypeKind::kChar || kind == TypeKind::kVarchar; }

  friend bool operator==(const Type&, const Type&) = default;
};

/// The type that "VARCHAR(16)", "decimal(18, 4)", "TIMESTAMP" … name; case does not matter.
/// DECIMAL/DEC/NUMERIC without parameters is DECIMAL(18,0); FLOAT is DOUBLE; INT is INTEGER;
/// VARCHAR without a length is VARCHAR(65535). kInvalidArgument otherwise.
base::Result<Type> ParseType(std::string_view text);

/// The smallest and greatest value of an integer type.
int64_t MinOf(TypeKind integer);
int64_t MaxOf(TypeKind integer);

/// 10^n for 0 <= n <= 18.
int64_t PowerOfTen(int n);

/// A named column.
struct Field {
  std::string name;
  Type type;
  bool nullable = true;

  friend bool operator==(const Field&, const Field&) = default;
};

using Schema = std::vector<Field>;

/// Position of the field with exactly this name, or -1.
int FindField(const Schema& schema, std::string_view name);

}  // namespace weir::model
