#include <algorithm>
#include <optional>
#include <utility>

#include "sql/coercion.h"
#include "sql/expression_binder.h"
#include "sql/literals.h"

/// The part of ExpressionBinder that types operators and SQL's special forms.

namespace weir::sql {
namespace {

using model::Type;
using model::TypeKind;

constexpr Type kBooleanType{TypeKind::kBoolean};

bool IsTimestampLike(const Type& type) {
  return type.kind == TypeKind::kTimestamp || type.kind == TypeKind::kDate;
}

std::optional<Function> ComparisonNamed(std::string_view name) {
  static constexpr std::pair<std::string_view, Function> kComparisons[] = {
      {"=", Function::kEqual},
      {"<>", Function::kNotEqual},
      {"<", Function::kLess},
      {"<=", Function::kLessEqual},
      {">", Function::kGreater},
      {">=", Function::kGreaterEqual},
      {"IS DISTINCT FROM", Function::kIsDistinctFrom},
      {"IS NOT DISTINCT FROM", Function::kIsNotDistinctFrom},
  };
  for (const auto& [word, function] : kComparisons) {
    if (word == name) {
      return function;
    }
  }
  return std::nullopt;
}

template <typename... Expressions>
std::vector<Expression> ListOf(Expressions... expressions) {
  std::vector<Expression> list;
  list.reserve(sizeof...(expressions));
  (list.push_back(std::move(expressions)), ...);
  return list;
}

/// Joins conditions with OR as a balanced tree, in order.
Expression JoinOr(std::vector<Expression> conditions) {
  while (conditions.size() > 1) {
    std::vector<Expression> joined;
    for (size_t i = 0; i < conditions.size(); i += 2) {
      if (i + 1 == conditions.size()) {
        joined.push_back(std::move(conditions[i]));
      } else {
        joined.push_back(CallOf(Function::kOr, kBooleanType,
                                ListOf(std::move(conditions[i]), std::move(conditions[i + 1]))));
      }
    }
    conditions = std::move(joined);
  }
  return std::move(conditions[0]);
}

/// Results of integer arithmetic have at least the range of INTEGER.
Type AtLeastInteger(const Type& type) {
  return type.IsInteger() && type.kind < TypeKind::kInteger ? Type{TypeKind::kInteger} : type;
}

}  // namespace

base::Result<Expression> ExpressionBinder::BindOperator(const ExpressionNode& node,
                                                        Arguments arguments) {
  const std::string& name = node.name;
  const std::optional<Function> comparison = ComparisonNamed(name);
  if (comparison) {
    return BindComparison(node, *comparison, std::move(arguments[0]), std::move(arguments[1]));
  }
  using Method = Result (ExpressionBinder::*)(const ExpressionNode&, Arguments);
  static constexpr std::pair<std::string_view, Method> kForms[] = {
      {"AND", &ExpressionBinder::BindLogic},
      {"OR", &ExpressionBinder::BindLogic},
      {"NOT", &ExpressionBinder::BindLogic},
      {"IS NULL", &ExpressionBinder::BindTruth},
      {"IS NOT NULL", &ExpressionBinder::BindTruth},
      {"IS TRUE", &ExpressionBinder::BindTruth},
      {"IS NOT TRUE", &ExpressionBinder::BindTruth},
      {"IS FALSE", &ExpressionBinder::BindTruth},
      {"IS NOT FALSE", &ExpressionBinder::BindTruth},
      {"BETWEEN", &ExpressionBinder::BindBetween},
      {"IN", &ExpressionBinder::BindIn},
      {"LIKE", &ExpressionBinder::BindPattern},
      {"SIMILAR TO", &ExpressionBinder::BindPattern},
      {"CASE", &ExpressionBinder::BindCase},
      {"CASE OF", &ExpressionBinder::BindSimpleCase},
      {"COALESCE", &ExpressionBinder::BindCoalesce},
      {"NULLIF", &ExpressionBinder::BindNullif},
      {"||", &ExpressionBinder::BindConcat},
      {"+", &ExpressionBinder::BindArithmetic},
      {"-", &ExpressionBinder::BindArithmetic},
      {"*", &ExpressionBinder::BindArithmetic},
      {"/", &ExpressionBinder::BindArithmetic},
      {"UNARY -", &ExpressionBinder::BindNegate},
      {"INTERVAL DIFFERENCE", &ExpressionBinder::BindIntervalDifference},
  };
  for (const auto& [form, method] : kForms) {
    if (form == name) {
      return (this->*method)(node, std::move(arguments));
    }
  }
  return BindFunction(node, std::move(arguments));
}

base::Result<Expression> ExpressionBinder::BindComparison(const ExpressionNode& node,
                                                          Function function, Expression left,
                                                          Expression right) {
  const std::optional<Type> common = CommonType(left.type, right.type);
  if (!common) {
    const bool text = left.type.IsString() || right.type.IsString();
    const Type& other = left.type.IsString() ? right.type : left.type;
    const bool literal = (left.type.IsString() ? left : right).kind == Expression::Kind::kLiteral;
    std::string remedy = "convert one side with CAST";
    if (text && literal &&
        (other.kind == TypeKind::kTimestamp || other.kind == TypeKind::kDate ||
         other.kind == TypeKind::kTime)) {
      remedy = fmt::format("write the literal as {} '...'", other.ToString());
    } else if (text && literal && other.IsNumeric()) {
      remedy = "write the number without quotes";
    } else if (text) {
      remedy =
          fmt::format("text is never converted by itself; write CAST(... AS {})", other.ToString());
    }
    return source_.Fail(node.position, "cannot compare {} with {}; {}", left.type.ToString(),
                        right.type.ToString(), remedy);
  }
  const Type& type = common->kind == TypeKind::kNull ? kBooleanType : *common;
  return CallOf(function, kBooleanType,
                ListOf(Convert(std::move(left), type), Convert(std::move(right), type)));
}

base::Result<void> ExpressionBinder::ExpectBoolean(const ExpressionNode& node, Arguments& arguments,
                                                   size_t index) {
  Expression& argument = arguments[index];
  if (argument.type.kind == TypeKind::kNull) {
    argument = CastTo(std::move(argument), kBooleanType);
  }
  if (argument.type.kind != TypeKind::kBoolean) {
    return source_.Fail(node.arguments[index].position, "{} needs a condition (BOOLEAN), not {}",
                        node.name, argument.type.ToString());
  }
  return {};
}

base::Result<Expression> ExpressionBinder::BindLogic(const ExpressionNode& node,
                                                     Arguments arguments) {
  for (size_t i = 0; i < arguments.size(); ++i) {
    RETURN_IF_ERROR(ExpectBoolean(node, arguments, i));
  }
  const Function function = node.name == "AND"  ? Function::kAnd
                            : node.name == "OR" ? Function::kOr
                                                : Function::kNot;
  return CallOf(function, kBooleanType, std::move(arguments));
}

base::Result<Expression> ExpressionBinder::BindTruth(const ExpressionNode& node,
                                                     Arguments arguments) {
  static constexpr std::pair<std::string_view, Function> kTests[] = {
      {"IS NULL", Function::kIsNull},   {"IS NOT NULL", Function::kIsNotNull},
      {"IS TRUE", Function::kIsTrue},   {"IS NOT TRUE", Function::kIsNotTrue},
      {"IS FALSE", Function::kIsFalse}, {"IS NOT FALSE", Function::kIsNotFalse}};
  const auto* test = std::find_if(std::begin(kTests), std::end(kTests),
                                  [&](const auto& entry) { return entry.first == node.name; });
  const bool null_test = test->second == Function::kIsNull || test->second == Function::kIsNotNull;
  if (!null_test || arguments[0].type.kind == TypeKind::kNull) {
    RETURN_IF_ERROR(ExpectBoolean(node, arguments, 0));
  }
  return CallOf(test->second, kBooleanType, std::move(arguments));
}

base::Result<Expression> ExpressionBinder::BindBetween(const ExpressionNode& node,
                                                       Arguments arguments) {
  ASSIGN_OR_RETURN(Expression again, Duplicate(arguments[0], node.position));
  ASSIGN_OR_RETURN(Expression low,
                   BindComparison(node, Function::kGreaterEqual, std::move(arguments[0]),
                                  std::move(arguments[1])));
  ASSIGN_OR_RETURN(Expression high, BindComparison(node, Function::kLessEqual, std::move(again),
                                                   std::move(arguments[2])));
  return CallOf(Function::kAnd, kBooleanType, ListOf(std::move(low), std::move(high)));
}

base::Result<Expression> ExpressionBinder::BindIn(const ExpressionNode& node, Arguments arguments) {
  std::vector<Expression> conditions;
  for (size_t i = 1; i < arguments.size(); ++i) {
    ASSIGN_OR_RETURN(Expression operand, Duplicate(arguments[0], node.position));
    ASSIGN_OR_RETURN(Expression equal, BindComparison(node, Function::kEqual, std::move(operand),
                                                      std::move(arguments[i])));
    conditions.push_back(std::move(equal));
  }
  return JoinOr(std::move(conditions));
}

base::Result<Expression> ExpressionBinder::BindCase(const ExpressionNode& node,
                                                    Arguments arguments) {
  Type type{TypeKind::kNull};
  const size_t otherwise = arguments.size() - 1;
  for (size_t i = 0; i < arguments.size(); ++i) {
    if (i % 2 == 0 && i != otherwise) {
      RETURN_IF_ERROR(ExpectBoolean(node, arguments, i));
      continue;
    }
    const std::optional<Type> common = CommonType(type, arguments[i].type);
    if (!common) {
      return source_.Fail(node.position,
                          "the values of this CASE are {} and {}; convert one with CAST",
                          type.ToString(), arguments[i].type.ToString());
    }
    type = *common;
  }
  if (type.kind == TypeKind::kNull) {
    return source_.Fail(node.position, "every value of this CASE is NULL; write CAST(NULL AS ...)");
  }
  for (size_t i = 0; i < arguments.size(); ++i) {
    if (i % 2 == 1 || i == otherwise) {
      arguments[i] = Convert(std::move(arguments[i]), type);
    }
  }
  return CallOf(Function::kCase, type, std::move(arguments));
}

base::Result<Expression> ExpressionBinder::BindSimpleCase(const ExpressionNode& node,
                                                          Arguments arguments) {
  Arguments searched;
  for (size_t i = 1; i + 1 < arguments.size(); i += 2) {
    ASSIGN_OR_RETURN(Expression operand, Duplicate(arguments[0], node.position));
    ASSIGN_OR_RETURN(Expression equal, BindComparison(node, Function::kEqual, std::move(operand),
                                                      std::move(arguments[i])));
    searched.push_back(std::move(equal));
    searched.push_back(std::move(arguments[i + 1]));
  }
  searched.push_back(std::move(arguments.back()));
  return BindCase(node, std::move(searched));
}

base::Result<Expression> ExpressionBinder::BindCoalesce(const ExpressionNode& node,
                                                        Arguments arguments) {
  RETURN_IF_ERROR(ExpectCount(node, 1, SIZE_MAX));
  Type type{TypeKind::kNull};
  for (size_t i = 0; i < arguments.size(); ++i) {
    const std::optional<Type> common = CommonType(type, arguments[i].type);
    if (!common) {
      return source_.Fail(node.arguments[i].position,
                          "COALESCE of {} and {} has no type; convert one with CAST",
                          type.ToString(), arguments[i].type.ToString());
    }
    type = *common;
  }
  if (type.kind == TypeKind::kNull) {
    return source_.Fail(node.position,
                        "every argument of COALESCE is NULL; write CAST(NULL AS ...)");
  }
  for (Expression& argument : arguments) {
    argument = Convert(std::move(argument), type);
  }
  if (arguments.size() == 1) {
    return std::move(arguments[0]);
  }
  return CallOf(Function::kCoalesce, type, std::move(arguments));
}

base::Result<Expression> ExpressionBinder::BindNullif(const ExpressionNode& node,
                                                      Arguments arguments) {
  RETURN_IF_ERROR(ExpectCount(node, 2, 2));
  if (arguments[0].type.kind == TypeKind::kNull) {
    return source_.Fail(node.position,
                        "NULLIF of a bare NULL has no type; write CAST(NULL AS ...)");
  }
  const Type type = arguments[0].type;
  const std::optional<Type> common = CommonType(type, arguments[1].type);
  const bool same = common && (*common == type || type.IsString());
  if (same) {
    Expression other = Convert(std::move(arguments[1]), type);
    return CallOf(Function::kNullif, type, ListOf(std::move(arguments[0]), std::move(other)));
  }
  // The comparison needs a wider type than the result has.
  ASSIGN_OR_RETURN(Expression again, Duplicate(arguments[0], node.position));
  ASSIGN_OR_RETURN(Expression equal, BindComparison(node, Function::kEqual, std::move(again),
                                                    std::move(arguments[1])));
  return CallOf(
      Function::kCase, type,
      ListOf(std::move(equal), LiteralOf(std::monostate(), type), std::move(arguments[0])));
}

base::Result<Expression> ExpressionBinder::BindPattern(const ExpressionNode& node,
                                                       Arguments arguments) {
  for (size_t i = 0; i < arguments.size(); ++i) {
    RETURN_IF_ERROR(ExpectText(node, arguments, i));
  }
  const bool like = node.name == "LIKE";
  if (!like) {
    RETURN_IF_ERROR(ExpectLiteralText(node, arguments, 1, "pattern"));
  }
  if (arguments.size() == 3) {
    RETURN_IF_ERROR(ExpectLiteralText(node, arguments, 2, "escape character"));
    if (CountCharacters(std::get<std::string>(arguments[2].literal)) != 1) {
      return source_.Fail(node.arguments[2].position, "ESCAPE needs one character");
    }
  }
  return CallOf(like ? Function::kLike : Function::kSimilarTo, kBooleanType, std::move(arguments));
}

base::Result<Expression> ExpressionBinder::BindConcat(const ExpressionNode& node,
                                                      Arguments arguments) {
  RETURN_IF_ERROR(ExpectText(node, arguments, 0));
  RETURN_IF_ERROR(ExpectText(node, arguments, 1));
  const Type type =
      TextType(int64_t{arguments[0].type.precision} + int64_t{arguments[1].type.precision});
  return CallOf(Function::kConcat, type, std::move(arguments));
}

base::Result<Expression> ExpressionBinder::BindArithmetic(const ExpressionNode& node,
                                                          Arguments arguments) {
  Type& left = arguments[0].type;
  Type& right = arguments[1].type;
  const auto is_time = [](const Type& type) {
    return type.kind >= TypeKind::kDate && type.kind <= TypeKind::kInterval;
  };
  if (is_time(left) || is_time(right)) {
    return BindTimeArithmetic(node, std::move(arguments));
  }
  for (size_t i = 0; i < 2; ++i) {
    const Type& type = arguments[i].type;
    if (!type.IsNumeric() && type.kind != TypeKind::kNull) {
      return source_.Fail(node.arguments[i].position, "{} needs numbers, not {}{}", node.name,
                          type.ToString(),
                          type.IsString() ? "; convert with CAST, or join text with ||" : "");
    }
  }
  Type common = *CommonType(left, right);
  if (common.kind == TypeKind::kNull) {
    common = Type{TypeKind::kInteger};
  }
  const Function function = node.name == "+"   ? Function::kAdd
                            : node.name == "-" ? Function::kSubtract
                            : node.name == "*" ? Function::kMultiply
                                               : Function::kDivide;
  if (common.kind == TypeKind::kDecimal) {
    return BindDecimal(node, function, std::move(arguments));
  }
  const Type type = AtLeastInteger(common);
  return CallOf(
      function, type,
      ListOf(CastTo(std::move(arguments[0]), type), CastTo(std::move(arguments[1]), type)));
}

base::Result<Expression> ExpressionBinder::BindDecimal(const ExpressionNode& node,
                                                       Function function, Arguments arguments) {
  for (size_t i = 0; i < 2; ++i) {
    if (arguments[i].type.kind == TypeKind::kNull) {
      arguments[i] = CastTo(std::move(arguments[i]), arguments[1 - i].type);
    }
  }
  const Type left = AsDecimal(arguments[0].type);
  const Type right = AsDecimal(arguments[1].type);
  if (function == Function::kMultiply) {
    const int scale = left.scale + right.scale;
    if (scale > kMaxDecimalDigits) {
      return source_.Fail(
          node.position,
          "{} * {} needs {} digits behind the point, and DECIMAL has {}; CAST one side to "
          "fewer digits or to DOUBLE",
          left.ToString(), right.ToString(), scale, kMaxDecimalDigits);
    }
    const Type type = DecimalType(left.precision + right.precision, scale);
    return CallOf(
        function, type,
        ListOf(CastTo(std::move(arguments[0]), left), CastTo(std::move(arguments[1]), right)));
  }
  Type type;
  if (function == Function::kDivide) {
    constexpr int kLeastQuotientScale = 6;
    type = DecimalType(kMaxDecimalDigits, std::max({left.scale, right.scale, kLeastQuotientScale}));
  } else {
    const int scale = std::max(left.scale, right.scale);
    const int whole = std::max(left.precision - left.scale, right.precision - right.scale);
    type = DecimalType(whole + scale + 1, scale);
  }
  return CallOf(
      function, type,
      ListOf(CastTo(std::move(arguments[0]), type), CastTo(std::move(arguments[1]), type)));
}

base::Result<Expression> ExpressionBinder::BindTimeArithmetic(const ExpressionNode& node,
                                                              Arguments arguments) {
  const Type timestamp{TypeKind::kTimestamp};
  const Type interval{TypeKind::kInterval};
  const Type& left = arguments[0].type;
  const Type& right = arguments[1].type;
  const bool plus = node.name == "+";
  const bool minus = node.name == "-";
  if ((plus || minus) && IsTimestampLike(left) && right == interval) {
    return CallOf(plus ? Function::kTimestampAddInterval : Function::kTimestampSubtractInterval,
                  timestamp,
                  ListOf(CastTo(std::move(arguments[0]), timestamp), std::move(arguments[1])));
  }
  if (plus && left == interval && IsTimestampLike(right)) {
    return CallOf(Function::kTimestampAddInterval, timestamp,
                  ListOf(CastTo(std::move(arguments[1]), timestamp), std::move(arguments[0])));
  }
  if (minus && IsTimestampLike(left) && IsTimestampLike(right)) {
    return CallOf(Function::kTimestampDifference, interval,
                  ListOf(CastTo(std::move(arguments[0]), timestamp),
                         CastTo(std::move(arguments[1]), timestamp)));
  }
  if ((plus || minus) && left == interval && right == interval) {
    return CallOf(plus ? Function::kAdd : Function::kSubtract, interval, std::move(arguments));
  }
  if (left == interval || right == interval) {
    return source_.Fail(
        node.position,
        "{} {} {} is not supported; for windows of 10 seconds write STEP(\"S\".ROWTIME BY "
        "INTERVAL '10' SECOND), for a number of seconds CAST((b - a) SECOND AS BIGINT)",
        left.ToString(), node.name, right.ToString());
  }
  return source_.Fail(
      node.position,
      "{} {} {} has no meaning; to a time add an interval, as in + INTERVAL '1' MINUTE",
      left.ToString(), node.name, right.ToString());
}

base::Result<Expression> ExpressionBinder::BindNegate(const ExpressionNode& node,
                                                      Arguments arguments) {
  Expression& argument = arguments[0];
  const bool interval = argument.type.kind == TypeKind::kInterval;
  if (!argument.type.IsNumeric() && !interval) {
    return source_.Fail(node.position, "- needs a number or an interval, not {}",
                        argument.type.ToString());
  }
  if (interval && argument.kind == Expression::Kind::kLiteral) {
    return LiteralOf(-std::get<int64_t>(argument.literal), argument.type);
  }
  const Type type = AtLeastInteger(argument.type);
  argument = CastTo(std::move(argument), type);
  return CallOf(Function::kNegate, type, std::move(arguments));
}

base::Result<Expression> ExpressionBinder::BindIntervalDifference(const ExpressionNode& node,
                                                                  Arguments arguments) {
  if (!IsTimestampLike(arguments[0].type) || !IsTimestampLike(arguments[1].type)) {
    return source_.Fail(node.position, "(a - b) {} needs two timestamps, not {} and {}",
                        UnitName(*node.unit), arguments[0].type.ToString(),
                        arguments[1].type.ToString());
  }
  ExpressionNode difference;
  difference.position = node.position;
  difference.name = "-";
  return BindTimeArithmetic(difference, std::move(arguments));
}

}  // namespace weir::sql
