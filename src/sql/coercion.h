#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "model/types.h"
#include "sql/plan.h"

namespace weir::sql {

inline constexpr int kMaxDecimalDigits = 18;
inline constexpr int kMaxTextBytes = 65'535;

/// DECIMAL(precision, scale) with the precision cut to 18 digits.
model::Type DecimalType(int precision, int scale);
model::Type TextType(int64_t length);

/// An exact numeric type as a decimal: INTEGER is DECIMAL(10,0).
model::Type AsDecimal(const model::Type& type);

/// The type to which values of both types convert by themselves: numbers to the wider number, DATE
/// to TIMESTAMP, text to the longer text, NULL to the other. Nothing when there is none.
std::optional<model::Type> CommonType(const model::Type& a, const model::Type& b);

/// True when CAST converts `from` to `to`.
bool CanCast(const model::Type& from, const model::Type& to);

/// True when INSERT converts `from` to `to` without a CAST.
bool CanAssign(const model::Type& from, const model::Type& to);

/// `expression` as `type`: itself when it has the type, a literal where the conversion of a literal
/// is exact, else a cast. CanCast must hold.
Expression CastTo(Expression expression, const model::Type& type);

/// As CastTo, but leaves text of another length as it is: the operators take text of any length.
Expression Convert(Expression expression, const model::Type& type);

Expression LiteralOf(model::Value value, const model::Type& type);
Expression CallOf(Function function, const model::Type& type, std::vector<Expression> arguments);

}  // namespace weir::sql
