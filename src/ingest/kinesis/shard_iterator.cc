#include "ingest/kinesis/shard_iterator.h"

#include <algorithm>

#include "base/bytes.h"
#include "ingest/aws/account.h"
#include "ingest/kinesis/page_token.h"
#include "ingest/kinesis/request.h"

namespace weir::ingest::kinesis {
namespace {

using aws::Answer;
using aws::ApiError;
using aws::MakeError;

constexpr char kKind = 'i';

std::unexpected<ApiError> Invalid(std::string message) {
  return std::unexpected(ApiError{"InvalidArgumentException", std::move(message)});
}

std::expected<model::Sequence, ApiError> FindSequence(log::Stream& stream,
                                                      const log::ShardDefinition& shard,
                                                      const StartingPosition& position) {
  const log::StreamDefinition& definition = stream.definition();
  const std::string_view number = *position.sequence_number;
  const auto wrong = [&](std::string_view why) {
    return Invalid(
        fmt::format("StartingSequenceNumber {} used in GetShardIterator on shard {} in stream {} "
                    "under account {} is invalid{}.",
                    number, model::FormatShardId(shard.id), definition.name, aws::kAccount, why));
  };
  const auto parts = model::ParseSequenceNumber(number);
  if (!parts) {
    return wrong("");
  }
  if (parts->shard != shard.id) {
    return Invalid(
        fmt::format("Invalid StartingSequenceNumber. It encodes {}, while it was used in a call to "
                    "a shard with {}",
                    model::FormatShardId(parts->shard), model::FormatShardId(shard.id)));
  }
  if (parts->shard_created_seconds != log::ShardCreated(definition, shard).millis / 1000) {
    return wrong(" because it did not come from this stream");
  }
  const model::Sequence end = stream.DurableEnd(shard.id);
  if (parts->sequence >= end) {
    return end;
  }
  // A number without an arrival is the place before the record, not the record.
  const bool behind = position.type == "AFTER_SEQUENCE_NUMBER" && parts->arrival_seconds != 0;
  return model::Sequence{parts->sequence.value + (behind ? 1 : 0)};
}

std::expected<model::Sequence, ApiError> FindTime(const Parts& parts, log::Stream& stream,
                                                  const log::ShardDefinition& shard,
                                                  const StartingPosition& position) {
  if (!position.timestamp) {
    return Invalid(
        "Must specify timestampInMillis parameter for iterator of type AT_TIMESTAMP. Current "
        "request has no timestamp parameter.");
  }
  if (position.timestamp->millis > parts.Now().millis) {
    return Invalid(
        fmt::format("The timestampInMillis parameter cannot be greater than the "
                    "currentTimestampInMillis. timestampInMillis: {}, currentTimestampInMillis: {}",
                    position.timestamp->millis, parts.Now().millis));
  }
  const auto found = stream.FindArrival(shard.id, *position.timestamp);
  if (!found) {
    return std::unexpected(ErrorOf(found.error(), stream.name()));
  }
  return *found;
}

}  // namespace

std::string SealIterator(const ShardPlace& place, model::Rowtime now) {
  std::string bytes;
  base::ByteWriter writer(bytes);
  writer.String(place.stream);
  writer.I64(place.stream_created.millis);
  writer.U32(place.shard);
  writer.U64(place.next.value);
  return SealToken(kKind, now, bytes);
}

std::expected<ShardPlace, ApiError> OpenIterator(std::string_view text, model::Rowtime now) {
  const auto token = OpenToken(kKind, text);
  if (!token) {
    return Invalid("Invalid ShardIterator.");
  }
  if (now.millis - token->made.millis > kTokenMillis) {
    return std::unexpected(MakeError(
        "ExpiredIteratorException",
        "Iterator expired. The iterator was created at time {} while right now it is {} which is "
        "further in the future than the tolerated delay of {} milliseconds.",
        FormatUtc(token->made), FormatUtc(now), kTokenMillis));
  }
  base::ByteReader reader(token->payload);
  ShardPlace place;
  place.stream = reader.String();
  place.stream_created = {reader.I64()};
  place.shard = reader.U32();
  place.next = {reader.U64()};
  return place;
}

std::expected<model::Sequence, ApiError> FindPosition(const Parts& parts, log::Stream& stream,
                                                      const log::ShardDefinition& shard,
                                                      const StartingPosition& position) {
  const bool by_number = position.type.ends_with("SEQUENCE_NUMBER");
  if (by_number != position.sequence_number.has_value() && position.type != "AT_TIMESTAMP") {
    return Invalid(fmt::format(
        "Must either specify (1) AT_SEQUENCE_NUMBER or AFTER_SEQUENCE_NUMBER and "
        "StartingSequenceNumber or (2) TRIM_HORIZON or LATEST and no StartingSequenceNumber. "
        "Request specified {} and {} StartingSequenceNumber.",
        position.type, by_number ? "no" : "also a"));
  }
  if (by_number) {
    return FindSequence(stream, shard, position);
  }
  if (position.type == "AT_TIMESTAMP") {
    return FindTime(parts, stream, shard, position);
  }
  return position.type == "LATEST" ? stream.DurableEnd(shard.id) : stream.TrimHorizon(shard.id);
}

ApiError ShardNotFound(std::string_view shard, std::string_view stream) {
  return MakeError("ResourceNotFoundException",
                   "Shard {} in stream {} under account {} does not exist", shard, stream,
                   aws::kAccount);
}

Answer GetShardIterator(const Parts& parts, const aws::Call& call) {
  const auto name = StreamNameOf(call.request);
  if (!name) {
    return std::unexpected(name.error());
  }
  if (auto allowed = Authorize(parts, call, auth::Action::kReadRecords, *name); !allowed) {
    return std::unexpected(std::move(allowed.error()));
  }
  const std::string_view shard_id = TextOf(call.request, "ShardId").value_or("");
  const auto id = model::ParseShardId(shard_id);
  if (!id) {
    return std::unexpected(MakeError("ResourceNotFoundException",
                                     "Could not find shard {} in stream {} under account {}.",
                                     shard_id, *name, aws::kAccount));
  }
  log::Stream* const stream = parts.log.Find(*name);
  if (stream == nullptr) {
    return std::unexpected(ShardNotFound(shard_id, *name));
  }
  const log::StreamDefinition& definition = stream->definition();
  const auto shard = std::ranges::find(definition.shards, *id, &log::ShardDefinition::id);
  if (shard == definition.shards.end()) {
    return std::unexpected(ShardNotFound(shard_id, *name));
  }
  const auto position =
      FindPosition(parts, *stream, *shard,
                   {.type = TextOf(call.request, "ShardIteratorType").value_or(""),
                    .sequence_number = TextOf(call.request, "StartingSequenceNumber"),
                    .timestamp = TimeOf(call.request, "Timestamp")});
  if (!position) {
    return std::unexpected(position.error());
  }
  const ShardPlace place{.stream = definition.name,
                         .stream_created = definition.created,
                         .shard = *id,
                         .next = *position};
  const auto writer = aws::Writer::Create(call.encoding);
  writer->BeginMap();
  writer->Key("ShardIterator");
  writer->Text(SealIterator(place, parts.Now()));
  writer->EndMap();
  return writer->Take();
}

}  // namespace weir::ingest::kinesis
