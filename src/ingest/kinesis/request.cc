#include "ingest/kinesis/request.h"

#include <algorithm>
#include <cmath>

#include "base/logging.h"
#include "ingest/aws/account.h"
#include "ingest/aws/door.h"
#include "ingest/kinesis/arn.h"

namespace weir::ingest::kinesis {
namespace {

using aws::ApiError;
using aws::MakeError;

const json::Value* Find(const json::Value& request, std::string_view member) {
  const json::Value* const value = request.Find(member);
  return value == nullptr || value->IsNull() ? nullptr : value;
}

// Whole 64-bit numbers stay exact; others are cut to the range.
int64_t Whole(double number) {
  constexpr double kBound = 9.2e18;
  return static_cast<int64_t>(std::trunc(std::clamp(number, -kBound, kBound)));
}

}  // namespace

std::optional<std::string_view> TextOf(const json::Value& request, std::string_view member) {
  const json::Value* const value = Find(request, member);
  return value == nullptr ? std::nullopt : value->AsString();
}

std::optional<int64_t> IntegerOf(const json::Value& request, std::string_view member) {
  const json::Value* const value = Find(request, member);
  if (value == nullptr) {
    return std::nullopt;
  }
  const auto whole = value->AsInt();
  return whole ? *whole : Whole(value->AsDouble().value_or(0));
}

std::optional<model::Rowtime> TimeOf(const json::Value& request, std::string_view member) {
  const json::Value* const value = Find(request, member);
  if (value == nullptr) {
    return std::nullopt;
  }
  return model::Rowtime{Whole(std::round(value->AsDouble().value_or(0) * 1000))};
}

bool FlagOf(const json::Value& request, std::string_view member) {
  const json::Value* const value = Find(request, member);
  return value != nullptr && value->AsBool().value_or(false);
}

std::expected<std::string, ApiError> StreamNameOf(const json::Value& request) {
  const auto name = TextOf(request, "StreamName");
  auto arn = TextOf(request, "StreamARN");
  if (!arn) {
    arn = TextOf(request, "ResourceARN");
  }
  if (!name && !arn) {
    return std::unexpected(
        aws::ValidationError(aws::ConstraintFailure("null", "streamName", "not be null"), 1));
  }
  const std::string_view named = arn ? StreamOfArn(*arn) : *name;
  if (name && arn && *name != named) {
    return std::unexpected(MakeError("InvalidArgumentException",
                                     "StreamName {} and StreamARN {} name different streams.",
                                     *name, *arn));
  }
  return std::string(named);
}

std::expected<void, ApiError> Authorize(const Parts& parts, const aws::Call& call,
                                        auth::Action action, std::string_view stream) {
  return aws::Authorize(parts.gate, call.identity, action, stream, call.http);
}

std::expected<void, ApiError> AuthorizeListing(const Parts& parts, const aws::Call& call) {
  const std::vector<std::string>& scope = call.identity.streams;
  return Authorize(parts, call, auth::Action::kDescribeStream, scope.empty() ? "" : scope.front());
}

std::expected<registry::StreamInfo, ApiError> FindStream(const Parts& parts, const aws::Call& call,
                                                         auth::Action action,
                                                         std::string_view name) {
  if (auto allowed = Authorize(parts, call, action, name); !allowed) {
    return std::unexpected(std::move(allowed.error()));
  }
  auto stream = parts.registry.Get(name);
  if (!stream) {
    return std::unexpected(ErrorOf(stream.error(), name));
  }
  return *std::move(stream);
}

std::expected<registry::StreamInfo, ApiError> FindStream(const Parts& parts, const aws::Call& call,
                                                         auth::Action action) {
  const auto name = StreamNameOf(call.request);
  if (!name) {
    return std::unexpected(name.error());
  }
  return FindStream(parts, call, action, *name);
}

ApiError ErrorOf(const base::Error& error, std::string_view stream) {
  switch (error.code) {
    case base::Code::kNotFound:
      return StreamNotFound(stream);
    case base::Code::kInvalidArgument:
      return {"InvalidArgumentException", error.message};
    case base::Code::kAlreadyExists:
      return MakeError("ResourceInUseException", "Stream {} under account {} already exists.",
                       stream, aws::kAccount);
    case base::Code::kFailedPrecondition:
      return {"ResourceInUseException", error.message};
    case base::Code::kLimitExceeded:
    case base::Code::kUnavailable:
    case base::Code::kDiskFull:
      return {"LimitExceededException", error.message};
    default:
      base::LogEvent(base::LogLevel::kError, "kinesis.failed", error.message);
      return {"InternalFailure", "Internal Service Failure.", 500};
  }
}

void Audit(const Parts& parts, const aws::Call& call, std::string_view stream) {
  parts.gate.Audit(call.identity, call.operation, stream, call.http);
}

void WriteNames(const Parts& parts, std::string_view name, aws::Writer& writer) {
  writer.Key("StreamName");
  writer.Text(name);
  writer.Key("StreamARN");
  writer.Text(aws::StreamArn(parts.region, name));
}

ApiError StreamNotFound(std::string_view name) {
  return MakeError("ResourceNotFoundException", "Stream {} under account {} not found.", name,
                   aws::kAccount);
}

std::expected<const log::ShardDefinition*, ApiError> FindShard(const log::StreamDefinition& stream,
                                                               std::string_view shard_id) {
  const auto id = model::ParseShardId(shard_id);
  const auto found =
      id ? std::ranges::find(stream.shards, *id, &log::ShardDefinition::id) : stream.shards.end();
  if (found == stream.shards.end()) {
    return std::unexpected(MakeError("ResourceNotFoundException",
                                     "Could not find shard {} in stream {} under account {}.",
                                     shard_id, stream.name, aws::kAccount));
  }
  return &*found;
}

}  // namespace weir::ingest::kinesis
