#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "sql/plan.h"
#include "stream/expressions/expression_evaluator.h"
#include "stream/operators/error_reporter.h"
#include "stream/operators/operator.h"

namespace weir::stream {

// The SELECT list of a pump: turns rows of one shape into rows of the target stream. Rows that
// cannot be computed, violate NOT NULL, or whose ROWTIME (when the query sets it) is NULL or before
// that of an earlier row become error rows. Not thread-safe.
class Projection {
 public:
  // `input` is the shape of the rows that the select's outputs are over.
  Projection(const sql::PumpPlan& pump, const model::Schema& input, const model::Schema& target);

  // Appends the selected rows of `batch` to out.rows; rows of `errors` (which the caller may have
  // filled already) and further ones that fail go to out.errors.
  void Apply(const model::ColumnBatch& batch, const Selection& rows, RowErrors& errors,
             OperatorOutput& out);

  // The same without memory of earlier rows, leaving failing rows out.
  model::ColumnBatch ApplyProvisionally(const model::ColumnBatch& batch, const Selection& rows);

  // No later output row is earlier, when no later row of the input is before `input_bound`.
  int64_t OutputBound(int64_t input_bound);

  // The latest ROWTIME written; part of the state when the query sets ROWTIME.
  int64_t last_rowtime() const { return last_rowtime_; }

  void set_last_rowtime(int64_t rowtime) { last_rowtime_ = rowtime; }

 private:
  void Evaluate(const model::ColumnBatch& batch, const Selection& rows, RowErrors& errors,
                bool remember);
  void CheckNotNull(const Selection& rows, RowErrors& errors) const;
  void CheckRowtime(const Selection& rows, RowErrors& errors, bool remember);
  void GatherInto(const model::ColumnBatch& batch, const Selection& rows, const RowErrors& errors,
                  model::ColumnBatch& out);

  model::Schema target_;
  ErrorReporter reporter_;
  std::vector<ExpressionEvaluator> outputs_;
  std::optional<ExpressionEvaluator> rowtime_;
  bool rowtime_is_monotone_ = false;  // A function of ROWTIME alone that never falls.
  int64_t last_rowtime_ = kEarliest;

  std::vector<Vector> values_;
  Vector rowtimes_;
  std::shared_ptr<model::StringArena> arena_;
  std::vector<uint32_t> kept_;
};

// Whether the expression is a function of ROWTIME alone that never falls when ROWTIME rises.
bool IsMonotoneInRowtime(const sql::Expression& expression);

}  // namespace weir::stream
