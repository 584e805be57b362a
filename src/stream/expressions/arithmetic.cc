// Numbers. Integers and decimals are exact: a result that its type cannot hold is a row error,
// never wrong.

#include <cmath>

#include "base/format.h"
#include "stream/expressions/kernel.h"
#include "stream/expressions/number.h"

namespace weir::stream {

namespace {

using model::Type;
using sql::Function;

constexpr std::string_view kDivisionByZero = "division by zero";

std::string OutOfRange(const Type& type) {
  return fmt::format("numeric value out of range of {}", type.ToString());
}

// Division and modulo refuse a zero divisor with an own message.
enum class ZeroDivisor : uint8_t { kFine, kRefused };

// The result of a row: nothing when it overflows even 128 bits.
void StoreExact(const KernelCall& call, size_t row, std::optional<Int128> wide, const Type& type,
                int64_t* out) {
  const std::optional<int64_t> value = wide ? FitInteger(*wide, type) : std::nullopt;
  if (!value) {
    call.Fail(row, OutOfRange(type));
    return;
  }
  out[row] = *value;
}

void StoreFloating(const KernelCall& call, size_t row, double value, const Type& type,
                   double* out) {
  out[row] = RoundToType(value, type);
  if (!std::isfinite(out[row])) {
    call.Fail(row, OutOfRange(type));
  }
}

template <ZeroDivisor kZero = ZeroDivisor::kFine, typename Op>
Kernel ExactBinary(Type type, Op op) {
  return [type, op](const KernelCall& call) {
    const Vector a = call.arguments[0];
    const Vector b = call.arguments[1];
    int64_t* out = call.out.ints();
    ForEachNotNull(call, [&](size_t row) {
      if (kZero == ZeroDivisor::kRefused && b.Int(row) == 0) {
        call.Fail(row, std::string(kDivisionByZero));
        return;
      }
      StoreExact(call, row, op(static_cast<Int128>(a.Int(row)), static_cast<Int128>(b.Int(row))),
                 type, out);
    });
  };
}

template <typename Op>
Kernel ExactUnary(Type type, Op op) {
  return [type, op](const KernelCall& call) {
    const Vector a = call.arguments[0];
    int64_t* out = call.out.ints();
    ForEachNotNull(call, [&](size_t row) {
      StoreExact(call, row, op(static_cast<Int128>(a.Int(row))), type, out);
    });
  };
}

template <ZeroDivisor kZero = ZeroDivisor::kFine, typename Op>
Kernel FloatingBinary(Type type, Op op) {
  return [type, op](const KernelCall& call) {
    const Vector a = call.arguments[0];
    const Vector b = call.arguments[1];
    double* out = call.out.doubles();
    ForEachNotNull(call, [&](size_t row) {
      if (kZero == ZeroDivisor::kRefused && b.Double(row) == 0) {
        call.Fail(row, std::string(kDivisionByZero));
        return;
      }
      StoreFloating(call, row, op(a.Double(row), b.Double(row)), type, out);
    });
  };
}

template <typename Op>
Kernel FloatingUnary(Type type, Op op) {
  return [type, op](const KernelCall& call) {
    const Vector a = call.arguments[0];
    double* out = call.out.doubles();
    ForEachNotNull(call,
                   [&](size_t row) { StoreFloating(call, row, op(a.Double(row)), type, out); });
  };
}

// DECIMAL(p1,s1) / DECIMAL(p2,s2) with scale s: a × 10^(s - s1 + s2) / b, rounded half away from
// zero.
Kernel DecimalDivide(const sql::Expression& call) {
  const int shift =
      ScaleOf(call.type) - ScaleOf(call.arguments[0].type) + ScaleOf(call.arguments[1].type);
  return ExactBinary<ZeroDivisor::kRefused>(
      call.type, [shift](Int128 a, Int128 b) -> std::optional<Int128> {
        if (b < 0) {
          a = -a;
          b = -b;
        }
        if (shift >= 0 && __builtin_mul_overflow(a, PowerOfTen128(shift), &a)) {
          return std::nullopt;
        }
        if (shift < 0 && __builtin_mul_overflow(b, PowerOfTen128(-shift), &b)) {
          return std::nullopt;
        }
        return DivideRounded(a, b);
      });
}

Kernel ExactMultiply(const sql::Expression& call) {
  const int from = ScaleOf(call.arguments[0].type) + ScaleOf(call.arguments[1].type);
  const int to = ScaleOf(call.type);
  return ExactBinary(call.type,
                     [from, to](Int128 a, Int128 b) { return Rescale(a * b, from, to); });
}

// FLOOR and CEIL of exact numbers: to a whole number, then to the result's scale.
Kernel ExactRound(const sql::Expression& call, bool up) {
  const Int128 unit = PowerOfTen128(ScaleOf(call.arguments[0].type));
  const int to = ScaleOf(call.type);
  return ExactUnary(call.type, [unit, to, up](Int128 a) {
    Int128 whole = a / unit;
    const Int128 rest = a % unit;
    if (up && rest > 0) {
      ++whole;
    } else if (!up && rest < 0) {
      --whole;
    }
    return Rescale(whole, 0, to);
  });
}

Kernel ExactKernel(const sql::Expression& call) {
  using Wide = std::optional<Int128>;
  switch (call.function) {
    case Function::kAdd:
      return ExactBinary(call.type, [](Int128 a, Int128 b) { return Wide(a + b); });
    case Function::kSubtract:
      return ExactBinary(call.type, [](Int128 a, Int128 b) { return Wide(a - b); });
    case Function::kMultiply:
      return ExactMultiply(call);
    case Function::kDivide:
      if (call.type.kind == model::TypeKind::kDecimal) {
        return DecimalDivide(call);
      }
      return ExactBinary<ZeroDivisor::kRefused>(call.type,
                                                [](Int128 a, Int128 b) { return Wide(a / b); });
    case Function::kModulo:
      return ExactBinary<ZeroDivisor::kRefused>(call.type,
                                                [](Int128 a, Int128 b) { return Wide(a % b); });
    case Function::kNegate:
      return ExactUnary(call.type, [](Int128 a) { return Wide(-a); });
    case Function::kAbs:
      return ExactUnary(call.type, [](Int128 a) { return Wide(a < 0 ? -a : a); });
    case Function::kCeil:
      return ExactRound(call, true);
    case Function::kFloor:
      return ExactRound(call, false);
    default:
      return nullptr;
  }
}

Kernel FloatingKernel(const sql::Expression& call) {
  const Type type = call.type;
  switch (call.function) {
    case Function::kAdd:
      return FloatingBinary(type, [](double a, double b) { return a + b; });
    case Function::kSubtract:
      return FloatingBinary(type, [](double a, double b) { return a - b; });
    case Function::kMultiply:
      return FloatingBinary(type, [](double a, double b) { return a * b; });
    case Function::kDivide:
      return FloatingBinary<ZeroDivisor::kRefused>(type, [](double a, double b) { return a / b; });
    case Function::kModulo:
      return FloatingBinary<ZeroDivisor::kRefused>(
          type, [](double a, double b) { return std::fmod(a, b); });
    case Function::kPower:
      return FloatingBinary(type, [](double a, double b) { return std::pow(a, b); });
    case Function::kNegate:
      return FloatingUnary(type, [](double a) { return -a; });
    case Function::kAbs:
      return FloatingUnary(type, [](double a) { return std::fabs(a); });
    case Function::kCeil:
      return FloatingUnary(type, [](double a) { return std::ceil(a); });
    case Function::kFloor:
      return FloatingUnary(type, [](double a) { return std::floor(a); });
    case Function::kExp:
      return FloatingUnary(type, [](double a) { return std::exp(a); });
    case Function::kLn:
      return FloatingUnary(type, [](double a) { return std::log(a); });
    case Function::kLog10:
      return FloatingUnary(type, [](double a) { return std::log10(a); });
    case Function::kSqrt:
      return FloatingUnary(type, [](double a) { return std::sqrt(a); });
    default:
      return nullptr;
  }
}

}  // namespace

Kernel MakeArithmeticKernel(const sql::Expression& call) {
  const bool floating = call.type.physical() == model::Physical::kDouble;
  return floating ? FloatingKernel(call) : ExactKernel(call);
}

}  // namespace weir::stream
