#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/file_system.h"
#include "base/metrics.h"
#include "base/result.h"
#include "catalog/catalog.h"
#include "ingest/intake.h"
#include "log/log.h"

namespace weir::ingest::deduplication {

struct Options {
  std::string folder;  ///< For the runs of event ids.
  /// Event ids that a stream keeps in memory before they are written as a run; about 80 bytes each
  /// at most, and again as many while they are being written.
  size_t memory_events = size_t{1} << 19;
  /// Bytes of entries that may wait to be judged; appends beyond it are refused with kUnavailable.
  size_t max_waiting_bytes = size_t{64} << 20;
  bool threads = true;  ///< Without, everything happens within Append (tests).
};

/// An intake before another: of the streams that the catalog's "Weir::Deduplication" resources
/// name, it stores each event once within the horizon, and passes everything else on. It may call
/// back from a thread of its own. The stream's log must be open; streams and resources that come
/// later are found with the next append. While the index of a stream cannot be opened or its
/// definition read, its records are refused (kUnavailable), and it is tried again each second. The
/// other parts, and the log, outlive it; destroy it when the log has shut down. Fails when the
/// catalog or the folder of the runs cannot be read or changed.
base::Result<std::unique_ptr<Intake>> CreateDeduplication(const Options& options, Intake& next,
                                                          log::Log& log, catalog::Catalog& catalog,
                                                          base::FileSystem& files,
                                                          base::Clock& clock,
                                                          base::Metrics& metrics);

}  // namespace weir::ingest::deduplication
