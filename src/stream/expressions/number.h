#pragma once

#include <cstdint>
#include <optional>

#include "model/types.h"

namespace weir::stream {

using Int128 = __int128;

// `value` / `divisor`, rounded half away from zero; divisor > 0.
Int128 DivideRounded(Int128 value, Int128 divisor);

// 10^n for 0 <= n <= 38.
Int128 PowerOfTen128(int n);

// `unscaled` × 10^-from as a count of 10^-to, rounded half away from zero; nothing when it cannot
// be held.
std::optional<Int128> Rescale(Int128 unscaled, int from, int to);

// `value` when a column of `type` (integer, DECIMAL, BOOLEAN, TIMESTAMP, INTERVAL …) can hold it.
std::optional<int64_t> FitInteger(Int128 value, const model::Type& type);

// Digits behind the point: 0 for integers.
inline int ScaleOf(const model::Type& type) {
  return type.kind == model::TypeKind::kDecimal ? type.scale : 0;
}

// a REAL has the precision of a float.
inline double RoundToType(double value, const model::Type& type) {
  return type.kind == model::TypeKind::kReal ? static_cast<double>(static_cast<float>(value))
                                             : value;
}

}  // namespace weir::stream
