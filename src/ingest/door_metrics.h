#pragma once

#include <string>
#include <string_view>

#include "base/metrics.h"

namespace weir::ingest {

// What came in at one door, so that received = accepted + each kind of refusal. Thread-safe.
class DoorMetrics {
 public:
  DoorMetrics(base::Metrics& metrics, std::string_view door)
      : accepted(Records(metrics, door, "accepted")),
        duplicate(Records(metrics, door, "duplicate")),
        malformed(Records(metrics, door, "malformed")),
        future(Records(metrics, door, "future")),
        failed(Records(metrics, door, "failed")),
        bytes(metrics.GetCounter("weir_ingest_bytes_total", "Bytes of accepted records' data.",
                                 {{"door", std::string(door)}})) {}

  base::Counter& accepted;   // Durable, and the client was told so.
  base::Counter& duplicate;  // Of an event that was stored before; the client was told its place.
  base::Counter& malformed;  // Refused: not a record.
  base::Counter& future;     // Refused: its own time is too far ahead.
  base::Counter& failed;     // The log did not take it; the client was told to try again.
  base::Counter& bytes;

 private:
  static base::Counter& Records(base::Metrics& metrics, std::string_view door,
                                std::string_view result) {
    return metrics.GetCounter("weir_ingest_records_total",
                              "Records received, by what became of them.",
                              {{"door", std::string(door)}, {"result", std::string(result)}});
  }
};

}  // namespace weir::ingest
