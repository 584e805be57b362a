#include "ingest/kinesis/describe.h"

#include <algorithm>
#include <vector>

#include "base/bytes.h"
#include "json/document.h"

namespace weir::ingest::kinesis {
namespace {

constexpr int64_t kMillisPerHour = 3'600'000;
constexpr int64_t kDefaultStreams = 100;
constexpr int64_t kMaxStreams = 10'000;
constexpr int64_t kMaxShards = 10'000;
constexpr size_t kMaxQuotedOperation = 64;

using Answer = std::expected<std::string, ApiError>;

json::Value Seconds(model::Rowtime time) {
  return static_cast<double>(time.millis) / 1000;
}

std::string Text(const json::Value& request, std::string_view name) {
  const json::Value* const value = request.Find(name);
  return std::string(value == nullptr ? "" : value->AsString().value_or(""));
}

// A count between 1 and `most`, `most` when missing.
std::expected<size_t, ApiError> Count(const json::Value& request, std::string_view name,
                                      std::string_view member, int64_t fallback, int64_t most) {
  const json::Value* const value = request.Find(name);
  if (value == nullptr || value->IsNull()) {
    return static_cast<size_t>(fallback);
  }
  const int64_t count = value->AsInt().value_or(0);
  if (count < 1 || count > most) {
    const std::string constraint = count < 1
                                       ? "have value greater than or equal to 1"
                                       : fmt::format("have value less than or equal to {}", most);
    return std::unexpected(
        ValidationError(ConstraintFailure(fmt::format("'{}'", count), member, constraint), 1));
  }
  return static_cast<size_t>(count);
}

std::expected<log::Stream*, ApiError> FindStream(const log::Log& log, const json::Value& request) {
  std::string name = Text(request, "StreamName");
  if (name.empty()) {
    const std::string arn = Text(request, "StreamARN");
    const size_t slash = arn.find('/');
    name = slash == std::string::npos ? "" : arn.substr(slash + 1);
  }
  if (name.empty()) {
    return std::unexpected(
        ValidationError(ConstraintFailure("null", "streamName", "not be null"), 1));
  }
  log::Stream* const stream = log.Find(name);
  if (stream == nullptr) {
    return std::unexpected(StreamNotFound(name));
  }
  return stream;
}

json::Value Mode() {
  return json::Value::Object().Set("StreamMode", "PROVISIONED");
}

Answer ListStreams(const log::Log& log, const json::Value& request) {
  const auto limit = Count(request, "Limit", "limit", kDefaultStreams, kMaxStreams);
  if (!limit) {
    return std::unexpected(limit.error());
  }
  std::string after = Text(request, "ExclusiveStartStreamName");
  if (after.empty()) {
    after = Text(request, "NextToken");
  }
  std::vector<const log::StreamDefinition*> found;
  for (const log::Stream* stream : log.Streams()) {
    if (stream->definition().name > after) {
      found.push_back(&stream->definition());
    }
  }
  std::ranges::sort(found, {}, [](const auto* definition) { return definition->name; });
  const bool more = found.size() > *limit;
  found.resize(std::min(found.size(), *limit));
  json::Value names = json::Value::Array();
  json::Value summaries = json::Value::Array();
  for (const log::StreamDefinition* definition : found) {
    names.Append(definition->name);
    summaries.Append(json::Value::Object()
                         .Set("StreamName", definition->name)
                         .Set("StreamARN", StreamArn(definition->name))
                         .Set("StreamStatus", "ACTIVE")
                         .Set("StreamModeDetails", Mode())
                         .Set("StreamCreationTimestamp", Seconds(definition->created)));
  }
  json::Value answer = json::Value::Object()
                           .Set("HasMoreStreams", more)
                           .Set("StreamNames", std::move(names))
                           .Set("StreamSummaries", std::move(summaries));
  if (more) {
    answer.Set("NextToken", found.back()->name);
  }
  return answer.Serialize();
}

Answer DescribeStreamSummary(const log::Log& log, const json::Value& request) {
  const auto stream = FindStream(log, request);
  if (!stream) {
    return std::unexpected(stream.error());
  }
  const log::StreamDefinition& definition = (*stream)->definition();
  json::Value summary =
      json::Value::Object()
          .Set("StreamName", definition.name)
          .Set("StreamARN", StreamArn(definition.name))
          .Set("StreamStatus", "ACTIVE")
          .Set("StreamModeDetails", Mode())
          .Set("RetentionPeriodHours", definition.retention_millis / kMillisPerHour)
          .Set("StreamCreationTimestamp", Seconds(definition.created))
          .Set("EnhancedMonitoring", json::Value::Array().Append(json::Value::Object().Set(
                                         "ShardLevelMetrics", json::Value::Array())))
          .Set("EncryptionType", "NONE")
          .Set("OpenShardCount", definition.shards.size())
          .Set("ConsumerCount", 0);
  return json::Value::Object().Set("StreamDescriptionSummary", std::move(summary)).Serialize();
}

json::Value ShardValue(const log::StreamDefinition& stream, const log::ShardDefinition& shard) {
  const std::string first =
      model::FormatSequenceNumber({.shard_created_seconds = stream.created.millis / 1000,
                                   .shard = shard.id,
                                   .sequence = {},
                                   .arrival_seconds = stream.created.millis / 1000});
  return json::Value::Object()
      .Set("ShardId", model::FormatShardId(shard.id))
      .Set("HashKeyRange", json::Value::Object()
                               .Set("StartingHashKey", model::FormatHashKey(shard.first_hash))
                               .Set("EndingHashKey", model::FormatHashKey(shard.last_hash)))
      .Set("SequenceNumberRange", json::Value::Object().Set("StartingSequenceNumber", first));
}

// A token names the stream and the last shard listed, as hex of "<name>/<shard id>".
Answer ListShards(const log::Log& log, json::Value request) {
  const auto limit = Count(request, "MaxResults", "maxResults", kMaxShards, kMaxShards);
  if (!limit) {
    return std::unexpected(limit.error());
  }
  std::string after = Text(request, "ExclusiveStartShardId");
  if (const std::string token = Text(request, "NextToken"); !token.empty()) {
    const std::string place = base::FromHex(token).value_or("");
    const size_t slash = place.find('/');
    if (slash == std::string::npos) {
      return std::unexpected(MakeError("InvalidArgumentException", "Invalid NextToken."));
    }
    request.Set("StreamName", place.substr(0, slash));
    after = place.substr(slash + 1);
  }
  const auto stream = FindStream(log, request);
  if (!stream) {
    return std::unexpected(stream.error());
  }
  const log::StreamDefinition& definition = (*stream)->definition();
  json::Value shards = json::Value::Array();
  std::string last;
  bool more = false;
  for (const log::ShardDefinition& shard : definition.shards) {
    const std::string id = model::FormatShardId(shard.id);
    if (id <= after) {
      continue;
    }
    more = shards.Items().size() == *limit;
    if (more) {
      break;
    }
    shards.Append(ShardValue(definition, shard));
    last = id;
  }
  json::Value answer = json::Value::Object().Set("Shards", std::move(shards));
  if (more) {
    answer.Set("NextToken", base::ToHex(definition.name + "/" + last));
  }
  return answer.Serialize();
}

}  // namespace

Answer Describe(const log::Log& log, std::string_view operation, std::string_view body) {
  auto request = json::Parse(body);
  if (!request || !request->IsObject()) {
    return std::unexpected(
        MakeError("SerializationException", "{}",
                  request ? "Start of structure or map expected" : request.error().message));
  }
  if (operation == "ListStreams") {
    return ListStreams(log, *request);
  }
  if (operation == "DescribeStreamSummary") {
    return DescribeStreamSummary(log, *request);
  }
  if (operation == "ListShards") {
    return ListShards(log, *std::move(request));
  }
  return std::unexpected(
      MakeError("UnknownOperationException",
                "operation '{}' is not served here: PutRecord, PutRecords, ListStreams, "
                "DescribeStreamSummary and ListShards are",
                operation.substr(0, kMaxQuotedOperation)));
}

}  // namespace weir::ingest::kinesis
