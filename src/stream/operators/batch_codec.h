#pragma once

#include <memory>

#include "base/bytes.h"
#include "base/result.h"
#include "model/column_batch.h"

namespace weir::stream {

// Rows as bytes of a checkpoint ("rows" in docs/formats/checkpoint.md).
void EncodeRows(const model::ColumnBatch& batch, base::ByteWriter& writer);

// The rows, with an own copy of their text. `schema` must be that of the encoded batch; kDataLoss
// otherwise.
base::Result<model::ColumnBatch> DecodeRows(const model::Schema& schema, base::ByteReader& reader);

// Appends rows [begin, end) of `from` to `to`, which has the same columns. Text is shared: both
// batches keep it alive.
void AppendRows(const model::ColumnBatch& from, size_t begin, size_t end, model::ColumnBatch& to);

// A one-value append to a growing column.
void AppendInt(model::Column& column, int64_t value);
void AppendDouble(model::Column& column, double value);
void AppendText(model::Column& column, std::string_view value);
void AppendNull(model::Column& column);

}  // namespace weir::stream
