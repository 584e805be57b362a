#include "delivery/metrics.h"

namespace weir::delivery {
namespace {

base::Counter& CounterOf(const std::string& delivery, std::string_view name,
                         std::string_view help) {
  return base::ProcessMetrics().GetCounter(name, help, {{"delivery", delivery}});
}

}  // namespace

DeliveryMetrics::DeliveryMetrics(const std::string& delivery)
    : records(CounterOf(delivery, "weir_delivery_records_total",
                        "Records committed to objects, failed ones not included.")),
      failed_records(CounterOf(delivery, "weir_delivery_failed_records_total",
                               "Records written under the error prefix.")),
      skipped_records(CounterOf(delivery, "weir_delivery_skipped_records_total",
                                "Records that retention removed before they were delivered.")),
      objects(CounterOf(delivery, "weir_delivery_objects_total", "Objects committed.")),
      bytes(CounterOf(delivery, "weir_delivery_bytes_total", "Bytes of committed objects.")),
      errors(CounterOf(delivery, "weir_delivery_errors_total",
                       "Attempts that failed and are repeated.")),
      pending_records(base::ProcessMetrics().GetGauge("weir_delivery_pending_records",
                                                      "Records in the log, not delivered yet.",
                                                      {{"delivery", delivery}})) {}

}  // namespace weir::delivery
