#pragma once

#include <string>

#include "base/metrics.h"

namespace weir::delivery {

// The figures of one delivery.
struct DeliveryMetrics {
  explicit DeliveryMetrics(const std::string& delivery);

  base::Counter& records;
  base::Counter& failed_records;
  base::Counter& skipped_records;
  base::Counter& objects;
  base::Counter& bytes;
  base::Counter& errors;
  base::Gauge& pending_records;
};

}  // namespace weir::delivery
