#include "stream/operators/error_reporter.h"

#include <algorithm>
#include <utility>

namespace weir::stream {

ErrorReporter::ErrorReporter(std::string pump, model::Schema schema)
    : pump_(std::move(pump)), encoder_(std::move(schema)) {}

void ErrorReporter::Report(const model::ColumnBatch& batch, RowErrors& errors,
                           std::vector<ErrorRow>& out) const {
  for (RowErrors::Entry& entry : errors.Take()) {
    ErrorRow row{.rowtime = batch.rowtimes[entry.row],
                 .name = "RowError",
                 .message = std::move(entry.message),
                 .data = {},
                 .pump = pump_};
    row.message.resize(std::min(row.message.size(), kMaxErrorMessage));
    encoder_.Append(batch, entry.row, row.data);
    row.data.resize(std::min(row.data.size(), kMaxErrorData));
    out.push_back(std::move(row));
  }
}

}  // namespace weir::stream
