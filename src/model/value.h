#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "model/types.h"

namespace weir::model {

/// One SQL value, or NULL: int64 for kInt64 types, double, or bytes. The type is known from
/// context.
using Value = std::variant<std::monostate, int64_t, double, std::string>;

inline bool IsNull(const Value& value) {
  return std::holds_alternative<std::monostate>(value);
}

/// The text of a value, as in CSV output: DECIMAL with its scale, timestamps as
/// "2026-11-22 07:35:31.123", booleans "true"/"false", NULL as "".
std::string FormatValue(const Value& value, const Type& type);

/// The decimal text of `unscaled` × 10^-scale, for example (12345, 2) -> "123.45".
std::string FormatDecimal(int64_t unscaled, int scale);

/// Reads a decimal number text ("-12.30", "1e3") as an exact count of 10^-scale; digits beyond the
/// scale are rounded half away from zero. kInvalidArgument when it is no number or has more than 18
/// digits.
base::Result<int64_t> ParseDecimal(std::string_view text, int scale);

}  // namespace weir::model
