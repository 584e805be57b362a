#include "stream/operators/stagger_window.h"

namespace weir::stream {

std::unique_ptr<Operator> MakeStaggerWindow(const sql::PumpPlan& pump, const model::Schema& source,
                                            const model::Schema& target, WindowLimits limits) {
  const int64_t range = pump.select.window.range_millis;
  return std::make_unique<WindowAggregation>(
      pump, source, target, limits,
      [range](int64_t rowtime, int64_t /*time_key*/) { return rowtime + range; });
}

}  // namespace weir::stream
