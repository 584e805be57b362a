#pragma once

#include <string>

#include "base/metrics.h"

namespace weir::log {

/// The figures of one stream. The registry outlives it.
struct ShardMetrics {
  ShardMetrics(base::Metrics& metrics, const std::string& stream)
      : append_bytes(metrics.GetCounter("weir_log_append_bytes_total",
                                        "Bytes made durable, with headers.", {{"stream", stream}})),
        append_records(metrics.GetCounter("weir_log_append_records_total", "Records made durable.",
                                          {{"stream", stream}})),
        fsync_seconds(metrics.GetHistogram("weir_log_fsync_duration_seconds",
                                           "Duration of each sync of a segment.")),
        fsync_errors(metrics.GetCounter("weir_log_fsync_errors_total", "Syncs that failed.")),
        torn_tails(
            metrics.GetCounter("weir_log_torn_tail_truncations_total",
                               "Unacknowledged writes cut from the end of a shard at opening.")),
        corruptions(metrics.GetCounter("weir_log_corruptions_total",
                                       "Damaged segments found at opening or by a read.")),
        batch_records(metrics.GetHistogram("weir_log_batch_records", "Records per sync.", {},
                                           {1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144})) {
  }

  base::Counter& append_bytes;
  base::Counter& append_records;
  base::Histogram& fsync_seconds;
  base::Counter& fsync_errors;
  base::Counter& torn_tails;
  base::Counter& corruptions;
  base::Histogram& batch_records;
};

}  // namespace weir::log
