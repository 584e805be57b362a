#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "sql/ast.h"
#include "sql/compiler.h"
#include "sql/expression_binder.h"
#include "sql/plan.h"
#include "sql/source.h"

namespace weir::sql {

/// Most columns of a stream or SELECT list.
inline constexpr size_t kMaxColumns = 1'000;

/// What the statements of one program share while they are bound.
struct ProgramState {
  std::span<const InputStream> inputs;
  Program program;                     ///< All declared streams; pumps as they are bound.
  std::vector<size_t> pump_positions;  ///< Where each pump of the program stands.
  int64_t expression_nodes = 0;
  int subqueries = 0;
};

/// A SELECT with names and types, before it is fitted to its target.
struct BoundSelect {
  SelectPlan plan;
  model::Schema columns;  ///< One per output, with the names that the SELECT list gives them.
  std::vector<size_t> positions;  ///< Where each output stands.
};

/// Binds SELECTs and the pumps that run them. Sub-queries become streams and pumps of the program.
class SelectBinder {
 public:
  SelectBinder(const Source& source, ProgramState& state) : source_(source), state_(state) {}

  /// Adds the pump, behind the pumps of its sub-queries, to the program.
  base::Result<void> BindPump(const CreatePumpNode& pump);

 private:
  base::Result<BoundSelect> Bind(const SelectNode& select);
  base::Result<Scope> BindFrom(const SelectNode& select, std::string& source_name);
  base::Result<void> FindStream(const Identifier& name, Scope& scope);
  base::Result<void> RenameColumns(const FromNode& from, Scope& scope);
  /// Makes the sub-query a stream and a pump; returns its name.
  base::Result<std::string> AddSubquery(const SelectNode& select);
  base::Result<void> BindKeys(const SelectNode& select, Scope& scope, SelectPlan& plan);
  base::Result<void> FindTimeKey(const SelectNode& select, SelectPlan& plan);
  base::Result<void> BindItems(const SelectNode& select, Scope& scope, BoundSelect& bound);
  base::Result<void> BindItem(const SelectItem& item, ExpressionBinder& binder, BoundSelect& bound);
  base::Result<void> BindRowtimeItem(const SelectNode& select, ExpressionBinder& binder,
                                     SelectPlan& plan);
  base::Result<void> ExpandStar(const SelectItem& item, const Scope& scope, BoundSelect& bound);
  base::Result<void> AddOutput(std::string name, Expression expression, size_t position,
                               BoundSelect& bound);
  base::Result<std::vector<size_t>> TargetColumns(const CreatePumpNode& pump,
                                                  const model::Schema& schema);
  base::Result<Expression> Assign(Expression expression, const model::Field& field,
                                  size_t position);

  const Source& source_;
  ProgramState& state_;
};

}  // namespace weir::sql
