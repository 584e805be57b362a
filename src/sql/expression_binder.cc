#include "sql/expression_binder.h"

#include <algorithm>
#include <cstdlib>
#include <optional>

#include "sql/coercion.h"
#include "sql/literals.h"

namespace weir::sql {
namespace {

using model::Type;
using model::TypeKind;

std::string LowerCase(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return lower;
}

/// Insertions, deletions, replacements and swaps of neighbours that turn `a` into `b`.
size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<size_t> before(b.size() + 1);
  std::vector<size_t> last(b.size() + 1);
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) {
    last[j] = j;
  }
  for (size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t replace = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, replace});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        row[j] = std::min(row[j], before[j - 2] + 1);
      }
    }
    std::swap(before, last);
    std::swap(last, row);
  }
  return last[b.size()];
}

int64_t CountNodes(const Expression& expression) {
  int64_t count = 1;
  for (const Expression& argument : expression.arguments) {
    count += CountNodes(argument);
  }
  return count;
}

struct NamedAggregate {
  std::string_view name;
  AggregateFunction function;
};

constexpr NamedAggregate kAggregates[] = {
    {"COUNT", AggregateFunction::kCount},
    {"SUM", AggregateFunction::kSum},
    {"MIN", AggregateFunction::kMin},
    {"MAX", AggregateFunction::kMax},
    {"AVG", AggregateFunction::kAvg},
    {"FIRST_VALUE", AggregateFunction::kFirstValue},
    {"LAST_VALUE", AggregateFunction::kLastValue},
};

std::optional<AggregateFunction> AggregateNamed(std::string_view name) {
  for (const NamedAggregate& aggregate : kAggregates) {
    if (aggregate.name == name) {
      return aggregate.function;
    }
  }
  return std::nullopt;
}

Expression ColumnOf(size_t index, const Type& type, std::string name) {
  Expression column;
  column.kind = Expression::Kind::kColumn;
  column.type = type;
  column.column = static_cast<int>(index);
  column.column_name = std::move(name);
  return column;
}

}  // namespace

std::string DidYouMean(std::string_view name, const std::vector<std::string>& candidates) {
  const std::string wanted = LowerCase(name);
  const size_t limit = std::max<size_t>(1, wanted.size() / 3);
  const std::string* best = nullptr;
  size_t best_distance = limit + 1;
  for (const std::string& candidate : candidates) {
    const size_t distance = EditDistance(wanted, LowerCase(candidate));
    if (distance < best_distance) {
      best_distance = distance;
      best = &candidate;
    }
  }
  if (best == nullptr) {
    return "";
  }
  return fmt::format("; did you mean \"{}\"?{}", *best,
                     best_distance == 0 ? " (a name without quotes is upper-cased)" : "");
}

base::Result<void> ExpressionBinder::Count(int64_t nodes, size_t position) {
  nodes_ += nodes;
  if (nodes_ > kMaxExpressionNodes) {
    return source_.Fail(position,
                        "the expressions of this program are too large: more than {} nodes",
                        kMaxExpressionNodes);
  }
  return {};
}

base::Result<Expression> ExpressionBinder::Duplicate(const Expression& expression,
                                                     size_t position) {
  RETURN_IF_ERROR(Count(CountNodes(expression), position));
  return expression;
}

base::Result<Expression> ExpressionBinder::Bind(const ExpressionNode& node) {
  using Kind = ExpressionNode::Kind;
  RETURN_IF_ERROR(Count(1, node.position));
  const bool bare_rowtime =
      node.kind == Kind::kColumn && node.name == "ROWTIME" && node.qualifier.empty();
  if (clause_ == Clause::kGrouped && !bare_rowtime) {
    for (size_t i = 0; i < scope_.key_nodes->size(); ++i) {
      if ((*scope_.key_nodes)[i].SameAs(node)) {
        return ColumnOf(i, (*scope_.keys)[i].type, "");
      }
    }
  }
  switch (node.kind) {
    case Kind::kColumn:
      return BindColumn(node);
    case Kind::kNumber:
      return BindNumber(node);
    case Kind::kString:
      return LiteralOf(node.text, TextType(static_cast<int64_t>(node.text.size())));
    case Kind::kNull:
      return LiteralOf(std::monostate(), Type{TypeKind::kNull});
    case Kind::kBoolean:
      return LiteralOf(node.number, Type{TypeKind::kBoolean});
    case Kind::kDate:
      return LiteralOf(node.number, Type{TypeKind::kDate});
    case Kind::kTime:
      return LiteralOf(node.number, Type{TypeKind::kTime});
    case Kind::kTimestamp:
      return LiteralOf(node.number, Type{TypeKind::kTimestamp});
    case Kind::kInterval:
      return LiteralOf(node.number, Type{TypeKind::kInterval});
    case Kind::kCast:
      return BindCast(node);
    case Kind::kCall:
      break;
  }
  return BindCall(node);
}

base::Result<Expression> ExpressionBinder::BindCondition(const ExpressionNode& node,
                                                         std::string_view clause_name) {
  ASSIGN_OR_RETURN(Expression condition, Bind(node));
  if (condition.type.kind == TypeKind::kNull) {
    return CastTo(std::move(condition), Type{TypeKind::kBoolean});
  }
  if (condition.type.kind != TypeKind::kBoolean) {
    return source_.Fail(node.position, "{} needs a condition (BOOLEAN), not {}", clause_name,
                        condition.type.ToString());
  }
  return condition;
}

base::Result<Expression> ExpressionBinder::BindColumn(const ExpressionNode& node) {
  if (!node.qualifier.empty() && node.qualifier != scope_.qualifier) {
    if (scope_.qualifier.empty()) {
      return source_.Fail(node.position, "no stream named \"{}\" here; give the sub-query an alias",
                          node.qualifier);
    }
    return source_.Fail(node.position, "no stream named \"{}\" here; the rows come from \"{}\"",
                        node.qualifier, scope_.qualifier);
  }
  if (node.name == "ROWTIME") {
    return BindRowtime(node);
  }
  const int index = model::FindField(scope_.schema, node.name);
  if (index < 0) {
    if (clause_ == Clause::kKey &&
        std::find(scope_.select_aliases.begin(), scope_.select_aliases.end(), node.name) !=
            scope_.select_aliases.end()) {
      return source_.Fail(
          node.position,
          "\"{}\" is an alias of the SELECT list, which a key cannot use; repeat the "
          "expression here",
          node.name);
    }
    std::vector<std::string> names;
    for (const model::Field& field : scope_.schema) {
      names.push_back(field.name);
    }
    return source_.Fail(node.position, "no column named \"{}\" in {}{}", node.name,
                        scope_.shown_name, DidYouMean(node.name, names));
  }
  if (clause_ == Clause::kGrouped) {
    return source_.Fail(
        node.position,
        "column \"{}\" is neither a key of the window nor inside an aggregate; add it to "
        "PARTITION BY or GROUP BY, or use an aggregate such as MAX(\"{}\")",
        node.name, node.name);
  }
  const model::Field& field = scope_.schema[static_cast<size_t>(index)];
  return ColumnOf(static_cast<size_t>(index), field.type, field.name);
}

base::Result<Expression> ExpressionBinder::BindRowtime(const ExpressionNode& node) {
  if (clause_ == Clause::kGrouped && !node.qualifier.empty()) {
    return source_.Fail(
        node.position,
        "\"{}\".ROWTIME is the time of an input row, and a window holds many; use ROWTIME "
        "for the result's time, MIN or MAX of it, or a key",
        node.qualifier);
  }
  const bool output = clause_ == Clause::kGrouped || clause_ == Clause::kRows;
  if (output && node.qualifier.empty() && rowtime_ != nullptr) {
    return Duplicate(*rowtime_, node.position);
  }
  Expression rowtime;
  rowtime.kind = Expression::Kind::kRowtime;
  rowtime.type = Type{TypeKind::kTimestamp};
  return rowtime;
}

base::Result<Expression> ExpressionBinder::BindNumber(const ExpressionNode& node) {
  const std::string& text = node.text;
  if (text.find_first_of("eE") != std::string::npos) {
    const double value = std::strtod(text.c_str(), nullptr);
    if (value > 1.7e308 || value < -1.7e308) {
      return source_.Fail(node.position, "{} is beyond the range of DOUBLE", text);
    }
    return LiteralOf(value, Type{TypeKind::kDouble});
  }
  const size_t point = text.find('.');
  if (point == std::string::npos) {
    int64_t value = 0;
    const bool negative = text[0] == '-';
    for (const char c : std::string_view(text).substr(negative ? 1 : 0)) {
      const int digit = c - '0';
      if (__builtin_mul_overflow(value, 10, &value) ||
          __builtin_add_overflow(value, negative ? -digit : digit, &value)) {
        return source_.Fail(node.position, "{} is beyond the range of BIGINT", text);
      }
    }
    const bool small =
        value >= model::MinOf(TypeKind::kInteger) && value <= model::MaxOf(TypeKind::kInteger);
    return LiteralOf(value, Type{small ? TypeKind::kInteger : TypeKind::kBigint});
  }
  const auto scale = static_cast<int>(text.size() - point - 1);
  int64_t value = 0;
  int digits = 0;
  for (const char c : text) {
    if (c == '-' || c == '.' || (c == '0' && digits == 0)) {
      continue;
    }
    ++digits;
    if (digits > kMaxDecimalDigits) {
      break;
    }
    value = value * 10 + (c - '0');
  }
  if (digits > kMaxDecimalDigits || scale > kMaxDecimalDigits) {
    return source_.Fail(node.position,
                        "{} has more than the {} digits of DECIMAL; write {}e0 for a DOUBLE", text,
                        kMaxDecimalDigits, text);
  }
  return LiteralOf(text[0] == '-' ? -value : value, DecimalType(std::max(digits, scale), scale));
}

base::Result<Expression> ExpressionBinder::BindCast(const ExpressionNode& node) {
  const ExpressionNode& inner = node.arguments[0];
  ASSIGN_OR_RETURN(Expression argument, Bind(inner));
  if (argument.kind == Expression::Kind::kCall &&
      argument.function == Function::kTimestampDifference && inner.unit && node.type.IsInteger()) {
    // CAST((b - a) SECOND AS INTEGER) counts whole seconds.
    const Type bigint{TypeKind::kBigint};
    Expression millis =
        CallOf(Function::kTimestampDiffMillis, bigint, std::move(argument.arguments));
    Arguments quotient;
    quotient.push_back(std::move(millis));
    quotient.push_back(LiteralOf(UnitMillis(*inner.unit), bigint));
    return CastTo(CallOf(Function::kDivide, bigint, std::move(quotient)), node.type);
  }
  if (!CanCast(argument.type, node.type)) {
    return source_.Fail(node.position, "CAST cannot turn {} into {}", argument.type.ToString(),
                        node.type.ToString());
  }
  return CastTo(std::move(argument), node.type);
}

base::Result<Expression> ExpressionBinder::BindCall(const ExpressionNode& node) {
  const std::optional<AggregateFunction> aggregate = AggregateNamed(node.name);
  if (aggregate) {
    return BindAggregate(node, *aggregate);
  }
  if (node.star) {
    return source_.Fail(node.position, "{}(*) has no meaning; only COUNT(*) has", node.name);
  }
  if (node.distinct) {
    return source_.Fail(node.position, "DISTINCT stands only in aggregates, not in {}", node.name);
  }
  Arguments arguments;
  arguments.reserve(node.arguments.size());
  for (const ExpressionNode& argument : node.arguments) {
    ASSIGN_OR_RETURN(Expression bound, Bind(argument));
    arguments.push_back(std::move(bound));
  }
  return BindOperator(node, std::move(arguments));
}

base::Result<Expression> ExpressionBinder::BindAggregate(const ExpressionNode& node,
                                                         AggregateFunction function) {
  switch (clause_) {
    case Clause::kWhere:
      return source_.Fail(
          node.position, "{} cannot stand in WHERE, which sees single rows; use HAVING", node.name);
    case Clause::kKey:
      return source_.Fail(node.position, "{} cannot be part of a key", node.name);
    case Clause::kAggregate:
      return source_.Fail(node.position,
                          "aggregates cannot nest; compute the inner one in a sub-query");
    case Clause::kRows:
      return source_.Fail(
          node.position,
          "{} needs a window; add WINDOWED BY STAGGER (PARTITION BY ... RANGE INTERVAL '1' "
          "MINUTE) or GROUP BY with STEP",
          node.name);
    case Clause::kGrouped:
      break;
  }
  Aggregate aggregate;
  aggregate.function = function;
  aggregate.type = Type{TypeKind::kBigint};
  if (node.star) {
    if (function != AggregateFunction::kCount) {
      return source_.Fail(node.position, "{}(*) has no meaning; only COUNT(*) has", node.name);
    }
    aggregate.function = AggregateFunction::kCountStar;
  } else {
    RETURN_IF_ERROR(ExpectCount(node, 1, 1));
    clause_ = Clause::kAggregate;
    Result argument = Bind(node.arguments[0]);
    clause_ = Clause::kGrouped;
    if (!argument) {
      return argument;
    }
    ASSIGN_OR_RETURN(aggregate.type, AggregateType(node, function, argument->type));
    // Repeated values change neither the least and greatest nor the first and last one.
    aggregate.distinct = node.distinct && (function == AggregateFunction::kCount ||
                                           function == AggregateFunction::kSum ||
                                           function == AggregateFunction::kAvg);
    aggregate.argument = std::move(*argument);
  }
  std::vector<Aggregate>& all = scope_.aggregates;
  auto place = std::find(all.begin(), all.end(), aggregate);
  if (place == all.end()) {
    place = all.insert(place, std::move(aggregate));
  }
  return ColumnOf(scope_.keys->size() + static_cast<size_t>(place - all.begin()), place->type, "");
}

base::Result<Type> ExpressionBinder::AggregateType(const ExpressionNode& node,
                                                   AggregateFunction function,
                                                   const Type& argument) {
  const size_t position = node.arguments[0].position;
  if (argument.kind == TypeKind::kNull) {
    return source_.Fail(position, "{} of a bare NULL has no type; write CAST(NULL AS ...)",
                        node.name);
  }
  switch (function) {
    case AggregateFunction::kCountStar:
    case AggregateFunction::kCount:
      return Type{TypeKind::kBigint};
    case AggregateFunction::kSum:
    case AggregateFunction::kAvg:
      if (!argument.IsNumeric()) {
        return source_.Fail(position, "{} needs a number, not {}", node.name, argument.ToString());
      }
      if (function == AggregateFunction::kAvg) {
        return argument;
      }
      if (argument.IsInteger()) {
        return Type{TypeKind::kBigint};
      }
      return argument.IsFloating() ? Type{TypeKind::kDouble}
                                   : DecimalType(kMaxDecimalDigits, argument.scale);
    case AggregateFunction::kMin:
    case AggregateFunction::kMax:
    case AggregateFunction::kFirstValue:
    case AggregateFunction::kLastValue:
      break;
  }
  return argument;
}

}  // namespace weir::sql
