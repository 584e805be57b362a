#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/file_system.h"
#include "base/result.h"
#include "log/segment.h"
#include "log/segment_format.h"
#include "model/record.h"

namespace weir::log {

struct ScanOptions {
  /// Read payloads too: check them, and learn producers and the last arrival.
  bool payloads = false;
  /// Take the file as ending here (a write that begins here or later is not followed).
  uint64_t end = std::numeric_limits<uint64_t>::max();
};

/// What following a segment's chain of writes found.
struct SegmentScan {
  SegmentHeader header;
  uint64_t data_offset = 0;
  uint64_t file_bytes = 0;

  // Up to the last whole write:
  model::Sequence end_sequence;
  uint64_t valid_bytes = 0;        ///< where the next write would begin
  uint64_t last_write_offset = 0;  ///< where the last whole write begins; 0 when there is none
  uint32_t chain = 0;
  model::Rowtime bound;  ///< with payloads: exact; else the last batch's arrival base
  bool ends_with_statement = false;
  uint64_t batches = 0;
  std::vector<IndexEntry> index;
  ProducerTable producers;  ///< with payloads: next ordinals at the end

  // After it:
  uint64_t stop_offset = 0;  ///< the batch position that did not hold the next batch
  std::string stop_reason;
};

/// Follows the chain from the header of `file` on. kDataLoss when the header is damaged; what comes
/// after the last whole write is not judged: see InspectTail.
base::Result<SegmentScan> ScanSegment(base::File& file, std::string_view path,
                                      const ScanOptions& options);

/// What lies between the last whole write and the end of the file.
struct Tail {
  /// Offset after the last byte that is not zero; valid_bytes when all are zero.
  uint64_t used_end = 0;
  /// A batch of a write that was begun after the first damage was synced: the damage is rot.
  std::optional<uint64_t> later_write;
};

base::Result<Tail> InspectTail(base::File& file, std::string_view path, const SegmentScan& scan);

}  // namespace weir::log
