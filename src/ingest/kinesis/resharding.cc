#include "ingest/kinesis/resharding.h"

#include <algorithm>

#include "ingest/aws/account.h"
#include "ingest/kinesis/request.h"

namespace weir::ingest::kinesis {
namespace {

using aws::Answer;
using aws::ApiError;
using aws::MakeError;

// Whether what the registry said of a change of `name` was yes.
Answer Finish(const Parts& parts, const aws::Call& call, const std::string& name,
              const base::Result<void>& changed, std::string answer = {}) {
  if (!changed) {
    return std::unexpected(ErrorOf(changed.error(), name));
  }
  Audit(parts, call, name);
  return answer;
}

// The shard that the member names, still open.
std::expected<const log::ShardDefinition*, ApiError> FindOpenShard(
    const log::StreamDefinition& stream, const json::Value& request, std::string_view member) {
  auto shard = FindShard(stream, TextOf(request, member).value_or(""));
  if (shard && (*shard)->closed) {
    return std::unexpected(
        MakeError("ResourceInUseException",
                  "Shard {} in stream {} under account {} has already been merged or split, and "
                  "thus is not eligible for merging or splitting.",
                  model::FormatShardId((*shard)->id), stream.name, aws::kAccount));
  }
  return shard;
}

}  // namespace

Answer SplitShard(const Parts& parts, const aws::Call& call) {
  const auto stream = FindStream(parts, call, auth::Action::kManageStreams);
  if (!stream) {
    return std::unexpected(stream.error());
  }
  const log::StreamDefinition& definition = stream->definition;
  const auto shard = FindOpenShard(definition, call.request, "ShardToSplit");
  if (!shard) {
    return std::unexpected(shard.error());
  }
  const std::string_view text = TextOf(call.request, "NewStartingHashKey").value_or("");
  const auto start = model::ParseHashKey(text);
  const log::ShardDefinition& parent = **shard;
  // Each child keeps at least two keys: differences, because neither end may wrap around.
  const bool inside = start && *start > parent.first_hash && *start < parent.last_hash &&
                      start->value - parent.first_hash.value > 1 &&
                      parent.last_hash.value - start->value >= 1;
  if (!inside) {
    return std::unexpected(MakeError(
        "InvalidArgumentException",
        "NewStartingHashKey {} used in SplitShard() on shard {} in stream {} under account {} is "
        "not both greater than one plus the shard's StartingHashKey {} and less than the shard's "
        "EndingHashKey {}.",
        text, model::FormatShardId(parent.id), definition.name, aws::kAccount,
        model::FormatHashKey(parent.first_hash), model::FormatHashKey(parent.last_hash)));
  }
  return Finish(parts, call, definition.name,
                parts.registry.SplitShard(definition.name, parent.id, *start));
}

Answer MergeShards(const Parts& parts, const aws::Call& call) {
  const auto stream = FindStream(parts, call, auth::Action::kManageStreams);
  if (!stream) {
    return std::unexpected(stream.error());
  }
  const log::StreamDefinition& definition = stream->definition;
  const auto one = FindOpenShard(definition, call.request, "ShardToMerge");
  const auto two = FindOpenShard(definition, call.request, "AdjacentShardToMerge");
  if (!one || !two) {
    return std::unexpected(one ? two.error() : one.error());
  }
  // Sums wrap at the end of the circle, where no shard begins but the first one.
  const auto follows = [](const log::ShardDefinition& a, const log::ShardDefinition& b) {
    return a.last_hash != model::kMaxHashKey && a.last_hash.value + 1 == b.first_hash.value;
  };
  if (!follows(**one, **two) && !follows(**two, **one)) {
    return std::unexpected(MakeError("InvalidArgumentException",
                                     "Shards {} and {} in stream {} under account {} are not an "
                                     "adjacent pair of shards eligible for merging",
                                     model::FormatShardId((*one)->id),
                                     model::FormatShardId((*two)->id), definition.name,
                                     aws::kAccount));
  }
  return Finish(parts, call, definition.name,
                parts.registry.MergeShards(definition.name, (*one)->id, (*two)->id));
}

Answer UpdateShardCount(const Parts& parts, const aws::Call& call) {
  const auto stream = FindStream(parts, call, auth::Action::kManageStreams);
  if (!stream) {
    return std::unexpected(stream.error());
  }
  const std::string& name = stream->definition.name;
  const int64_t open =
      std::ranges::count(stream->definition.shards, false, &log::ShardDefinition::closed);
  const int64_t target = IntegerOf(call.request, "TargetShardCount").value_or(0);
  const auto writer = aws::Writer::Create(call.encoding);
  writer->BeginMap();
  WriteNames(parts, name, *writer);
  writer->Key("CurrentShardCount");
  writer->Integer(open);
  writer->Key("TargetShardCount");
  writer->Integer(target);
  writer->EndMap();
  return Finish(parts, call, name,
                parts.registry.UpdateShardCount(
                    name, static_cast<uint32_t>(std::min<int64_t>(target, UINT32_MAX))),
                writer->Take());
}

}  // namespace weir::ingest::kinesis
