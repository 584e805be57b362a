#include "stream/engine/error_stream.h"

#include <memory>

#include "base/bytes.h"
#include "stream/operators/batch_codec.h"
#include "stream/operators/error_reporter.h"

namespace weir::stream {

const model::Schema& ErrorStreamSchema() {
  using model::TypeKind;
  static const model::Schema schema = {
      {.name = "ERROR_TIME", .type = {.kind = TypeKind::kTimestamp}},
      {.name = "ERROR_LEVEL", .type = {.kind = TypeKind::kVarchar, .precision = 10}},
      {.name = "ERROR_NAME", .type = {.kind = TypeKind::kVarchar, .precision = 32}},
      {.name = "MESSAGE", .type = {.kind = TypeKind::kVarchar, .precision = kMaxErrorMessage}},
      {.name = "DATA_ROWTIME", .type = {.kind = TypeKind::kTimestamp}},
      {.name = "DATA_ROW", .type = {.kind = TypeKind::kVarchar, .precision = 2 * kMaxErrorData}},
      {.name = "PUMP_NAME", .type = {.kind = TypeKind::kVarchar, .precision = 128}},
  };
  return schema;
}

model::ColumnBatch ToErrorRows(const std::vector<ErrorRow>& errors) {
  model::ColumnBatch batch = model::EmptyBatch(ErrorStreamSchema());
  auto arena = std::make_shared<model::StringArena>();
  for (const ErrorRow& error : errors) {
    batch.rowtimes.push_back(error.rowtime);
    AppendInt(batch.columns[0], error.rowtime);
    AppendText(batch.columns[1], "ERROR");
    AppendText(batch.columns[2], arena->Add(error.name));
    AppendText(batch.columns[3], arena->Add(error.message));
    AppendInt(batch.columns[4], error.rowtime);
    AppendText(batch.columns[5], arena->Add(base::ToHex(error.data)));
    if (error.pump.empty()) {
      AppendNull(batch.columns[6]);
    } else {
      AppendText(batch.columns[6], arena->Add(error.pump));
    }
  }
  batch.keep_alive.push_back(std::move(arena));
  return batch;
}

}  // namespace weir::stream
