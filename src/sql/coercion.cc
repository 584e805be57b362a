#include "sql/coercion.h"

#include <algorithm>

namespace weir::sql {
namespace {

using model::Type;
using model::TypeKind;

/// Digits of the greatest value of an integer type, as far as DECIMAL can hold them.
int IntegerDigits(TypeKind kind) {
  switch (kind) {
    case TypeKind::kTinyint:
      return 3;
    case TypeKind::kSmallint:
      return 5;
    case TypeKind::kInteger:
      return 10;
    default:
      return kMaxDecimalDigits;
  }
}

Type CommonNumber(const Type& a, const Type& b) {
  if (a.IsFloating() || b.IsFloating()) {
    return a.kind == TypeKind::kReal && b.kind == TypeKind::kReal ? a : Type{TypeKind::kDouble};
  }
  if (a.IsInteger() && b.IsInteger()) {
    return Type{std::max(a.kind, b.kind)};
  }
  const Type left = AsDecimal(a);
  const Type right = AsDecimal(b);
  const int scale = std::max(left.scale, right.scale);
  const int whole = std::max(left.precision - left.scale, right.precision - right.scale);
  return DecimalType(whole + scale, scale);
}

/// The literal converted to `type` where that changes nothing of its value.
std::optional<model::Value> ConvertLiteral(const Expression& literal, const Type& type) {
  if (model::IsNull(literal.literal)) {
    return literal.literal;
  }
  const auto* number = std::get_if<int64_t>(&literal.literal);
  if (number == nullptr || !literal.type.IsNumeric()) {
    return std::nullopt;
  }
  const int from_scale = literal.type.scale;
  if (type.IsInteger() && from_scale == 0) {
    if (*number >= model::MinOf(type.kind) && *number <= model::MaxOf(type.kind)) {
      return literal.literal;
    }
    return std::nullopt;
  }
  if (type.kind == TypeKind::kDecimal && type.scale >= from_scale) {
    int64_t scaled = 0;
    const int64_t limit = model::PowerOfTen(type.precision);
    if (!__builtin_mul_overflow(*number, model::PowerOfTen(type.scale - from_scale), &scaled) &&
        scaled < limit && scaled > -limit) {
      return scaled;
    }
    return std::nullopt;
  }
  constexpr int64_t kMaxExactDouble = int64_t{1} << 53;
  if (type.kind == TypeKind::kDouble && from_scale == 0 && *number <= kMaxExactDouble &&
      *number >= -kMaxExactDouble) {
    return static_cast<double>(*number);
  }
  return std::nullopt;
}

}  // namespace

Type DecimalType(int precision, int scale) {
  return Type{TypeKind::kDecimal, std::clamp(precision, 1, kMaxDecimalDigits), scale};
}

Type TextType(int64_t length) {
  return Type{TypeKind::kVarchar, static_cast<int>(std::clamp<int64_t>(length, 1, kMaxTextBytes))};
}

Type AsDecimal(const Type& type) {
  return type.kind == TypeKind::kDecimal ? type : DecimalType(IntegerDigits(type.kind), 0);
}

std::optional<Type> CommonType(const Type& a, const Type& b) {
  if (a.kind == TypeKind::kNull || a == b) {
    return b;
  }
  if (b.kind == TypeKind::kNull) {
    return a;
  }
  if (a.IsNumeric() && b.IsNumeric()) {
    return CommonNumber(a, b);
  }
  if (a.IsString() && b.IsString()) {
    return TextType(std::max(a.precision, b.precision));
  }
  if (a.kind == TypeKind::kVarbinary && b.kind == TypeKind::kVarbinary) {
    return a.precision > b.precision ? a : b;
  }
  const bool dates = (a.kind == TypeKind::kDate || a.kind == TypeKind::kTimestamp) &&
                     (b.kind == TypeKind::kDate || b.kind == TypeKind::kTimestamp);
  if (dates) {
    return Type{TypeKind::kTimestamp};
  }
  return std::nullopt;
}

bool CanCast(const Type& from, const Type& to) {
  if (from.kind == TypeKind::kNull || from.kind == to.kind) {
    return true;
  }
  if (from.kind == TypeKind::kVarbinary || to.kind == TypeKind::kVarbinary ||
      from.kind == TypeKind::kInterval || to.kind == TypeKind::kInterval) {
    return false;
  }
  if (from.IsString() || to.IsString() || (from.IsNumeric() && to.IsNumeric())) {
    return true;
  }
  return (from.kind == TypeKind::kDate && to.kind == TypeKind::kTimestamp) ||
         (from.kind == TypeKind::kTimestamp &&
          (to.kind == TypeKind::kDate || to.kind == TypeKind::kTime));
}

bool CanAssign(const Type& from, const Type& to) {
  if (from.kind == TypeKind::kNull || (from.kind == to.kind && from.kind != TypeKind::kInterval)) {
    return true;
  }
  return (from.IsNumeric() && to.IsNumeric()) || (from.IsString() && to.IsString()) ||
         (from.kind == TypeKind::kDate && to.kind == TypeKind::kTimestamp);
}

Expression CastTo(Expression expression, const Type& type) {
  if (expression.type == type) {
    return expression;
  }
  if (expression.kind == Expression::Kind::kLiteral) {
    std::optional<model::Value> value = ConvertLiteral(expression, type);
    if (value) {
      return LiteralOf(std::move(*value), type);
    }
  }
  Expression cast;
  cast.kind = Expression::Kind::kCast;
  cast.type = type;
  cast.arguments.push_back(std::move(expression));
  return cast;
}

Expression Convert(Expression expression, const Type& type) {
  if (expression.type.IsString() && type.IsString()) {
    return expression;
  }
  return CastTo(std::move(expression), type);
}

Expression LiteralOf(model::Value value, const Type& type) {
  Expression literal;
  literal.kind = Expression::Kind::kLiteral;
  literal.type = type;
  literal.literal = std::move(value);
  return literal;
}

Expression CallOf(Function function, const Type& type, std::vector<Expression> arguments) {
  Expression call;
  call.kind = Expression::Kind::kCall;
  call.type = type;
  call.function = function;
  call.arguments = std::move(arguments);
  return call;
}

}  // namespace weir::sql
