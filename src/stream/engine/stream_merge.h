#pragma once

#include <cstdint>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "model/column_batch.h"
#include "stream/operators/operator.h"

namespace weir::stream {

// An in-application stream that several feeders write to: their rows in the order (ROWTIME, feeder,
// order within the feeder), each released only when no other feeder can still write an earlier one.
// With one feeder rows pass at once. Not thread-safe.
class StreamMerge {
 public:
  // Rows that may wait for other feeders; beyond it the application fails with kLimitExceeded.
  static constexpr size_t kMaxHeldRows = 1'000'000;

  StreamMerge(model::Schema schema, size_t feeders);

  // Rows of one feeder, in order, after which none before `bound` will come.
  void Push(size_t feeder, model::ColumnBatch rows, int64_t bound);

  // What can be released now.
  base::Result<model::ColumnBatch> Take();

  // No row that is still to come is earlier.
  int64_t bound() const;

  // Rows that wait, feeder after feeder.
  model::ColumnBatch Held() const;

  void Save(base::ByteWriter& writer) const;
  base::Result<void> Load(base::ByteReader& reader);

 private:
  struct Feeder {
    model::ColumnBatch rows;
    size_t at = 0;
    int64_t bound = kEarliest;
  };

  model::Schema schema_;
  std::vector<Feeder> feeders_;
};

}  // namespace weir::stream
