#include "sql/select_binder.h"

#include <algorithm>
#include <optional>

#include "sql/coercion.h"
#include "sql/literals.h"

namespace weir::sql {
namespace {

using model::Type;
using model::TypeKind;

bool ReadsRowtime(const Expression& expression) {
  return expression.kind == Expression::Kind::kRowtime ||
         std::any_of(expression.arguments.begin(), expression.arguments.end(), ReadsRowtime);
}

bool IsRowtimeItem(const SelectItem& item) {
  return item.alias && item.alias->name == "ROWTIME";
}

/// FLOOR(ROWTIME TO unit) or STEP(ROWTIME BY interval).
bool IsTimeKey(const Expression& key) {
  return key.kind == Expression::Kind::kCall &&
         (key.function == Function::kFloorTo || key.function == Function::kStep) &&
         key.arguments[0].kind == Expression::Kind::kRowtime;
}

/// The step of the older way to write a tumbling window,
/// FLOOR((s.ROWTIME - TIMESTAMP '1970-01-01 00:00:00') SECOND / 10 TO SECOND): here 10 seconds.
std::optional<int64_t> OldStepMillis(const ExpressionNode& key) {
  using Kind = ExpressionNode::Kind;
  if (key.kind != Kind::kCall || key.name != "FLOOR TO") {
    return std::nullopt;
  }
  int64_t factor = 1;
  const ExpressionNode* difference = &key.arguments[0];
  if (difference->kind == Kind::kCall && difference->name == "/") {
    const ExpressionNode& divisor = difference->arguments[1];
    constexpr size_t kMaxDigits = 9;
    if (divisor.kind != Kind::kNumber || divisor.text.size() > kMaxDigits ||
        divisor.text.find_first_not_of("0123456789") != std::string::npos) {
      return std::nullopt;
    }
    factor = std::stoll(divisor.text);
    difference = &difference->arguments[0];
  }
  if (difference->kind != Kind::kCall || difference->name != "INTERVAL DIFFERENCE") {
    return std::nullopt;
  }
  const ExpressionNode& rowtime = difference->arguments[0];
  const ExpressionNode& epoch = difference->arguments[1];
  const int64_t step = factor * UnitMillis(*key.unit);
  if (rowtime.kind != Kind::kColumn || rowtime.name != "ROWTIME" ||
      epoch.kind != Kind::kTimestamp || epoch.number != 0 || step <= 0) {
    return std::nullopt;
  }
  return step;
}

Expression StepOf(Expression timestamp, int64_t step_millis) {
  std::vector<Expression> arguments;
  arguments.push_back(std::move(timestamp));
  arguments.push_back(LiteralOf(step_millis, Type{TypeKind::kInterval}));
  return CallOf(Function::kStep, Type{TypeKind::kTimestamp}, std::move(arguments));
}

}  // namespace

base::Result<void> SelectBinder::FindStream(const Identifier& name, Scope& scope) {
  std::vector<std::string> names;
  for (const InputStream& input : state_.inputs) {
    if (input.name == name.name) {
      scope.schema = WithImplicitColumns(input.schema);
      scope.visible = input.schema.size();
      return {};
    }
    names.push_back(input.name);
  }
  for (const StreamPlan& stream : state_.program.streams) {
    if (stream.name.starts_with('$')) {
      continue;
    }
    if (stream.name == name.name) {
      scope.schema = stream.schema;
      scope.visible = stream.schema.size();
      return {};
    }
    names.push_back(stream.name);
  }
  if (IsErrorStream(name.name)) {
    return source_.Fail(name.position, "the error stream cannot be read by a pump");
  }
  return source_.Fail(name.position, "no stream named \"{}\"{}", name.name,
                      DidYouMean(name.name, names));
}

base::Result<void> SelectBinder::RenameColumns(const FromNode& from, Scope& scope) {
  if (from.column_aliases.empty()) {
    return {};
  }
  if (from.column_aliases.size() != scope.visible) {
    return source_.Fail(from.column_aliases[0].position, "{} column aliases for {} columns",
                        from.column_aliases.size(), scope.visible);
  }
  for (size_t i = 0; i < scope.visible; ++i) {
    scope.schema[i].name = from.column_aliases[i].name;
  }
  return {};
}

base::Result<Scope> SelectBinder::BindFrom(const SelectNode& select, std::string& source_name) {
  const FromNode& from = select.from;
  Scope scope;
  if (from.subquery != nullptr) {
    ASSIGN_OR_RETURN(source_name, AddSubquery(*from.subquery));
    scope.schema = *state_.program.FindStream(source_name);
    scope.visible = scope.schema.size();
    scope.shown_name = "the sub-query";
  } else {
    RETURN_IF_ERROR(FindStream(from.stream, scope));
    source_name = from.stream.name;
    scope.qualifier = source_name;
    scope.shown_name = fmt::format("stream \"{}\"", source_name);
  }
  if (from.alias) {
    scope.qualifier = from.alias->name;
  }
  RETURN_IF_ERROR(RenameColumns(from, scope));
  for (const SelectItem& item : select.items) {
    if (item.alias) {
      scope.select_aliases.push_back(item.alias->name);
    }
  }
  return scope;
}

base::Result<std::string> SelectBinder::AddSubquery(const SelectNode& select) {
  ASSIGN_OR_RETURN(BoundSelect bound, Bind(select));
  for (size_t i = 0; i < bound.columns.size(); ++i) {
    const model::Field& column = bound.columns[i];
    if (column.type.kind == TypeKind::kNull || column.type.kind == TypeKind::kInterval) {
      return source_.Fail(bound.positions[i],
                          "column \"{}\" of the sub-query is {}, which is no column "
                          "type; convert it, for example CAST(NULL AS INTEGER)",
                          column.name, column.type.ToString());
    }
    if (model::FindField(bound.columns, column.name) != static_cast<int>(i)) {
      return source_.Fail(bound.positions[i],
                          "the sub-query has two columns named \"{}\"; give one an alias",
                          column.name);
    }
  }
  std::string name = fmt::format("${}", ++state_.subqueries);
  state_.program.streams.push_back(StreamPlan{name, std::move(bound.columns)});
  state_.program.pumps.push_back(PumpPlan{name, name, std::move(bound.plan)});
  state_.pump_positions.push_back(select.position);
  return name;
}

base::Result<BoundSelect> SelectBinder::Bind(const SelectNode& select) {
  BoundSelect bound;
  SelectPlan& plan = bound.plan;
  ASSIGN_OR_RETURN(Scope scope, BindFrom(select, plan.source));
  if (select.where) {
    ExpressionBinder binder(source_, scope, Clause::kWhere, state_.expression_nodes);
    ASSIGN_OR_RETURN(plan.where, binder.BindCondition(*select.where, "WHERE"));
  }
  plan.window.kind = select.window;
  plan.window.range_millis = select.range_millis;
  if (select.window != WindowKind::kNone) {
    RETURN_IF_ERROR(BindKeys(select, scope, plan));
    scope.key_nodes = &select.keys;
    scope.keys = &plan.keys;
  } else if (select.having) {
    return source_.Fail(select.having->position,
                        "HAVING needs a window; without one use WHERE, which sees every row");
  }
  RETURN_IF_ERROR(BindItems(select, scope, bound));
  if (select.having) {
    ExpressionBinder binder(source_, scope, Clause::kGrouped, state_.expression_nodes);
    ASSIGN_OR_RETURN(plan.having, binder.BindCondition(*select.having, "HAVING"));
  }
  plan.aggregates = std::move(scope.aggregates);
  return bound;
}

base::Result<void> SelectBinder::BindKeys(const SelectNode& select, Scope& scope,
                                          SelectPlan& plan) {
  ExpressionBinder binder(source_, scope, Clause::kKey, state_.expression_nodes);
  for (const ExpressionNode& node : select.keys) {
    if (const std::optional<int64_t> step = OldStepMillis(node)) {
      const ExpressionNode* rowtime = &node;
      while (!rowtime->arguments.empty()) {
        rowtime = &rowtime->arguments[0];
      }
      ASSIGN_OR_RETURN(Expression timestamp, binder.Bind(*rowtime));
      plan.keys.push_back(StepOf(std::move(timestamp), *step));
      continue;
    }
    ASSIGN_OR_RETURN(Expression key, binder.Bind(node));
    if (key.type.kind == TypeKind::kNull) {
      return source_.Fail(node.position, "a key cannot be a bare NULL");
    }
    if (key.kind == Expression::Kind::kLiteral && select.window == WindowKind::kTumbling) {
      return source_.Fail(
          node.position,
          "a constant cannot be a key of GROUP BY (numbers do not stand for columns of the "
          "SELECT list); repeat the expression");
    }
    plan.keys.push_back(std::move(key));
  }
  return select.window == WindowKind::kTumbling ? FindTimeKey(select, plan) : base::Result<void>();
}

base::Result<void> SelectBinder::FindTimeKey(const SelectNode& select, SelectPlan& plan) {
  Window& window = plan.window;
  for (size_t i = 0; i < plan.keys.size(); ++i) {
    const Expression& key = plan.keys[i];
    const size_t position = select.keys[i].position;
    if (!IsTimeKey(key)) {
      if (ReadsRowtime(key)) {
        return source_.Fail(
            position,
            "this key uses ROWTIME in a way that does not tell when its group is complete; write "
            "FLOOR(ROWTIME TO MINUTE) or STEP(ROWTIME BY INTERVAL '10' SECOND)");
      }
      continue;
    }
    if (window.time_key >= 0) {
      return source_.Fail(position, "GROUP BY has two keys of ROWTIME; one must do");
    }
    window.time_key = static_cast<int>(i);
    const int64_t parameter = std::get<int64_t>(key.arguments[1].literal);
    if (key.function == Function::kStep) {
      window.step_millis = parameter;
    } else if (const int64_t millis = UnitMillis(static_cast<TimeUnit>(parameter)); millis > 0) {
      window.step_millis = millis;
    } else {
      window.unit = static_cast<TimeUnit>(parameter);
    }
  }
  if (window.time_key < 0) {
    return source_.Fail(
        select.window_position,
        "GROUP BY on a stream needs one key of ROWTIME, such as FLOOR(\"S\".ROWTIME TO MINUTE) or "
        "STEP(\"S\".ROWTIME BY INTERVAL '10' SECOND); without it no group would ever be "
        "complete");
  }
  return {};
}

base::Result<void> SelectBinder::BindItems(const SelectNode& select, Scope& scope,
                                           BoundSelect& bound) {
  const bool grouped = select.window != WindowKind::kNone;
  ExpressionBinder binder(source_, scope, grouped ? Clause::kGrouped : Clause::kRows,
                          state_.expression_nodes);
  RETURN_IF_ERROR(BindRowtimeItem(select, binder, bound.plan));
  if (bound.plan.rowtime) {
    binder.SetRowtime(&*bound.plan.rowtime);
  }
  for (const SelectItem& item : select.items) {
    if (item.star) {
      if (grouped) {
        return source_.Fail(item.position,
                            "* cannot be selected from a window; name its keys and aggregates");
      }
      RETURN_IF_ERROR(ExpandStar(item, scope, bound));
    } else if (!IsRowtimeItem(item)) {
      RETURN_IF_ERROR(BindItem(item, binder, bound));
    }
  }
  if (bound.columns.empty()) {
    return source_.Fail(select.position, "the SELECT list has no column besides ROWTIME");
  }
  return {};
}

base::Result<void> SelectBinder::BindRowtimeItem(const SelectNode& select, ExpressionBinder& binder,
                                                 SelectPlan& plan) {
  for (const SelectItem& item : select.items) {
    if (item.star || !IsRowtimeItem(item)) {
      continue;
    }
    if (plan.rowtime) {
      return source_.Fail(item.position, "the SELECT list sets ROWTIME twice");
    }
    ASSIGN_OR_RETURN(Expression rowtime, binder.Bind(item.expression));
    if (rowtime.type.kind != TypeKind::kTimestamp && rowtime.type.kind != TypeKind::kDate) {
      return source_.Fail(item.position, "ROWTIME is a TIMESTAMP, not {}", rowtime.type.ToString());
    }
    plan.rowtime = CastTo(std::move(rowtime), Type{TypeKind::kTimestamp});
  }
  return {};
}

base::Result<void> SelectBinder::ExpandStar(const SelectItem& item, const Scope& scope,
                                            BoundSelect& bound) {
  if (!item.qualifier.empty() && item.qualifier != scope.qualifier) {
    return source_.Fail(item.position, "no stream named \"{}\" here", item.qualifier);
  }
  for (size_t i = 0; i < scope.visible; ++i) {
    const model::Field& field = scope.schema[i];
    Expression column;
    column.kind = Expression::Kind::kColumn;
    column.type = field.type;
    column.column = static_cast<int>(i);
    column.column_name = field.name;
    RETURN_IF_ERROR(AddOutput(field.name, std::move(column), item.position, bound));
  }
  return {};
}

base::Result<void> SelectBinder::BindItem(const SelectItem& item, ExpressionBinder& binder,
                                          BoundSelect& bound) {
  ASSIGN_OR_RETURN(Expression expression, binder.Bind(item.expression));
  std::string name = fmt::format("EXPR${}", bound.columns.size());
  if (item.alias) {
    name = item.alias->name;
  } else if (item.expression.kind == ExpressionNode::Kind::kColumn) {
    name = item.expression.name;
  }
  return AddOutput(std::move(name), std::move(expression), item.position, bound);
}

base::Result<void> SelectBinder::AddOutput(std::string name, Expression expression, size_t position,
                                           BoundSelect& bound) {
  if (bound.columns.size() == kMaxColumns) {
    return source_.Fail(position, "the SELECT list has more than {} columns", kMaxColumns);
  }
  bound.columns.push_back(model::Field{std::move(name), expression.type, true});
  bound.plan.outputs.push_back(std::move(expression));
  bound.positions.push_back(position);
  return {};
}

base::Result<std::vector<size_t>> SelectBinder::TargetColumns(const CreatePumpNode& pump,
                                                              const model::Schema& schema) {
  std::vector<size_t> columns;
  if (pump.columns.empty()) {
    for (size_t i = 0; i < schema.size(); ++i) {
      columns.push_back(i);
    }
    return columns;
  }
  std::vector<std::string> names;
  for (const model::Field& field : schema) {
    names.push_back(field.name);
  }
  for (const Identifier& column : pump.columns) {
    const int index = model::FindField(schema, column.name);
    if (index < 0) {
      return source_.Fail(column.position, "no column named \"{}\" in stream \"{}\"{}", column.name,
                          pump.target.name, DidYouMean(column.name, names));
    }
    if (std::find(columns.begin(), columns.end(), static_cast<size_t>(index)) != columns.end()) {
      return source_.Fail(column.position, "column \"{}\" is named twice", column.name);
    }
    columns.push_back(static_cast<size_t>(index));
  }
  return columns;
}

base::Result<Expression> SelectBinder::Assign(Expression expression, const model::Field& field,
                                              size_t position) {
  const bool null =
      expression.kind == Expression::Kind::kLiteral && model::IsNull(expression.literal);
  if (null && !field.nullable) {
    return source_.Fail(position, "column \"{}\" is NOT NULL, and this is always NULL", field.name);
  }
  if (!CanAssign(expression.type, field.type)) {
    const std::string remedy = CanCast(expression.type, field.type)
                                   ? fmt::format("; write CAST(... AS {})", field.type.ToString())
                                   : "";
    return source_.Fail(position, "column \"{}\" is {}, and this expression is {}{}", field.name,
                        field.type.ToString(), expression.type.ToString(), remedy);
  }
  return CastTo(std::move(expression), field.type);
}

base::Result<void> SelectBinder::BindPump(const CreatePumpNode& pump) {
  const Identifier& target = pump.target;
  if (IsErrorStream(target.name)) {
    return source_.Fail(target.position, "the error stream is written by the system alone");
  }
  std::vector<std::string> names;
  const model::Schema* found = nullptr;
  for (const StreamPlan& stream : state_.program.streams) {
    if (stream.name.starts_with('$')) {
      continue;
    }
    names.push_back(stream.name);
    found = stream.name == target.name ? &stream.schema : found;
  }
  if (found == nullptr) {
    for (const InputStream& input : state_.inputs) {
      if (input.name == target.name) {
        return source_.Fail(target.position,
                            "\"{}\" is the application's input, which a pump cannot write",
                            target.name);
      }
    }
    return source_.Fail(target.position, "no stream named \"{}\"{}; declare it with CREATE STREAM",
                        target.name, DidYouMean(target.name, names));
  }
  const model::Schema schema = *found;
  ASSIGN_OR_RETURN(const std::vector<size_t> columns, TargetColumns(pump, schema));
  ASSIGN_OR_RETURN(BoundSelect bound, Bind(pump.select));
  if (bound.columns.size() != columns.size()) {
    const size_t position = bound.columns.size() > columns.size() ? bound.positions[columns.size()]
                                                                  : pump.select.position;
    return source_.Fail(position, "the SELECT list has {} column{}, but {} of \"{}\" take a value",
                        bound.columns.size(), bound.columns.size() == 1 ? "" : "s", columns.size(),
                        target.name);
  }
  std::vector<std::optional<Expression>> outputs(schema.size());
  for (size_t i = 0; i < columns.size(); ++i) {
    ASSIGN_OR_RETURN(outputs[columns[i]], Assign(std::move(bound.plan.outputs[i]),
                                                 schema[columns[i]], bound.positions[i]));
  }
  bound.plan.outputs.clear();
  for (size_t i = 0; i < schema.size(); ++i) {
    if (!outputs[i] && !schema[i].nullable) {
      return source_.Fail(target.position, "column \"{}\" of \"{}\" is NOT NULL and gets no value",
                          schema[i].name, target.name);
    }
    bound.plan.outputs.push_back(outputs[i] ? std::move(*outputs[i])
                                            : LiteralOf(std::monostate(), schema[i].type));
  }
  state_.program.pumps.push_back(PumpPlan{pump.name.name, target.name, std::move(bound.plan)});
  state_.pump_positions.push_back(pump.name.position);
  return {};
}

}  // namespace weir::sql
