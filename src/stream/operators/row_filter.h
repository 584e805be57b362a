#pragma once

#include <optional>
#include <vector>

#include "sql/plan.h"
#include "stream/expressions/expression_evaluator.h"

namespace weir::stream {

// WHERE or HAVING: picks the rows for which a condition is TRUE; all when there is none. Not
// thread-safe.
class RowFilter {
 public:
  explicit RowFilter(const std::optional<sql::Expression>& condition) {
    if (condition) {
      condition_.emplace(*condition);
    }
  }

  // The passing rows of the batch; valid until the next call. Failing rows are reported and do not
  // pass.
  Selection Pass(Evaluation& evaluation) {
    const Selection all = Selection::All(evaluation.batch.size());
    if (!condition_) {
      return all;
    }
    passed_.clear();
    AppendTrueRows(condition_->Evaluate(evaluation, all), evaluation.errors, all, passed_);
    return Selection::Of(passed_);
  }

 private:
  std::optional<ExpressionEvaluator> condition_;
  std::vector<uint32_t> passed_;
};

}  // namespace weir::stream
