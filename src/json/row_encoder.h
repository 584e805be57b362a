#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "model/column_batch.h"
#include "model/types.h"

namespace weir::json {

/// Appends `text` as a JSON string with its quotes. Valid UTF-8 passes; each byte that is not part
/// of it becomes U+FFFD.
void AppendQuoted(std::string_view text, std::string& out);

/// Writes rows as JSON objects with the columns in declared order. The same row gives the same
/// bytes. Thread-safe.
class RowEncoder {
 public:
  explicit RowEncoder(model::Schema schema);

  /// Appends row `row` of `batch`, whose first columns are those of the schema; what stands behind
  /// them is ignored. NULL as null, DECIMAL as an exact number, TIMESTAMP as "2026-11-22
  /// 07:35:31.123", DATE and TIME likewise, VARBINARY as hex, a floating value that JSON cannot
  /// hold (NaN, infinity) as null. No newline.
  void Append(const model::ColumnBatch& batch, size_t row, std::string& out) const;

 private:
  model::Schema schema_;
  /// `{"name":` or `,"name":` of each column.
  std::vector<std::string> prefixes_;
};

}  // namespace weir::json
