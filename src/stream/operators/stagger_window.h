#pragma once

#include <memory>

#include "sql/plan.h"
#include "stream/operators/operator.h"
#include "stream/operators/window_aggregation.h"

namespace weir::stream {

// WINDOWED BY STAGGER (PARTITION BY keys RANGE INTERVAL r): a key's window opens with the key's
// first row, holds the rows of [open, open + r), and gives one result row with ROWTIME open + r. A
// later row of the key opens the next window: a further partial row, never a lost one.
std::unique_ptr<Operator> MakeStaggerWindow(const sql::PumpPlan& pump, const model::Schema& source,
                                            const model::Schema& target, WindowLimits limits);

}  // namespace weir::stream
