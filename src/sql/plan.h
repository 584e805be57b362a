#pragma once

/// The door between the `sql` room, which makes plans, and whoever runs them: bound, typed,
/// printable.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/types.h"
#include "model/value.h"

namespace weir::sql {

/// Scalar functions and operators after binding: arguments have exactly the types the function asks
/// for (the binder inserts casts). Unless said otherwise, a NULL argument gives NULL.
enum class Function : uint8_t {
  // Comparison: both arguments of one type; result BOOLEAN.
  kEqual,
  kNotEqual,
  kLess,
  kLessEqual,
  kGreater,
  kGreaterEqual,
  kIsDistinctFrom,
  kIsNotDistinctFrom,  ///< Never NULL.
  // Three-valued logic over BOOLEAN.
  kAnd,
  kOr,
  kNot,
  kIsNull,
  kIsNotNull,
  kIsTrue,
  kIsNotTrue,
  kIsFalse,
  kIsNotFalse,  ///< Never NULL.
  kLike,        ///< (text, pattern[, escape])
  kSimilarTo,   ///< (text, pattern[, escape])
  // Arithmetic: both arguments of the result's type, except as noted. Overflow and division by zero
  // are row errors.
  kAdd,
  kSubtract,
  kMultiply,  ///< DECIMAL: scale of the result is the sum of the arguments' scales.
  kDivide,    ///< DECIMAL/DECIMAL gives the result's scale, rounded half away from zero; integers
              ///< truncate.
  kModulo,
  kNegate,
  kAbs,
  kCeil,
  kFloor,
  kExp,
  kLn,
  kLog10,
  kPower,
  kSqrt,
  // Time. Timestamps and intervals are milliseconds.
  kTimestampAddInterval,
  kTimestampSubtractInterval,
  kTimestampDifference,  ///< (TIMESTAMP, TIMESTAMP) -> INTERVAL
  kFloorTo,
  kCeilTo,   ///< (TIMESTAMP, INTEGER literal: TimeUnit)
  kStep,     ///< (TIMESTAMP, INTERVAL) or (integer, integer): floor to a multiple, from the epoch /
             ///< zero
  kExtract,  ///< (INTEGER literal: TimeUnit, TIMESTAMP) -> BIGINT
  kTimestampDiffMillis,  ///< TSDIFF(a, b) = a - b -> BIGINT
  kUnixTimestamp,        ///< TIMESTAMP -> BIGINT milliseconds
  kToTimestamp,          ///< BIGINT milliseconds -> TIMESTAMP
  kTimestampToChar,      ///< (format, TIMESTAMP), Java SimpleDateFormat letters
  kCharToTimestamp,      ///< (format, text)
  // Text, by byte of a single-byte character set for ASCII, by code point for UTF-8.
  kConcat,
  kLower,
  kUpper,
  kInitcap,
  kCharLength,
  kSubstring,  ///< (text, position from 1[, length])
  kPosition,   ///< (needle, text), from 1, 0 when absent
  kTrimBoth,
  kTrimLeading,
  kTrimTrailing,  ///< (characters, text)
  kOverlay,       ///< (text, replacement, position[, length])
  kRegexReplace,  ///< (text, pattern, replacement, start, occurrence)
  // Conditional.
  kCoalesce,  ///< First argument that is not NULL.
  kNullif,
  kCase,  ///< (condition, value)*, else value (always present)
};

enum class TimeUnit : uint8_t { kMillisecond, kSecond, kMinute, kHour, kDay, kMonth, kYear };

/// A bound scalar expression. Prints itself: `("EventType" = 'Promotion')`.
struct Expression {
  enum class Kind : uint8_t {
    kColumn,   ///< Column `column` of the input.
    kRowtime,  ///< ROWTIME of the input row (TIMESTAMP).
    kLiteral,
    kCall,
    kCast,  ///< arguments[0] to `type`. Failing rows are row errors; text is cut to VARCHAR(n) as
            ///< the dialect says.
  };

  Kind kind = Kind::kLiteral;
  model::Type type;
  int column = -1;
  std::string column_name;  ///< For printing.
  model::Value literal;
  Function function = Function::kEqual;
  std::vector<Expression> arguments;

  std::string ToString() const;

  friend bool operator==(const Expression&, const Expression&) = default;
};

enum class AggregateFunction : uint8_t {
  kCountStar,
  kCount,
  kSum,  ///< Integers: BIGINT. DECIMAL(p,s): DECIMAL(18,s). Floating: DOUBLE. Overflow is a row
         ///< error.
  kMin,
  kMax,
  kAvg,  ///< Type of the argument; integers truncate, as the dialect documents.
  kFirstValue,
  kLastValue,
};

struct Aggregate {
  AggregateFunction function = AggregateFunction::kCountStar;
  bool distinct = false;
  std::optional<Expression> argument;  ///< Over the source's columns; none for COUNT(*).
  model::Type type;

  std::string ToString() const;

  friend bool operator==(const Aggregate&, const Aggregate&) = default;
};

enum class WindowKind : uint8_t {
  kNone,      ///< Row by row: filter and project.
  kStagger,   ///< Per partition: opens at its first row's ROWTIME, holds [open, open + range),
              ///< result ROWTIME open + range.
  kTumbling,  ///< GROUP BY with one time key: closes when ROWTIME reaches the key's end, which is
              ///< the result's ROWTIME.
};

struct Window {
  WindowKind kind = WindowKind::kNone;
  int64_t range_millis = 0;                ///< Stagger.
  int time_key = -1;                       ///< Tumbling: which of `keys` is FLOOR/STEP of ROWTIME.
  int64_t step_millis = 0;                 ///< Tumbling: length, unless `unit` is a calendar unit.
  TimeUnit unit = TimeUnit::kMillisecond;  ///< kMonth or kYear when the tumbling key is
                                           ///< FLOOR(ROWTIME TO MONTH|YEAR).
};

/// One SELECT STREAM over one stream.
struct SelectPlan {
  std::string source;               ///< Name of the input or in-application stream that is read.
  std::optional<Expression> where;  ///< Over the source's columns; rows pass when TRUE.
  Window window;
  std::vector<Expression> keys;  ///< Grouping / partition expressions over the source's columns.
  std::vector<Aggregate> aggregates;  ///< In the order in which having/outputs number them.
  /// Over the row (keys..., aggregates...), in which column i < keys.size() is key i.
  std::optional<Expression> having;
  /// One per column of the pump's target, of exactly its type. WindowKind::kNone: over the source's
  /// columns; otherwise over (keys..., aggregates...), where kRowtime is the result's ROWTIME.
  std::vector<Expression> outputs;
  /// `expr AS ROWTIME`: the ROWTIME of output rows, over the same row as `outputs`.
  std::optional<Expression> rowtime;
};

struct PumpPlan {
  std::string name;
  std::string target;
  SelectPlan select;
};

struct StreamPlan {
  std::string name;
  model::Schema schema;
};

/// A compiled application.
struct Program {
  /// Declared streams, and those the compiler made for sub-queries (names start with '$').
  std::vector<StreamPlan> streams;
  /// In an order in which every pump comes after the pumps that feed it.
  std::vector<PumpPlan> pumps;

  /// The stream's schema, or null.
  const model::Schema* FindStream(std::string_view name) const;

  /// Stable text of the whole plan, for tests and `weir stack describe`.
  std::string ToString() const;
};

/// Names of the columns that every input stream has besides its mapped ones (types in compiler.h);
/// an expression that uses one refers to it as the column behind the mapped columns, in this order.
inline constexpr std::string_view kImplicitColumns[] = {"APPROXIMATE_ARRIVAL_TIME", "PARTITION_KEY",
                                                        "SEQUENCE_NUMBER", "SHARD_ID"};

}  // namespace weir::sql
