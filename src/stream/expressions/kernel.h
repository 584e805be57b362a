#pragma once

#include <functional>
#include <memory>
#include <span>

#include "sql/plan.h"
#include "stream/expressions/vector.h"

namespace weir::stream {

// What a kernel works on: arguments already computed for `rows`, and room for the result.
struct KernelCall {
  Evaluation& evaluation;
  const Selection& rows;
  std::span<const Vector> arguments;
  ResultBuffer& out;

  void Fail(size_t row, std::string message) const {
    evaluation.errors.Fail(row, std::move(message));
    out.SetNull(row);
  }
};

// Computes one function for one physical type over whole vectors. Chosen once, when the pump is
// made.
using Kernel = std::function<void(const KernelCall&)>;

// Calls f(row) where no argument is NULL, and makes the result NULL elsewhere.
template <typename F>
void ForEachNotNull(const KernelCall& call, F&& f) {
  bool any = false;
  for (const Vector& argument : call.arguments) {
    any = any || argument.nulls != nullptr;
  }
  if (!any) {
    call.rows.ForEach(f);
    return;
  }
  call.rows.ForEach([&](size_t row) {
    for (const Vector& argument : call.arguments) {
      if (argument.IsNull(row)) {
        call.out.SetNull(row);
        return;
      }
    }
    f(row);
  });
}

// A node of a compiled expression. Not thread-safe: it keeps its result between calls.
class ExpressionNode {
 public:
  virtual ~ExpressionNode() = default;

  // The values for `rows`; other positions are undefined. Valid until the next call of this node. A
  // row that cannot be computed is reported to evaluation.errors and gets NULL.
  virtual Vector Evaluate(Evaluation& evaluation, const Selection& rows) = 0;
};

using Node = std::unique_ptr<ExpressionNode>;

// One factory per family; each handles the functions that its file names.
Kernel MakeComparisonKernel(const sql::Expression& call);
Kernel MakeArithmeticKernel(const sql::Expression& call);
Kernel MakeTimeKernel(const sql::Expression& call);
Kernel MakeTextKernel(const sql::Expression& call);
Kernel MakeCastKernel(const model::Type& from, const model::Type& to);
// AND, OR, CASE, COALESCE, NULLIF: they decide for which rows their arguments are computed.
Node MakeConditionalNode(const sql::Expression& call, std::vector<Node> arguments);

}  // namespace weir::stream
