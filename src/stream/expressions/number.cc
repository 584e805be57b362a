#include "stream/expressions/number.h"

#include <array>
#include <limits>

#include "base/check.h"

namespace weir::stream {

namespace {

constexpr std::array<Int128, 39> kPowers = [] {
  std::array<Int128, 39> powers{};
  Int128 power = 1;
  for (size_t i = 0; i < powers.size(); ++i) {
    powers[i] = power;
    power = i + 1 < powers.size() ? power * 10 : power;
  }
  return powers;
}();

}  // namespace

Int128 PowerOfTen128(int n) {
  CHECK(n >= 0 && n < static_cast<int>(kPowers.size()));
  return kPowers[static_cast<size_t>(n)];
}

Int128 DivideRounded(Int128 value, Int128 divisor) {
  const Int128 quotient = value / divisor;
  const Int128 rest = value % divisor;
  const Int128 magnitude = rest < 0 ? -rest : rest;
  if (magnitude >= divisor - magnitude) {
    return quotient + (value < 0 ? -1 : 1);
  }
  return quotient;
}

std::optional<Int128> Rescale(Int128 unscaled, int from, int to) {
  if (from == to) {
    return unscaled;
  }
  if (from > to) {
    return DivideRounded(unscaled, PowerOfTen128(from - to));
  }
  Int128 result = 0;
  if (__builtin_mul_overflow(unscaled, PowerOfTen128(to - from), &result)) {
    return std::nullopt;
  }
  return result;
}

std::optional<int64_t> FitInteger(Int128 value, const model::Type& type) {
  Int128 lowest = std::numeric_limits<int64_t>::min();
  Int128 highest = std::numeric_limits<int64_t>::max();
  if (type.IsInteger()) {
    lowest = model::MinOf(type.kind);
    highest = model::MaxOf(type.kind);
  } else if (type.kind == model::TypeKind::kDecimal) {
    highest = static_cast<Int128>(model::PowerOfTen(type.precision)) - 1;
    lowest = -highest;
  }
  if (value < lowest || value > highest) {
    return std::nullopt;
  }
  return static_cast<int64_t>(value);
}

}  // namespace weir::stream
