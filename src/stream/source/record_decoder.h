#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "json/column_decoder.h"
#include "model/column_batch.h"
#include "stream/application.h"
#include "stream/operators/operator.h"
#include "stream/source/shard_merge.h"

namespace weir::stream {

// Turns records into rows of the input stream: the mapped columns, and behind them the implicit
// ones that the program uses. Not thread-safe.
class RecordDecoder {
 public:
  // `implicit_used`: for each of sql::kImplicitColumns, whether it must be filled. Errors as
  // json::ColumnDecoder::Create.
  static base::Result<RecordDecoder> Create(const InputDefinition& input,
                                            int64_t stream_created_millis,
                                            std::vector<bool> implicit_used);

  // The rows; appends what could not be read to `errors`, and adds its number to *rejected.
  model::ColumnBatch Decode(const MergedRecords& records, std::vector<ErrorRow>& errors,
                            uint64_t* rejected);

 private:
  RecordDecoder(json::ColumnDecoder decoder, int64_t stream_created_millis,
                std::vector<bool> implicit_used);
  void FillImplicit(const MergedRecords& records, model::ColumnBatch& batch);

  json::ColumnDecoder decoder_;
  int64_t stream_created_millis_;
  std::vector<bool> implicit_used_;
  std::vector<json::RejectedRecord> rejected_;
  std::vector<uint32_t> record_of_row_;
};

}  // namespace weir::stream
