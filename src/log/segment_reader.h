#pragma once

#include <cstdint>
#include <string_view>

#include "base/file_system.h"
#include "base/result.h"
#include "log/segment_format.h"
#include "model/record.h"

namespace weir::log {

/// A durable stretch of one segment file.
struct SegmentStretch {
  base::File& file;
  std::string_view path;
  uint64_t segment_id = 0;
  /// Where a batch begins.
  uint64_t offset = 0;
  /// Where the durable part ends.
  uint64_t limit = 0;
};

struct ReadLimits {
  size_t max_records = 0;
  size_t max_bytes = 0;  ///< of keys and data; the record that passes it is still taken
};

/// Adds the records of `stretch` from `from` on to `batch`, with the memory that they view. Checks
/// every batch that it takes records from. Returns the offset of the batch in which (or after
/// which) it stopped. kDataLoss with file and offset.
base::Result<uint64_t> ReadSegment(const SegmentStretch& stretch, model::Sequence from,
                                   const ReadLimits& limits, model::RecordBatch& batch);

}  // namespace weir::log
