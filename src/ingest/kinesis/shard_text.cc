#include "ingest/kinesis/shard_text.h"

#include <algorithm>

namespace weir::ingest::kinesis {
namespace {

// The greatest position that numbers of a closed shard name: beyond all of its records.
constexpr model::Sequence kLastPosition{INT64_MAX};

std::string SequenceNumber(const log::StreamDefinition& stream, const log::ShardDefinition& shard,
                           model::Sequence sequence, model::Rowtime arrival) {
  return model::FormatSequenceNumber(
      {.shard_created_seconds = log::ShardCreated(stream, shard).millis / 1000,
       .shard = shard.id,
       .sequence = sequence,
       .arrival_seconds = arrival.millis / 1000});
}

void WriteHashKeyRange(const log::ShardDefinition& shard, aws::Writer& writer) {
  writer.Key("HashKeyRange");
  writer.BeginMap();
  writer.Key("StartingHashKey");
  writer.Text(model::FormatHashKey(shard.first_hash));
  writer.Key("EndingHashKey");
  writer.Text(model::FormatHashKey(shard.last_hash));
  writer.EndMap();
}

}  // namespace

std::string NumberBefore(const log::StreamDefinition& stream, const log::ShardDefinition& shard,
                         model::Sequence next) {
  return SequenceNumber(stream, shard, next, {});
}

std::vector<const log::ShardDefinition*> ChildrenOf(const log::StreamDefinition& stream,
                                                    uint32_t shard) {
  std::vector<const log::ShardDefinition*> children;
  for (const log::ShardDefinition& other : stream.shards) {
    if (std::ranges::find(other.parents, shard) != other.parents.end()) {
      children.push_back(&other);
    }
  }
  return children;
}

std::optional<model::Rowtime> ClosedAt(const log::StreamDefinition& stream,
                                       const log::ShardDefinition& shard) {
  if (!shard.closed) {
    return std::nullopt;
  }
  const auto children = ChildrenOf(stream, shard.id);
  return children.empty() ? stream.created : log::ShardCreated(stream, *children.front());
}

void WriteShard(const log::StreamDefinition& stream, const log::ShardDefinition& shard,
                aws::Writer& writer) {
  writer.BeginMap();
  writer.Key("ShardId");
  writer.Text(model::FormatShardId(shard.id));
  if (!shard.parents.empty()) {
    writer.Key("ParentShardId");
    writer.Text(model::FormatShardId(shard.parents[0]));
  }
  if (shard.parents.size() > 1) {
    writer.Key("AdjacentParentShardId");
    writer.Text(model::FormatShardId(shard.parents[1]));
  }
  WriteHashKeyRange(shard, writer);
  writer.Key("SequenceNumberRange");
  writer.BeginMap();
  writer.Key("StartingSequenceNumber");
  writer.Text(NumberBefore(stream, shard, {}));
  if (const auto closed = ClosedAt(stream, shard)) {
    writer.Key("EndingSequenceNumber");
    writer.Text(SequenceNumber(stream, shard, kLastPosition, *closed));
  }
  writer.EndMap();
  writer.EndMap();
}

void WriteChildShards(const log::StreamDefinition& stream, uint32_t parent, aws::Writer& writer) {
  writer.BeginList();
  for (const log::ShardDefinition* const child : ChildrenOf(stream, parent)) {
    writer.BeginMap();
    writer.Key("ShardId");
    writer.Text(model::FormatShardId(child->id));
    writer.Key("ParentShards");
    writer.BeginList();
    for (const uint32_t id : child->parents) {
      writer.Text(model::FormatShardId(id));
    }
    writer.EndList();
    WriteHashKeyRange(*child, writer);
    writer.EndMap();
  }
  writer.EndList();
}

}  // namespace weir::ingest::kinesis
