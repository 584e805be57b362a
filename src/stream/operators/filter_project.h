#pragma once

#include <memory>

#include "sql/plan.h"
#include "stream/operators/operator.h"

namespace weir::stream {

// SELECT without a window: each row that WHERE lets pass becomes one row, at once.
std::unique_ptr<Operator> MakeFilterProject(const sql::PumpPlan& pump, const model::Schema& source,
                                            const model::Schema& target);

}  // namespace weir::stream
