#include "stream/operators/error_reporter.h"

#include <algorithm>
#include <utility>

namespace weir::stream {

namespace {

// Cuts UTF-8 text before the character that would pass `limit` bytes.
void CutText(std::string& text, size_t limit) {
  if (text.size() <= limit) {
    return;
  }
  while (limit > 0 && (static_cast<unsigned char>(text[limit]) & 0xC0) == 0x80) {
    --limit;
  }
  text.resize(limit);
}

}  // namespace

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
    CutText(row.message, kMaxErrorMessage);
    encoder_.Append(batch, entry.row, row.data);
    row.data.resize(std::min(row.data.size(), kMaxErrorData));
    out.push_back(std::move(row));
  }
}

}  // namespace weir::stream
