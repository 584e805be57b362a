#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "sql/ast.h"
#include "sql/plan.h"
#include "sql/source.h"

namespace weir::sql {

/// Most nodes that the expressions of one program may have after binding, as IN, BETWEEN and CASE
/// copy their operand.
inline constexpr int64_t kMaxExpressionNodes = 200'000;

/// What is said where a name is not known: `; did you mean "Event"?`, or "".
std::string DidYouMean(std::string_view name, const std::vector<std::string>& candidates);

/// The row over which expressions are bound, and where columns of a grouped row go.
struct Scope {
  std::string shown_name;  ///< How messages name the source: `stream "CLICKS"`.
  std::string qualifier;   ///< Alias or name with which columns may be qualified.
  model::Schema schema;    ///< With the implicit columns.
  size_t visible = 0;      ///< Columns that * names.

  std::vector<std::string> select_aliases;  ///< For the message about a key that is an alias.

  // Grouped queries: keys and the aggregates found so far.
  const std::vector<ExpressionNode>* key_nodes = nullptr;
  const std::vector<Expression>* keys = nullptr;
  std::vector<Aggregate> aggregates;
};

/// Where an expression stands, which decides what columns, ROWTIME and aggregates mean in it.
enum class Clause : uint8_t {
  kWhere,
  kKey,        ///< GROUP BY or PARTITION BY
  kRows,       ///< SELECT list without a window
  kGrouped,    ///< SELECT list or HAVING with a window
  kAggregate,  ///< Argument of an aggregate
};

/// Gives names and types to expressions. One per clause; `nodes` counts over the program.
class ExpressionBinder {
 public:
  ExpressionBinder(const Source& source, Scope& scope, Clause clause, int64_t& nodes)
      : source_(source), scope_(scope), clause_(clause), nodes_(nodes) {}

  /// Where unqualified ROWTIME stands for `expression` (the override by `expression AS ROWTIME`).
  void SetRowtime(const Expression* expression) { rowtime_ = expression; }

  base::Result<Expression> Bind(const ExpressionNode& node);

  /// Binds, and requires a BOOLEAN; `clause_name` is for the message.
  base::Result<Expression> BindCondition(const ExpressionNode& node, std::string_view clause_name);

 private:
  using Arguments = std::vector<Expression>;
  using Result = base::Result<Expression>;

  struct Signature;

  Result BindColumn(const ExpressionNode& node);
  Result BindRowtime(const ExpressionNode& node);
  Result BindNumber(const ExpressionNode& node);
  Result BindCast(const ExpressionNode& node);
  Result BindCall(const ExpressionNode& node);
  Result BindAggregate(const ExpressionNode& node, AggregateFunction function);
  base::Result<model::Type> AggregateType(const ExpressionNode& node, AggregateFunction function,
                                          const model::Type& argument);

  // Operators and forms.
  Result BindComparison(const ExpressionNode& node, Function function, Expression left,
                        Expression right);
  Result BindOperator(const ExpressionNode& node, Arguments arguments);
  Result BindLogic(const ExpressionNode& node, Arguments arguments);
  Result BindTruth(const ExpressionNode& node, Arguments arguments);
  Result BindBetween(const ExpressionNode& node, Arguments arguments);
  Result BindIn(const ExpressionNode& node, Arguments arguments);
  Result BindCase(const ExpressionNode& node, Arguments arguments);
  Result BindSimpleCase(const ExpressionNode& node, Arguments arguments);
  Result BindCoalesce(const ExpressionNode& node, Arguments arguments);
  Result BindNullif(const ExpressionNode& node, Arguments arguments);
  Result BindPattern(const ExpressionNode& node, Arguments arguments);
  Result BindConcat(const ExpressionNode& node, Arguments arguments);
  Result BindArithmetic(const ExpressionNode& node, Arguments arguments);
  Result BindTimeArithmetic(const ExpressionNode& node, Arguments arguments);
  Result BindDecimal(const ExpressionNode& node, Function function, Arguments arguments);
  Result BindNegate(const ExpressionNode& node, Arguments arguments);
  Result BindIntervalDifference(const ExpressionNode& node, Arguments arguments);

  // Functions.
  Result BindFunction(const ExpressionNode& node, Arguments arguments);
  Result BindNumeric(const ExpressionNode& node, Function function, Arguments arguments);
  Result BindFloating(const ExpressionNode& node, Function function, Arguments arguments);
  Result BindFloorTo(const ExpressionNode& node, Arguments arguments);
  Result BindStep(const ExpressionNode& node, Arguments arguments);
  Result BindExtract(const ExpressionNode& node, Arguments arguments);
  Result BindTime(const ExpressionNode& node, Arguments arguments);
  Result BindFormat(const ExpressionNode& node, Arguments arguments);
  Result BindText(const ExpressionNode& node, Arguments arguments);
  Result UnknownFunction(const ExpressionNode& node);

  base::Result<void> ExpectCount(const ExpressionNode& node, size_t least, size_t most);
  base::Result<void> ExpectText(const ExpressionNode& node, Arguments& arguments, size_t index);
  base::Result<void> ExpectInteger(const ExpressionNode& node, Arguments& arguments, size_t index);
  base::Result<void> ExpectTimestamp(const ExpressionNode& node, Arguments& arguments,
                                     size_t index);
  base::Result<void> ExpectLiteralText(const ExpressionNode& node, const Arguments& arguments,
                                       size_t index, std::string_view what);
  base::Result<void> ExpectBoolean(const ExpressionNode& node, Arguments& arguments, size_t index);

  /// A copy that counts against kMaxExpressionNodes.
  Result Duplicate(const Expression& expression, size_t position);
  base::Result<void> Count(int64_t nodes, size_t position);

  const Source& source_;
  Scope& scope_;
  Clause clause_;
  int64_t& nodes_;
  const Expression* rowtime_ = nullptr;
};

}  // namespace weir::sql
