#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "model/column_batch.h"
#include "model/types.h"

namespace weir::lake {

/// Encodes rows as Parquet (zstd, row groups of kRowGroupRows). The same rows give the same bytes
/// with the same DuckDB version. TIMESTAMP is TIMESTAMP(MICROS), not adjusted to UTC; DECIMAL(p,s)
/// is exact. Not thread-safe.
class ParquetEncoder {
 public:
  static constexpr size_t kRowGroupRows = 122'880;

  static base::Result<ParquetEncoder> Create();
  ParquetEncoder(ParquetEncoder&&) noexcept;
  ParquetEncoder& operator=(ParquetEncoder&&) noexcept;
  ~ParquetEncoder();

  /// The bytes of a Parquet file with the rows of `batches`, whose columns are those of `schema`.
  base::Result<std::string> Encode(const model::Schema& schema,
                                   std::span<const model::ColumnBatch> batches);

 private:
  struct State;
  explicit ParquetEncoder(std::unique_ptr<State> state);

  std::unique_ptr<State> state_;
};

/// Appends a JSON text as one line: newlines within it (white space between its tokens) become
/// spaces, those at its end go, and one ends the line.
void AppendJsonLine(std::string_view json, std::string& lines);

/// `data` as one gzip member without name and time, so that the same data gives the same bytes.
base::Result<std::string> Gzip(std::string_view data);
/// The reverse; kDataLoss when it is no gzip, kLimitExceeded beyond `max_bytes`.
base::Result<std::string> Gunzip(std::string_view data, size_t max_bytes);

}  // namespace weir::lake
