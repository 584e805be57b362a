#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "model/column_batch.h"
#include "model/types.h"

namespace weir::stream {

inline constexpr int64_t kEarliest = std::numeric_limits<int64_t>::min();
inline constexpr int64_t kLatest = std::numeric_limits<int64_t>::max();

// A row of error_stream before it is written: what could not become a row, and why.
struct ErrorRow {
  int64_t rowtime = 0;
  std::string name;  // Kind of error, at most 32 characters.
  std::string message;
  std::string data;  // The record or the row as JSON; error_stream holds it in hex.
  std::string pump;  // "" for records that could not be read.
};

// What one pump made of one batch. Both in ascending order of rowtime.
struct OperatorOutput {
  model::ColumnBatch rows;
  std::vector<ErrorRow> errors;
};

// One SELECT of a pump. Its output is a function of the sequence of input rows alone: neither the
// cut into batches nor the moment at which a bound becomes known changes a row or its place.
// Not thread-safe.
class Operator {
 public:
  virtual ~Operator() = default;

  // Rows of the source in order; afterwards no row before `bound` will come.
  virtual void Process(const model::ColumnBatch& batch, int64_t bound, OperatorOutput& out) = 0;

  // No row that is still to come has an earlier rowtime, after the last Process with its bound.
  virtual int64_t OutputBound() const = 0;

  // What Process would write if every open window closed now, given such rows of the source as
  // well. Changes nothing.
  virtual model::ColumnBatch Provisional(const model::ColumnBatch& source_rows) = 0;

  virtual size_t open_windows() const { return 0; }

  // When the next window closes; nothing when none is open.
  virtual std::optional<int64_t> NextClose() const { return std::nullopt; }

  // State for a checkpoint, see docs/formats/checkpoint.md.
  virtual void Save(base::ByteWriter& writer) const = 0;
  // kDataLoss when the bytes are no such state. The operator must be new.
  virtual base::Result<void> Load(base::ByteReader& reader) = 0;
};

}  // namespace weir::stream
