#include "stream/source/record_decoder.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "sql/compiler.h"
#include "stream/expressions/calendar.h"
#include "stream/operators/error_reporter.h"

namespace weir::stream {

RecordDecoder::RecordDecoder(json::ColumnDecoder decoder, const log::Stream& stream,
                             std::vector<bool> implicit_used)
    : decoder_(std::move(decoder)), stream_(&stream), implicit_used_(std::move(implicit_used)) {}

base::Result<RecordDecoder> RecordDecoder::Create(const InputDefinition& input,
                                                  const log::Stream& stream,
                                                  std::vector<bool> implicit_used) {
  std::vector<json::ColumnMapping> mappings;
  for (const InputColumn& column : input.columns) {
    mappings.push_back({.name = column.name, .path = column.mapping, .type = column.type});
  }
  ASSIGN_OR_RETURN(json::ColumnDecoder decoder,
                   json::ColumnDecoder::Create(input.row_path, std::move(mappings)));
  return RecordDecoder(std::move(decoder), stream, std::move(implicit_used));
}

model::ColumnBatch RecordDecoder::Decode(const MergedRecords& records,
                                         std::vector<ErrorRow>& errors, uint64_t* rejected) {
  rejected_.clear();
  record_of_row_.clear();
  model::ColumnBatch batch = decoder_.Decode(records.batch, rejected_, record_of_row_);
  *rejected += rejected_.size();
  for (json::RejectedRecord& reject : rejected_) {
    const model::Record& record = records.batch.records[reject.record];
    errors.push_back({.rowtime = record.arrival.millis,
                      .name = "RecordRejected",
                      .message = std::move(reject.reason),
                      .data = std::string(record.data.substr(0, kMaxErrorData)),
                      .pump = {}});
  }
  FillImplicit(records, batch);
  return batch;
}

// A record's shard is in the stream's definition, which may have grown since the last one.
int64_t RecordDecoder::CreatedSeconds(uint32_t shard) {
  const auto known = created_seconds_.find(shard);
  if (known != created_seconds_.end()) {
    return known->second;
  }
  const log::StreamDefinition& definition = stream_->definition();
  for (const log::ShardDefinition& each : definition.shards) {
    created_seconds_[each.id] = FloorDivide(log::ShardCreated(definition, each).millis, 1'000);
  }
  return created_seconds_[shard];
}

void RecordDecoder::FillImplicit(const MergedRecords& records, model::ColumnBatch& batch) {
  if (std::ranges::find(implicit_used_, true) == implicit_used_.end()) {
    return;
  }
  const model::Schema all = sql::WithImplicitColumns({});
  auto arena = std::make_shared<model::StringArena>();
  for (size_t i = 0; i < all.size(); ++i) {
    model::Column column;
    column.type = all[i].type;
    column.Resize(batch.size());
    if (i == 0) {
      column.ints = batch.rowtimes;  // A row's ROWTIME is its record's arrival time.
    }
    for (size_t row = 0; row < batch.size() && i != 0 && implicit_used_[i]; ++row) {
      const model::Record& record = records.batch.records[record_of_row_[row]];
      const uint32_t shard = records.shards[record_of_row_[row]];
      if (i == 1) {
        column.strings[row] = record.partition_key;
      } else if (i == 2) {
        column.strings[row] = arena->Add(model::FormatSequenceNumber(
            {.shard_created_seconds = CreatedSeconds(shard),
             .shard = shard,
             .sequence = record.sequence,
             .arrival_seconds = FloorDivide(record.arrival.millis, 1000)}));
      } else {
        column.strings[row] = arena->Add(model::FormatShardId(shard));
      }
    }
    batch.columns.push_back(std::move(column));
  }
  batch.keep_alive.push_back(std::move(arena));
}

}  // namespace weir::stream
