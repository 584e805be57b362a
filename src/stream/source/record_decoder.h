#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "json/column_decoder.h"
#include "log/log.h"
#include "model/column_batch.h"
#include "stream/application.h"
#include "stream/operators/operator.h"
#include "stream/source/shard_merge.h"

namespace weir::stream {

// Turns records into rows of the input stream: the mapped columns, and behind them the implicit
// ones that the program uses. Not thread-safe.
class RecordDecoder {
 public:
  // Of records of `stream`, which must outlive this. `implicit_used`: for each of
  // sql::kImplicitColumns, whether it must be filled. Errors as json::ColumnDecoder::Create.
  static base::Result<RecordDecoder> Create(const InputDefinition& input, const log::Stream& stream,
                                            std::vector<bool> implicit_used);

  // The rows; appends what could not be read to `errors`, and adds its number to *rejected.
  model::ColumnBatch Decode(const MergedRecords& records, std::vector<ErrorRow>& errors,
                            uint64_t* rejected);

 private:
  RecordDecoder(json::ColumnDecoder decoder, const log::Stream& stream,
                std::vector<bool> implicit_used);
  int64_t CreatedSeconds(uint32_t shard);
  void FillImplicit(const MergedRecords& records, model::ColumnBatch& batch);

  json::ColumnDecoder decoder_;
  const log::Stream* stream_;
  std::map<uint32_t, int64_t> created_seconds_;  // By shard.
  std::vector<bool> implicit_used_;
  std::vector<json::RejectedRecord> rejected_;
  std::vector<uint32_t> record_of_row_;
};

}  // namespace weir::stream
