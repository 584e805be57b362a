#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "ingest/aws/call.h"
#include "ingest/kinesis/parts.h"

namespace weir::ingest::kinesis {

// Where a reader is in a shard.
struct ShardPlace {
  std::string stream;
  model::Rowtime stream_created;
  uint32_t shard = 0;
  model::Sequence next;
};

// At most 512 characters.
std::string SealIterator(const ShardPlace& place, model::Rowtime now);

// InvalidArgumentException for what is no iterator, ExpiredIteratorException for an old one.
std::expected<ShardPlace, aws::ApiError> OpenIterator(std::string_view text, model::Rowtime now);

// A position as GetShardIterator and SubscribeToShard give it.
struct StartingPosition {
  std::string_view type;
  std::optional<std::string_view> sequence_number;
  std::optional<model::Rowtime> timestamp;
};

// Where the position is in a shard of an open stream. May read the disk.
std::expected<model::Sequence, aws::ApiError> FindPosition(const Parts& parts, log::Stream& stream,
                                                           const log::ShardDefinition& shard,
                                                           const StartingPosition& position);

// "Shard S in stream X under account N does not exist"
aws::ApiError ShardNotFound(std::string_view shard, std::string_view stream);

aws::Answer GetShardIterator(const Parts& parts, const aws::Call& call);

}  // namespace weir::ingest::kinesis
