#include "sql/plan.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/check.h"
#include "sql/literals.h"

namespace weir::sql {
namespace {

using model::TypeKind;

struct NamedFunction {
  Function function;
  std::string_view name;
};

constexpr NamedFunction kInfix[] = {
    {Function::kEqual, "="},
    {Function::kNotEqual, "<>"},
    {Function::kLess, "<"},
    {Function::kLessEqual, "<="},
    {Function::kGreater, ">"},
    {Function::kGreaterEqual, ">="},
    {Function::kIsDistinctFrom, "IS DISTINCT FROM"},
    {Function::kIsNotDistinctFrom, "IS NOT DISTINCT FROM"},
    {Function::kAnd, "AND"},
    {Function::kOr, "OR"},
    {Function::kAdd, "+"},
    {Function::kSubtract, "-"},
    {Function::kMultiply, "*"},
    {Function::kDivide, "/"},
    {Function::kTimestampAddInterval, "+"},
    {Function::kTimestampSubtractInterval, "-"},
    {Function::kTimestampDifference, "-"},
    {Function::kConcat, "||"},
};

constexpr NamedFunction kPostfix[] = {
    {Function::kIsNull, "IS NULL"},   {Function::kIsNotNull, "IS NOT NULL"},
    {Function::kIsTrue, "IS TRUE"},   {Function::kIsNotTrue, "IS NOT TRUE"},
    {Function::kIsFalse, "IS FALSE"}, {Function::kIsNotFalse, "IS NOT FALSE"},
};

constexpr NamedFunction kNamed[] = {
    {Function::kNot, "NOT"},
    {Function::kLike, "LIKE"},
    {Function::kSimilarTo, "SIMILAR_TO"},
    {Function::kModulo, "MOD"},
    {Function::kNegate, "NEGATE"},
    {Function::kAbs, "ABS"},
    {Function::kCeil, "CEIL"},
    {Function::kFloor, "FLOOR"},
    {Function::kExp, "EXP"},
    {Function::kLn, "LN"},
    {Function::kLog10, "LOG10"},
    {Function::kPower, "POWER"},
    {Function::kSqrt, "SQRT"},
    {Function::kTimestampDiffMillis, "TSDIFF"},
    {Function::kUnixTimestamp, "UNIX_TIMESTAMP"},
    {Function::kToTimestamp, "TO_TIMESTAMP"},
    {Function::kTimestampToChar, "TIMESTAMP_TO_CHAR"},
    {Function::kCharToTimestamp, "CHAR_TO_TIMESTAMP"},
    {Function::kLower, "LOWER"},
    {Function::kUpper, "UPPER"},
    {Function::kInitcap, "INITCAP"},
    {Function::kCharLength, "CHAR_LENGTH"},
    {Function::kSubstring, "SUBSTRING"},
    {Function::kPosition, "POSITION"},
    {Function::kTrimBoth, "TRIM_BOTH"},
    {Function::kTrimLeading, "TRIM_LEADING"},
    {Function::kTrimTrailing, "TRIM_TRAILING"},
    {Function::kOverlay, "OVERLAY"},
    {Function::kRegexReplace, "REGEX_REPLACE"},
    {Function::kCoalesce, "COALESCE"},
    {Function::kNullif, "NULLIF"},
};

template <size_t N>
std::string_view NameIn(const NamedFunction (&names)[N], Function function) {
  const auto* found =
      std::find_if(std::begin(names), std::end(names),
                   [&](const NamedFunction& entry) { return entry.function == function; });
  return found == std::end(names) ? std::string_view() : found->name;
}

std::string Quoted(std::string_view text, char quote) {
  std::string quoted(1, quote);
  for (const char c : text) {
    quoted.append(c == quote ? 2 : 1, c);
  }
  return quoted + quote;
}

std::string ShowLiteral(const model::Value& value, const model::Type& type) {
  if (model::IsNull(value)) {
    return "NULL";
  }
  switch (type.kind) {
    case TypeKind::kChar:
    case TypeKind::kVarchar:
      return Quoted(std::get<std::string>(value), '\'');
    case TypeKind::kDate:
    case TypeKind::kTime:
    case TypeKind::kTimestamp:
      return fmt::format("{} '{}'", type.ToString(), model::FormatValue(value, type));
    case TypeKind::kInterval:
      return fmt::format("INTERVAL {} ms", std::get<int64_t>(value));
    default:
      return model::FormatValue(value, type);
  }
}

std::string Joined(const std::vector<Expression>& arguments) {
  std::string text;
  for (const Expression& argument : arguments) {
    text += (text.empty() ? "" : ", ") + argument.ToString();
  }
  return text;
}

std::string_view UnitOf(const Expression& literal) {
  return UnitName(static_cast<TimeUnit>(std::get<int64_t>(literal.literal)));
}

std::string ShowCase(const std::vector<Expression>& arguments) {
  std::string text = "CASE";
  for (size_t i = 0; i + 1 < arguments.size(); i += 2) {
    text += fmt::format(" WHEN {} THEN {}", arguments[i].ToString(), arguments[i + 1].ToString());
  }
  return text + fmt::format(" ELSE {} END", arguments.back().ToString());
}

std::string ShowCall(Function function, const std::vector<Expression>& arguments) {
  if (const std::string_view infix = NameIn(kInfix, function); !infix.empty()) {
    return fmt::format("({} {} {})", arguments[0].ToString(), infix, arguments[1].ToString());
  }
  if (const std::string_view postfix = NameIn(kPostfix, function); !postfix.empty()) {
    return fmt::format("({} {})", arguments[0].ToString(), postfix);
  }
  switch (function) {
    case Function::kFloorTo:
    case Function::kCeilTo:
      return fmt::format("{}({} TO {})", function == Function::kFloorTo ? "FLOOR" : "CEIL",
                         arguments[0].ToString(), UnitOf(arguments[1]));
    case Function::kStep:
      return fmt::format("STEP({} BY {})", arguments[0].ToString(), arguments[1].ToString());
    case Function::kExtract:
      return fmt::format("EXTRACT({} FROM {})", UnitOf(arguments[0]), arguments[1].ToString());
    case Function::kCase:
      return ShowCase(arguments);
    default:
      break;
  }
  const std::string_view name = NameIn(kNamed, function);
  CHECK_NOTE(!name.empty(), "every function prints itself");
  return fmt::format("{}({})", name, Joined(arguments));
}

std::string ShowWindow(const Window& window) {
  switch (window.kind) {
    case WindowKind::kNone:
      break;
    case WindowKind::kStagger:
      return fmt::format("  window stagger, range {} ms\n", window.range_millis);
    case WindowKind::kTumbling:
      return window.step_millis > 0 ? fmt::format("  window tumbling by ${}, {} ms\n",
                                                  window.time_key, window.step_millis)
                                    : fmt::format("  window tumbling by ${}, 1 {}\n",
                                                  window.time_key, UnitName(window.unit));
  }
  return "";
}

std::string ShowPump(const PumpPlan& pump, const model::Schema* target) {
  const SelectPlan& select = pump.select;
  std::string text = fmt::format("pump {} from {} into {}\n", Quoted(pump.name, '"'),
                                 Quoted(select.source, '"'), Quoted(pump.target, '"'));
  if (select.where) {
    text += fmt::format("  where {}\n", select.where->ToString());
  }
  text += ShowWindow(select.window);
  for (size_t i = 0; i < select.keys.size(); ++i) {
    text += fmt::format("  ${} key {}\n", i, select.keys[i].ToString());
  }
  for (size_t i = 0; i < select.aggregates.size(); ++i) {
    text += fmt::format("  ${} {}\n", select.keys.size() + i, select.aggregates[i].ToString());
  }
  if (select.having) {
    text += fmt::format("  having {}\n", select.having->ToString());
  }
  for (size_t i = 0; i < select.outputs.size(); ++i) {
    const std::string name = target != nullptr ? Quoted((*target)[i].name, '"') : "";
    text += fmt::format("  {} = {}\n", name, select.outputs[i].ToString());
  }
  if (select.rowtime) {
    text += fmt::format("  ROWTIME = {}\n", select.rowtime->ToString());
  }
  return text;
}

}  // namespace

std::string Expression::ToString() const {
  switch (kind) {
    case Kind::kColumn:
      return column_name.empty() ? fmt::format("${}", column) : Quoted(column_name, '"');
    case Kind::kRowtime:
      return "ROWTIME";
    case Kind::kLiteral:
      return ShowLiteral(literal, type);
    case Kind::kCall:
      return ShowCall(function, arguments);
    case Kind::kCast:
      break;
  }
  return fmt::format("CAST({} AS {})", arguments[0].ToString(), type.ToString());
}

std::string Aggregate::ToString() const {
  std::string_view name;
  switch (function) {
    case AggregateFunction::kCountStar:
      return "COUNT(*)";
    case AggregateFunction::kCount:
      name = "COUNT";
      break;
    case AggregateFunction::kSum:
      name = "SUM";
      break;
    case AggregateFunction::kMin:
      name = "MIN";
      break;
    case AggregateFunction::kMax:
      name = "MAX";
      break;
    case AggregateFunction::kAvg:
      name = "AVG";
      break;
    case AggregateFunction::kFirstValue:
      name = "FIRST_VALUE";
      break;
    case AggregateFunction::kLastValue:
      name = "LAST_VALUE";
      break;
  }
  return fmt::format("{}({}{})", name, distinct ? "DISTINCT " : "",
                     argument ? argument->ToString() : "");
}

const model::Schema* Program::FindStream(std::string_view name) const {
  for (const StreamPlan& stream : streams) {
    if (stream.name == name) {
      return &stream.schema;
    }
  }
  return nullptr;
}

std::string Program::ToString() const {
  std::string text;
  for (const StreamPlan& stream : streams) {
    text += fmt::format("stream {}\n", Quoted(stream.name, '"'));
    for (const model::Field& field : stream.schema) {
      text += fmt::format("  {} {}{}\n", Quoted(field.name, '"'), field.type.ToString(),
                          field.nullable ? "" : " NOT NULL");
    }
  }
  for (const PumpPlan& pump : pumps) {
    text += ShowPump(pump, FindStream(pump.target));
  }
  return text;
}

}  // namespace weir::sql
