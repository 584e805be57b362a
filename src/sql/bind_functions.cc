#include <algorithm>

#include "sql/coercion.h"
#include "sql/expression_binder.h"
#include "sql/literals.h"

/// The part of ExpressionBinder that types named functions.

namespace weir::sql {
namespace {

using model::Type;
using model::TypeKind;

enum class Rule : uint8_t { kNumeric, kFloating, kFloorTo, kStep, kExtract, kTime, kFormat, kText };

struct NamedFunction {
  std::string_view name;
  Function function;
  Rule rule;
  size_t least;
  size_t most;
};

/// Names with a blank are forms that only the parser makes.
constexpr NamedFunction kFunctions[] = {
    {"ABS", Function::kAbs, Rule::kNumeric, 1, 1},
    {"CEIL", Function::kCeil, Rule::kNumeric, 1, 1},
    {"FLOOR", Function::kFloor, Rule::kNumeric, 1, 1},
    {"MOD", Function::kModulo, Rule::kNumeric, 2, 2},
    {"EXP", Function::kExp, Rule::kFloating, 1, 1},
    {"LN", Function::kLn, Rule::kFloating, 1, 1},
    {"LOG10", Function::kLog10, Rule::kFloating, 1, 1},
    {"POWER", Function::kPower, Rule::kFloating, 2, 2},
    {"SQRT", Function::kSqrt, Rule::kFloating, 1, 1},
    {"FLOOR TO", Function::kFloorTo, Rule::kFloorTo, 1, 1},
    {"CEIL TO", Function::kCeilTo, Rule::kFloorTo, 1, 1},
    {"STEP", Function::kStep, Rule::kStep, 2, 2},
    {"EXTRACT", Function::kExtract, Rule::kExtract, 1, 1},
    {"TSDIFF", Function::kTimestampDiffMillis, Rule::kTime, 2, 2},
    {"UNIX_TIMESTAMP", Function::kUnixTimestamp, Rule::kTime, 1, 1},
    {"TO_TIMESTAMP", Function::kToTimestamp, Rule::kTime, 1, 1},
    {"TIMESTAMP_TO_CHAR", Function::kTimestampToChar, Rule::kFormat, 2, 2},
    {"DATE_TO_CHAR", Function::kTimestampToChar, Rule::kFormat, 2, 2},
    {"CHAR_TO_TIMESTAMP", Function::kCharToTimestamp, Rule::kFormat, 2, 2},
    {"CHAR_TO_DATE", Function::kCharToTimestamp, Rule::kFormat, 2, 2},
    {"LOWER", Function::kLower, Rule::kText, 1, 1},
    {"UPPER", Function::kUpper, Rule::kText, 1, 1},
    {"INITCAP", Function::kInitcap, Rule::kText, 1, 1},
    {"CHAR_LENGTH", Function::kCharLength, Rule::kText, 1, 1},
    {"CHARACTER_LENGTH", Function::kCharLength, Rule::kText, 1, 1},
    {"SUBSTRING", Function::kSubstring, Rule::kText, 2, 3},
    {"POSITION", Function::kPosition, Rule::kText, 2, 2},
    {"TRIM BOTH", Function::kTrimBoth, Rule::kText, 2, 2},
    {"TRIM LEADING", Function::kTrimLeading, Rule::kText, 2, 2},
    {"TRIM TRAILING", Function::kTrimTrailing, Rule::kText, 2, 2},
    {"OVERLAY", Function::kOverlay, Rule::kText, 3, 4},
    {"REGEX_REPLACE", Function::kRegexReplace, Rule::kText, 5, 5},
};

/// Functions that the dialect has and this version has not.
constexpr std::string_view kUnsupported[] = {"EXP_AVG",
                                             "STDDEV_POP",
                                             "STDDEV_SAMP",
                                             "VAR_POP",
                                             "VAR_SAMP",
                                             "ANY",
                                             "EVERY",
                                             "NTH_VALUE",
                                             "LAG",
                                             "RANK",
                                             "GROUP_RANK",
                                             "MONOTONIC",
                                             "HOTSPOTS",
                                             "TRANSLATE",
                                             "CONVERT",
                                             "CHAR_TO_TIME",
                                             "TIME_TO_CHAR",
                                             "FIXED_COLUMN_LOG_PARSE",
                                             "VARIABLE_COLUMN_LOG_PARSE",
                                             "REGEX_LOG_PARSE",
                                             "FAST_REGEX_LOG_PARSE",
                                             "SYS_LOG_PARSE",
                                             "W3C_LOG_PARSE",
                                             "RANDOM_CUT_FOREST",
                                             "RANDOM_CUT_FOREST_WITH_EXPLANATION",
                                             "TOP_K_ITEMS_TUMBLING",
                                             "COUNT_DISTINCT_ITEMS_TUMBLING"};

const NamedFunction* FindFunction(std::string_view name) {
  const auto* found = std::find_if(std::begin(kFunctions), std::end(kFunctions),
                                   [&](const NamedFunction& entry) { return entry.name == name; });
  return found == std::end(kFunctions) ? nullptr : found;
}

}  // namespace

base::Result<Expression> ExpressionBinder::BindFunction(const ExpressionNode& node,
                                                        Arguments arguments) {
  const NamedFunction* found = FindFunction(node.name);
  if (found == nullptr) {
    return UnknownFunction(node);
  }
  RETURN_IF_ERROR(ExpectCount(node, found->least, found->most));
  switch (found->rule) {
    case Rule::kNumeric:
      return BindNumeric(node, found->function, std::move(arguments));
    case Rule::kFloating:
      return BindFloating(node, found->function, std::move(arguments));
    case Rule::kFloorTo:
      return BindFloorTo(node, std::move(arguments));
    case Rule::kStep:
      return BindStep(node, std::move(arguments));
    case Rule::kExtract:
      return BindExtract(node, std::move(arguments));
    case Rule::kTime:
      return BindTime(node, std::move(arguments));
    case Rule::kFormat:
      return BindFormat(node, std::move(arguments));
    case Rule::kText:
      break;
  }
  return BindText(node, std::move(arguments));
}

base::Result<Expression> ExpressionBinder::UnknownFunction(const ExpressionNode& node) {
  if (std::find(std::begin(kUnsupported), std::end(kUnsupported), node.name) !=
      std::end(kUnsupported)) {
    return source_.Fail(node.position, "the function {} is not supported yet", node.name);
  }
  std::vector<std::string> names = {"COUNT",  "SUM",         "MIN",        "MAX",
                                    "AVG",    "FIRST_VALUE", "LAST_VALUE", "COALESCE",
                                    "NULLIF", "CAST",        "TRIM"};
  for (const NamedFunction& function : kFunctions) {
    if (function.name.find(' ') == std::string_view::npos) {
      names.emplace_back(function.name);
    }
  }
  std::string hint = DidYouMean(node.name, names);
  hint.erase(std::remove(hint.begin(), hint.end(), '"'), hint.end());
  return source_.Fail(node.position, "no function named {}{}", node.name, hint);
}

base::Result<void> ExpressionBinder::ExpectCount(const ExpressionNode& node, size_t least,
                                                 size_t most) {
  const size_t count = node.arguments.size();
  if (count >= least && count <= most) {
    return {};
  }
  const std::string wanted = least == most      ? fmt::format("{}", least)
                             : most == SIZE_MAX ? fmt::format("at least {}", least)
                                                : fmt::format("{} to {}", least, most);
  return source_.Fail(node.position, "{} takes {} argument{}, not {}", node.name, wanted,
                      wanted == "1" ? "" : "s", count);
}

base::Result<void> ExpressionBinder::ExpectText(const ExpressionNode& node, Arguments& arguments,
                                                size_t index) {
  Expression& argument = arguments[index];
  if (argument.type.kind == TypeKind::kNull) {
    argument = CastTo(std::move(argument), TextType(1));
  }
  if (!argument.type.IsString()) {
    return source_.Fail(node.arguments[index].position,
                        "{} needs text, not {}; convert with CAST(... AS VARCHAR(32))", node.name,
                        argument.type.ToString());
  }
  return {};
}

base::Result<void> ExpressionBinder::ExpectInteger(const ExpressionNode& node, Arguments& arguments,
                                                   size_t index) {
  Expression& argument = arguments[index];
  if (!argument.type.IsInteger() && argument.type.kind != TypeKind::kNull) {
    return source_.Fail(node.arguments[index].position, "{} needs an integer here, not {}",
                        node.name, argument.type.ToString());
  }
  argument = CastTo(std::move(argument), Type{TypeKind::kInteger});
  return {};
}

base::Result<void> ExpressionBinder::ExpectTimestamp(const ExpressionNode& node,
                                                     Arguments& arguments, size_t index) {
  Expression& argument = arguments[index];
  if (argument.type.kind == TypeKind::kInterval) {
    return source_.Fail(node.arguments[index].position,
                        "{} needs a TIMESTAMP, not an INTERVAL; windows of 10 seconds are written "
                        "STEP(\"S\".ROWTIME BY INTERVAL '10' SECOND)",
                        node.name);
  }
  if (argument.type.kind != TypeKind::kTimestamp && argument.type.kind != TypeKind::kDate &&
      argument.type.kind != TypeKind::kNull) {
    return source_.Fail(node.arguments[index].position, "{} needs a TIMESTAMP, not {}{}", node.name,
                        argument.type.ToString(),
                        argument.type.IsString() ? "; convert with CAST(... AS TIMESTAMP)" : "");
  }
  argument = CastTo(std::move(argument), Type{TypeKind::kTimestamp});
  return {};
}

base::Result<void> ExpressionBinder::ExpectLiteralText(const ExpressionNode& node,
                                                       const Arguments& arguments, size_t index,
                                                       std::string_view what) {
  const Expression& argument = arguments[index];
  if (argument.kind != Expression::Kind::kLiteral || model::IsNull(argument.literal)) {
    return source_.Fail(node.arguments[index].position, "the {} of {} must be a text literal", what,
                        node.name);
  }
  return {};
}

base::Result<Expression> ExpressionBinder::BindNumeric(const ExpressionNode& node,
                                                       Function function, Arguments arguments) {
  Type type{TypeKind::kNull};
  for (size_t i = 0; i < arguments.size(); ++i) {
    const Type& argument = arguments[i].type;
    if (!argument.IsNumeric() && argument.kind != TypeKind::kNull) {
      const bool time = argument.kind >= TypeKind::kDate && argument.kind <= TypeKind::kTimestamp;
      return source_.Fail(node.arguments[i].position, "{} needs a number, not {}{}", node.name,
                          argument.ToString(),
                          time ? fmt::format("; for times write {}(x TO MINUTE)", node.name) : "");
    }
    type = *CommonType(type, argument);
  }
  if (type.kind == TypeKind::kNull) {
    type = Type{TypeKind::kInteger};
  }
  for (Expression& argument : arguments) {
    argument = CastTo(std::move(argument), type);
  }
  const bool whole =
      type.IsInteger() && (function == Function::kFloor || function == Function::kCeil);
  if (whole) {
    return std::move(arguments[0]);
  }
  return CallOf(function, type, std::move(arguments));
}

base::Result<Expression> ExpressionBinder::BindFloating(const ExpressionNode& node,
                                                        Function function, Arguments arguments) {
  const Type type{TypeKind::kDouble};
  for (size_t i = 0; i < arguments.size(); ++i) {
    if (!arguments[i].type.IsNumeric() && arguments[i].type.kind != TypeKind::kNull) {
      return source_.Fail(node.arguments[i].position, "{} needs a number, not {}", node.name,
                          arguments[i].type.ToString());
    }
    arguments[i] = CastTo(std::move(arguments[i]), type);
  }
  return CallOf(function, type, std::move(arguments));
}

base::Result<Expression> ExpressionBinder::BindFloorTo(const ExpressionNode& node,
                                                       Arguments arguments) {
  const Type type = arguments[0].type;
  RETURN_IF_ERROR(ExpectTimestamp(node, arguments, 0));
  arguments.push_back(LiteralOf(static_cast<int64_t>(*node.unit), Type{TypeKind::kInteger}));
  Expression call =
      CallOf(FindFunction(node.name)->function, Type{TypeKind::kTimestamp}, std::move(arguments));
  return type.kind == TypeKind::kDate ? CastTo(std::move(call), type) : std::move(call);
}

base::Result<Expression> ExpressionBinder::BindStep(const ExpressionNode& node,
                                                    Arguments arguments) {
  const Expression& length = arguments[1];
  const size_t position = node.arguments[1].position;
  const auto* step = std::get_if<int64_t>(&length.literal);
  if (length.kind != Expression::Kind::kLiteral || step == nullptr || *step <= 0) {
    return source_.Fail(position,
                        "the length of STEP must be a literal greater than zero, such as "
                        "INTERVAL '10' SECOND");
  }
  if (arguments[0].type.IsInteger()) {
    if (!length.type.IsInteger()) {
      return source_.Fail(position, "STEP of an integer goes by an integer, not {}",
                          length.type.ToString());
    }
    const Type type = *CommonType(arguments[0].type, length.type);
    for (Expression& argument : arguments) {
      argument = CastTo(std::move(argument), type);
    }
    return CallOf(Function::kStep, type, std::move(arguments));
  }
  RETURN_IF_ERROR(ExpectTimestamp(node, arguments, 0));
  if (length.type.kind != TypeKind::kInterval) {
    return source_.Fail(position,
                        "STEP of a TIMESTAMP goes by an interval, such as INTERVAL '10' "
                        "SECOND, not {}",
                        length.type.ToString());
  }
  return CallOf(Function::kStep, Type{TypeKind::kTimestamp}, std::move(arguments));
}

base::Result<Expression> ExpressionBinder::BindExtract(const ExpressionNode& node,
                                                       Arguments arguments) {
  RETURN_IF_ERROR(ExpectTimestamp(node, arguments, 0));
  arguments.insert(arguments.begin(),
                   LiteralOf(static_cast<int64_t>(*node.unit), Type{TypeKind::kInteger}));
  return CallOf(Function::kExtract, Type{TypeKind::kBigint}, std::move(arguments));
}

base::Result<Expression> ExpressionBinder::BindTime(const ExpressionNode& node,
                                                    Arguments arguments) {
  const Function function = FindFunction(node.name)->function;
  if (function == Function::kToTimestamp) {
    if (!arguments[0].type.IsInteger() && arguments[0].type.kind != TypeKind::kNull) {
      return source_.Fail(node.arguments[0].position,
                          "TO_TIMESTAMP needs milliseconds since 1970 as an integer, not {}",
                          arguments[0].type.ToString());
    }
    arguments[0] = CastTo(std::move(arguments[0]), Type{TypeKind::kBigint});
    return CallOf(function, Type{TypeKind::kTimestamp}, std::move(arguments));
  }
  for (size_t i = 0; i < arguments.size(); ++i) {
    RETURN_IF_ERROR(ExpectTimestamp(node, arguments, i));
  }
  return CallOf(function, Type{TypeKind::kBigint}, std::move(arguments));
}

base::Result<Expression> ExpressionBinder::BindFormat(const ExpressionNode& node,
                                                      Arguments arguments) {
  RETURN_IF_ERROR(ExpectText(node, arguments, 0));
  RETURN_IF_ERROR(ExpectLiteralText(node, arguments, 0, "format"));
  const Function function = FindFunction(node.name)->function;
  if (function == Function::kTimestampToChar) {
    RETURN_IF_ERROR(ExpectTimestamp(node, arguments, 1));
    constexpr int kFormattedBytes = 256;
    return CallOf(function, TextType(kFormattedBytes), std::move(arguments));
  }
  RETURN_IF_ERROR(ExpectText(node, arguments, 1));
  Expression call = CallOf(function, Type{TypeKind::kTimestamp}, std::move(arguments));
  return node.name == "CHAR_TO_DATE" ? CastTo(std::move(call), Type{TypeKind::kDate})
                                     : std::move(call);
}

base::Result<Expression> ExpressionBinder::BindText(const ExpressionNode& node,
                                                    Arguments arguments) {
  const Function function = FindFunction(node.name)->function;
  // Texts come first, then positions and lengths.
  size_t texts = 1;
  Type type;
  switch (function) {
    case Function::kPosition:
    case Function::kTrimBoth:
    case Function::kTrimLeading:
    case Function::kTrimTrailing:
    case Function::kOverlay:
      texts = 2;
      break;
    case Function::kRegexReplace:
      texts = 3;
      break;
    default:
      break;
  }
  for (size_t i = 0; i < arguments.size(); ++i) {
    if (i < texts) {
      RETURN_IF_ERROR(ExpectText(node, arguments, i));
    } else {
      RETURN_IF_ERROR(ExpectInteger(node, arguments, i));
    }
  }
  switch (function) {
    case Function::kCharLength:
    case Function::kPosition:
      type = Type{TypeKind::kInteger};
      break;
    case Function::kTrimBoth:
    case Function::kTrimLeading:
    case Function::kTrimTrailing:
      type = TextType(arguments[1].type.precision);
      break;
    case Function::kOverlay:
      type = TextType(int64_t{arguments[0].type.precision} + arguments[1].type.precision);
      break;
    case Function::kRegexReplace:
      RETURN_IF_ERROR(ExpectLiteralText(node, arguments, 1, "pattern"));
      type = TextType(kMaxTextBytes);
      break;
    default:
      type = TextType(arguments[0].type.precision);
      break;
  }
  return CallOf(function, type, std::move(arguments));
}

}  // namespace weir::sql
