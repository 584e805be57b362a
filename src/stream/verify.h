#pragma once

/// Checks what an application has written against its input.

#include <cstdint>
#include <string>

#include "base/clock.h"
#include "base/file_system.h"
#include "base/result.h"
#include "log/log.h"
#include "stream/application.h"

namespace weir::stream {

struct VerifyOutcome {
  uint64_t rows_compared =
      0;  ///< Computed again and found stored, byte for byte, with the same arrival time.
  uint64_t different = 0;  ///< Stored otherwise than computed.
  uint64_t missing = 0;  ///< Computed but not stored yet: normal for an application that is behind
                         ///< or stopped hard.
  uint64_t extra = 0;    ///< Stored, though the input gives no such row.
  uint64_t not_determinable =
      0;  ///< Rows that retention removed from the derived stream or whose input is gone.
  std::string first_difference;  ///< Output, ordinal, both rows; "" when there is none.
  std::string note;              ///< What could not be checked, and why; "" when everything was.

  /// Nothing contradicts the input. (missing is no contradiction, see above.)
  bool ok() const { return different == 0 && extra == 0; }
};

/// Computes every output of the application again from the raw log, in memory, from where its
/// program began (or, when retention has removed that, from its oldest checkpoint), and compares
/// with the derived streams record by record. Writes nothing. The streams must be open; the
/// application should not be running, else rows that it writes meanwhile count as extra or missing.
/// Errors of the log, of sql::Compile, and kNotFound for a stream.
base::Result<VerifyOutcome> RecomputeOutputs(const ApplicationDefinition& definition, log::Log& log,
                                             base::FileSystem& files, base::Clock& clock,
                                             const ApplicationOptions& options);

}  // namespace weir::stream
