#pragma once

#include <cstddef>

#include "ingest/aws/call.h"
#include "ingest/kinesis/parts.h"
#include "ingest/kinesis/shard_iterator.h"

namespace weir::ingest::kinesis {

inline constexpr size_t kMaxRecordsRead = 10'000;
inline constexpr size_t kMaxBytesRead = 10 << 20;  // Of data.

// Records of one shard as the API gives them, and what it says of the place behind them.
struct ShardRecords {
  log::ReadResult read;  // Within the limits; `next` is behind the last one.
  int64_t millis_behind = 0;
};

// Reads the disk.
std::expected<ShardRecords, aws::ApiError> ReadShard(const Parts& parts, log::Stream& stream,
                                                     uint32_t shard, model::Sequence from,
                                                     size_t max_records, size_t max_bytes);

// A list of maps: SequenceNumber, ApproximateArrivalTimestamp, Data, PartitionKey, EncryptionType.
void WriteRecords(const log::StreamDefinition& stream, uint32_t shard,
                  const model::RecordBatch& batch, aws::Writer& writer);

aws::Answer GetRecords(const Parts& parts, const aws::Call& call);

}  // namespace weir::ingest::kinesis
