#pragma once

#include <memory>

#include "sql/plan.h"
#include "stream/operators/operator.h"
#include "stream/operators/window_aggregation.h"

namespace weir::stream {

// GROUP BY keys, one of which is FLOOR or STEP of ROWTIME: all windows of one step close together
// when ROWTIME reaches the step's end, which is the results' ROWTIME. ROWTIME ascends, so no row is
// late.
std::unique_ptr<Operator> MakeTumblingWindow(const sql::PumpPlan& pump, const model::Schema& source,
                                             const model::Schema& target, WindowLimits limits);

}  // namespace weir::stream
