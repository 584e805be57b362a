#pragma once

#include <memory>
#include <vector>

#include "sql/plan.h"
#include "stream/expressions/kernel.h"
#include "stream/expressions/vector.h"

namespace weir::stream {

// A scalar expression made ready to run over batches. Compiled once per pump. Not thread-safe.
class ExpressionEvaluator {
 public:
  explicit ExpressionEvaluator(const sql::Expression& expression);

  const model::Type& type() const { return type_; }

  // See ExpressionNode::Evaluate.
  Vector Evaluate(Evaluation& evaluation, const Selection& rows) {
    return root_->Evaluate(evaluation, rows);
  }

 private:
  model::Type type_;
  Node root_;
};

// Appends to `passed` the rows of `rows` for which the condition is TRUE (not FALSE, NULL or
// failed).
void AppendTrueRows(const Vector& condition, const RowErrors& errors, const Selection& rows,
                    std::vector<uint32_t>& passed);

}  // namespace weir::stream
