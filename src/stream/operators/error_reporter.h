#pragma once

#include <string>
#include <vector>

#include "json/row_encoder.h"
#include "model/types.h"
#include "stream/expressions/vector.h"
#include "stream/operators/operator.h"

namespace weir::stream {

inline constexpr size_t kMaxErrorMessage = 4096;    // error_stream's MESSAGE column.
inline constexpr size_t kMaxErrorData = 49152 / 2;  // DATA_ROW holds two hex digits a byte.

// Turns the failing rows of a batch into error rows that hold the row as JSON. Immutable.
class ErrorReporter {
 public:
  // `schema` is the shape of the batches' first columns; error rows show no others.
  ErrorReporter(std::string pump, model::Schema schema);

  // Takes `errors` and appends one error row for each, in the order of the rows.
  void Report(const model::ColumnBatch& batch, RowErrors& errors, std::vector<ErrorRow>& out) const;

 private:
  std::string pump_;
  json::RowEncoder encoder_;
};

}  // namespace weir::stream
