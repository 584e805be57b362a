#include "ingest/kinesis/streams.h"

#include <algorithm>
#include <span>

#include "ingest/aws/account.h"
#include "ingest/kinesis/page_token.h"
#include "ingest/kinesis/request.h"
#include "ingest/kinesis/shard_text.h"
#include "ingest/kinesis/tags.h"

namespace weir::ingest::kinesis {
namespace {

using aws::Answer;
using aws::ApiError;
using aws::MakeError;
using registry::Registry;

constexpr char kListKind = 'l';
constexpr int64_t kDefaultStreams = 100;
constexpr int64_t kDefaultShards = 100;
constexpr int64_t kOnDemandShards = 4;
constexpr int64_t kMinRetentionHours = 24;
constexpr int64_t kMaxRetentionHours = 8'760;
constexpr int64_t kMaxRecordKib = log::kMaxRecordBytes >> 10;

std::string_view ModeOf(const json::Value& request) {
  const json::Value* const details = request.Find("StreamModeDetails");
  return details == nullptr ? "PROVISIONED"
                            : TextOf(*details, "StreamMode").value_or("PROVISIONED");
}

size_t OpenShards(const log::StreamDefinition& stream) {
  return static_cast<size_t>(
      std::ranges::count(stream.shards, false, &log::ShardDefinition::closed));
}

ApiError ShardLimit(const Parts& parts, int64_t more) {
  size_t open = 0;
  for (const registry::StreamInfo& stream : parts.registry.List()) {
    open += stream.derived ? 0 : OpenShards(stream.definition);
  }
  return MakeError(
      "LimitExceededException",
      "This request would exceed the shard limit for the account {} in {}. Current shard count for "
      "the account: {}. Limit: {}. Number of additional shards that would have resulted from this "
      "request: {}. Refer to the AWS Service Limits page "
      "(http://docs.aws.amazon.com/general/latest/gr/aws_service_limits.html) for current limits "
      "and how to request higher limits.",
      aws::kAccount, parts.region, open, Registry::kMaxOpenShards, more);
}

// Keeps the warm throughput that the request asks for, if it does.
base::Result<void> KeepWarmThroughput(const Parts& parts, const aws::Call& call,
                                      const registry::StreamInfo& stream) {
  const auto warm = IntegerOf(call.request, "WarmThroughputMiBps");
  if (warm) {
    RETURN_IF_ERROR(parts.settings.Change(stream, [&](StreamSettings& settings) {
      settings.warm_mibps = *warm;
      return base::Result<void>();
    }));
  }
  return {};
}

void WriteMode(const registry::StreamInfo& stream, aws::Writer& writer) {
  writer.Key("StreamModeDetails");
  writer.BeginMap();
  writer.Key("StreamMode");
  writer.Text(stream.mode);
  writer.EndMap();
}

// What StreamSummary, StreamDescription and StreamDescriptionSummary have in common.
void WriteHead(const Parts& parts, const registry::StreamInfo& stream, aws::Writer& writer) {
  WriteNames(parts, stream.definition.name, writer);
  writer.Key("StreamStatus");
  writer.Text("ACTIVE");
  WriteMode(stream, writer);
  writer.Key("StreamCreationTimestamp");
  writer.Time(stream.definition.created);
}

void WriteProperties(const registry::StreamInfo& stream, const StreamSettings& settings,
                     aws::Writer& writer) {
  writer.Key("RetentionPeriodHours");
  writer.Integer(stream.retention_hours);
  writer.Key("EnhancedMonitoring");
  writer.BeginList();
  writer.BeginMap();
  writer.Key("ShardLevelMetrics");
  writer.BeginList();
  for (const std::string& metric : settings.metrics) {
    writer.Text(metric);
  }
  writer.EndList();
  writer.EndMap();
  writer.EndList();
  writer.Key("EncryptionType");
  writer.Text("NONE");
}

Answer SetRetention(const Parts& parts, const aws::Call& call, bool increase) {
  const auto stream = FindStream(parts, call, auth::Action::kManageStreams);
  if (!stream) {
    return std::unexpected(stream.error());
  }
  const std::string& name = stream->definition.name;
  const int64_t hours = IntegerOf(call.request, "RetentionPeriodHours").value_or(0);
  const auto invalid = [](std::string message) {
    return std::unexpected(ApiError{"InvalidArgumentException", std::move(message)});
  };
  if (hours < kMinRetentionHours) {
    return invalid(
        fmt::format("Minimum allowed retention period is {} hours. Requested retention period ({} "
                    "hours) is too short.",
                    kMinRetentionHours, hours));
  }
  if (hours > kMaxRetentionHours) {
    return invalid(
        fmt::format("Maximum allowed retention period is {} hours. Requested retention period ({} "
                    "hours) is too long.",
                    kMaxRetentionHours, hours));
  }
  if (increase ? hours < stream->retention_hours : hours > stream->retention_hours) {
    return invalid(fmt::format(
        "Requested retention period ({} hours) for stream {} can not be {} than existing retention "
        "period ({} hours). Use {}RetentionPeriod API.",
        hours, name, increase ? "shorter" : "longer", stream->retention_hours,
        increase ? "Decrease" : "Increase"));
  }
  if (auto set = parts.registry.SetRetention(name, hours); !set) {
    return std::unexpected(ErrorOf(set.error(), name));
  }
  Audit(parts, call, name);
  return std::string();
}

}  // namespace

Answer CreateStream(const Parts& parts, const aws::Call& call) {
  const std::string name(TextOf(call.request, "StreamName").value_or(""));
  if (auto allowed = Authorize(parts, call, auth::Action::kManageStreams, name); !allowed) {
    return std::unexpected(std::move(allowed.error()));
  }
  const std::string_view mode = ModeOf(call.request);
  const auto asked = IntegerOf(call.request, "ShardCount");
  if (mode == "PROVISIONED" && !asked) {
    return std::unexpected(
        aws::ValidationError(aws::ConstraintFailure("null", "shardCount", "not be null"), 1));
  }
  if (mode == "ON_DEMAND" && asked) {
    return std::unexpected(MakeError("InvalidArgumentException",
                                     "ShardCount cannot be given for a stream of mode ON_DEMAND."));
  }
  const int64_t kib = IntegerOf(call.request, "MaxRecordSizeInKiB").value_or(kMaxRecordKib);
  if (kib > kMaxRecordKib) {
    return std::unexpected(MakeError("InvalidArgumentException",
                                     "MaxRecordSizeInKiB {} is beyond what is stored here: {}.",
                                     kib, kMaxRecordKib));
  }
  const auto tags = ReadTags(call.request, name);
  if (!tags) {
    return std::unexpected(tags.error());
  }
  const int64_t shards = asked.value_or(kOnDemandShards);
  const auto created = parts.registry.CreateStream(
      name, static_cast<uint32_t>(std::min<int64_t>(shards, UINT32_MAX)), mode, *tags);
  if (!created) {
    const bool too_many_shards =
        created.error().code == base::Code::kLimitExceeded && tags->size() <= Registry::kMaxTags;
    return std::unexpected(too_many_shards ? ShardLimit(parts, shards)
                                           : ErrorOf(created.error(), name));
  }
  if (auto kept = KeepWarmThroughput(parts, call, *created); !kept) {
    return std::unexpected(ErrorOf(kept.error(), name));
  }
  Audit(parts, call, name);
  return std::string();
}

Answer DeleteStream(const Parts& parts, const aws::Call& call) {
  const auto stream = FindStream(parts, call, auth::Action::kManageStreams);
  if (!stream) {
    return std::unexpected(stream.error());
  }
  const std::string& name = stream->definition.name;
  auto deleted = parts.registry.DeleteStream(name, FlagOf(call.request, "EnforceConsumerDeletion"));
  if (deleted) {
    deleted = parts.settings.Remove(name);
  }
  if (!deleted) {
    return std::unexpected(ErrorOf(deleted.error(), name));
  }
  Audit(parts, call, name);
  return std::string();
}

Answer ListStreams(const Parts& parts, const aws::Call& call) {
  if (auto allowed = AuthorizeListing(parts, call); !allowed) {
    return std::unexpected(std::move(allowed.error()));
  }
  const auto limit =
      static_cast<size_t>(IntegerOf(call.request, "Limit").value_or(kDefaultStreams));
  std::string after(TextOf(call.request, "ExclusiveStartStreamName").value_or(""));
  if (const auto token = TextOf(call.request, "NextToken")) {
    auto place = ReadNextToken(kListKind, parts.Now(), *token);
    if (!place) {
      return std::unexpected(std::move(place.error()));
    }
    after = *std::move(place);
  }
  // A caller sees the streams that are in the key's scope.
  std::vector<registry::StreamInfo> streams = parts.registry.List();
  std::erase_if(streams, [&](const registry::StreamInfo& stream) {
    return stream.definition.name <= after ||
           !call.identity.May(auth::Action::kDescribeStream, stream.definition.name);
  });
  const bool more = streams.size() > limit;
  const std::span<const registry::StreamInfo> page(streams.data(), std::min(limit, streams.size()));
  const auto writer = aws::Writer::Create(call.encoding);
  writer->BeginMap();
  writer->Key("HasMoreStreams");
  writer->Boolean(more);
  writer->Key("StreamNames");
  writer->BeginList();
  for (const registry::StreamInfo& stream : page) {
    writer->Text(stream.definition.name);
  }
  writer->EndList();
  writer->Key("StreamSummaries");
  writer->BeginList();
  for (const registry::StreamInfo& stream : page) {
    writer->BeginMap();
    WriteHead(parts, stream, *writer);
    writer->EndMap();
  }
  writer->EndList();
  if (more) {
    writer->Key("NextToken");
    writer->Text(SealToken(kListKind, parts.Now(), page.back().definition.name));
  }
  writer->EndMap();
  return writer->Take();
}

Answer DescribeStream(const Parts& parts, const aws::Call& call) {
  const auto stream = FindStream(parts, call, auth::Action::kDescribeStream);
  if (!stream) {
    return std::unexpected(stream.error());
  }
  const auto settings = parts.settings.Get(*stream);
  if (!settings) {
    return std::unexpected(ErrorOf(settings.error(), stream->definition.name));
  }
  const auto limit = static_cast<size_t>(
      std::min(IntegerOf(call.request, "Limit").value_or(kDefaultShards), kDefaultShards));
  const std::string_view after = TextOf(call.request, "ExclusiveStartShardId").value_or("");
  const auto writer = aws::Writer::Create(call.encoding);
  writer->BeginMap();
  writer->Key("StreamDescription");
  writer->BeginMap();
  WriteHead(parts, *stream, *writer);
  WriteProperties(*stream, *settings, *writer);
  writer->Key("Shards");
  writer->BeginList();
  size_t listed = 0;
  bool more = false;
  for (const log::ShardDefinition& shard : stream->definition.shards) {
    if (model::FormatShardId(shard.id) <= after) {
      continue;
    }
    more = listed == limit;
    if (more) {
      break;
    }
    WriteShard(stream->definition, shard, *writer);
    ++listed;
  }
  writer->EndList();
  writer->Key("HasMoreShards");
  writer->Boolean(more);
  writer->EndMap();
  writer->EndMap();
  return writer->Take();
}

Answer DescribeStreamSummary(const Parts& parts, const aws::Call& call) {
  const auto stream = FindStream(parts, call, auth::Action::kDescribeStream);
  if (!stream) {
    return std::unexpected(stream.error());
  }
  const std::string& name = stream->definition.name;
  const auto settings = parts.settings.Get(*stream);
  const auto consumers = parts.registry.Consumers(name);
  if (!settings || !consumers) {
    return std::unexpected(ErrorOf(settings ? consumers.error() : settings.error(), name));
  }
  const auto writer = aws::Writer::Create(call.encoding);
  writer->BeginMap();
  writer->Key("StreamDescriptionSummary");
  writer->BeginMap();
  WriteHead(parts, *stream, *writer);
  WriteProperties(*stream, *settings, *writer);
  writer->Key("OpenShardCount");
  writer->Integer(static_cast<int64_t>(OpenShards(stream->definition)));
  writer->Key("ConsumerCount");
  writer->Integer(static_cast<int64_t>(consumers->size()));
  writer->Key("MaxRecordSizeInKiB");
  writer->Integer(kMaxRecordKib);
  if (settings->warm_mibps > 0) {
    writer->Key("WarmThroughput");
    writer->BeginMap();
    writer->Key("TargetMiBps");
    writer->Integer(settings->warm_mibps);
    writer->Key("CurrentMiBps");
    writer->Integer(settings->warm_mibps);
    writer->EndMap();
  }
  writer->EndMap();
  writer->EndMap();
  return writer->Take();
}

Answer UpdateStreamMode(const Parts& parts, const aws::Call& call) {
  const auto stream = FindStream(parts, call, auth::Action::kManageStreams);
  if (!stream) {
    return std::unexpected(stream.error());
  }
  const std::string& name = stream->definition.name;
  auto set = parts.registry.SetMode(name, ModeOf(call.request));
  if (set) {
    set = KeepWarmThroughput(parts, call, *stream);
  }
  if (!set) {
    return std::unexpected(ErrorOf(set.error(), name));
  }
  Audit(parts, call, name);
  return std::string();
}

Answer IncreaseStreamRetentionPeriod(const Parts& parts, const aws::Call& call) {
  return SetRetention(parts, call, true);
}

Answer DecreaseStreamRetentionPeriod(const Parts& parts, const aws::Call& call) {
  return SetRetention(parts, call, false);
}

}  // namespace weir::ingest::kinesis
