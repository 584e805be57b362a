#include "stream/operators/tumbling_window.h"

#include "stream/expressions/calendar.h"

namespace weir::stream {

std::unique_ptr<Operator> MakeTumblingWindow(const sql::PumpPlan& pump, const model::Schema& source,
                                             const model::Schema& target, WindowLimits limits) {
  const sql::Window window = pump.select.window;
  const bool calendar = window.unit == sql::TimeUnit::kMonth || window.unit == sql::TimeUnit::kYear;
  return std::make_unique<WindowAggregation>(
      pump, source, target, limits, [window, calendar](int64_t /*rowtime*/, int64_t time_key) {
        return calendar ? NextUnit(time_key, window.unit) : time_key + window.step_millis;
      });
}

}  // namespace weir::stream
