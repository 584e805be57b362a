#include "ingest/firehose/describe.h"

#include <algorithm>
#include <string>
#include <vector>

#include "ingest/aws/account.h"
#include "ingest/aws/door.h"
#include "json/document.h"
#include "registry/delivery_stream.h"

namespace weir::ingest::firehose {
namespace {

using aws::ApiError;

constexpr json::Limits kDefinitionLimits{.max_bytes = 1 << 20, .max_depth = 64, .max_keys = 2'000};
constexpr int64_t kDefaultPage = 10;
constexpr std::string_view kRole = "arn:aws:iam::000000000000:role/weir";

ApiError InternalFailure() {
  return {"InternalFailure", "Internal Service Failure.", 500};
}

std::string TextAt(const json::Value& value, std::string_view key, std::string_view preset = "") {
  return value.StringAt(key).value_or(std::string(preset));
}

// Whether the definition has a Kinesis stream as its source; else it takes records itself, or from
// an application.
std::string TypeOf(const json::Value& definition) {
  return definition.Find("KinesisStreamSourceConfiguration") != nullptr ? "KinesisStreamAsSource"
                                                                        : "DirectPut";
}

void WriteText(aws::Writer& writer, std::string_view key, std::string_view text) {
  writer.Key(key);
  writer.Text(text);
}

void WriteSource(const DoorParts& parts, aws::Writer& writer, const catalog::Resource& resource,
                 const json::Value& source) {
  writer.Key("Source");
  writer.BeginMap();
  writer.Key("KinesisStreamSourceDescription");
  writer.BeginMap();
  // The region of a stack's ARNs is not the server's.
  const std::string arn = TextAt(source, "KinesisStreamARN");
  const std::string name = arn.substr(arn.rfind('/') + 1);
  WriteText(writer, "KinesisStreamARN", aws::StreamArn(parts.region, name));
  WriteText(writer, "RoleARN", TextAt(source, "RoleARN", kRole));
  writer.Key("DeliveryStartTimestamp");
  writer.Time(resource.created);
  writer.EndMap();
  writer.EndMap();
}

// What both kinds of S3 destinations have.
void WriteDestination(aws::Writer& writer, std::string_view kind, const json::Value& destination) {
  constexpr int64_t kDefaultMegabytes = 5;
  constexpr int64_t kDefaultSeconds = 300;
  const json::Value none;
  const json::Value* const hints = destination.Find("BufferingHints");
  const json::Value& buffering = hints == nullptr ? none : *hints;
  writer.Key(kind);
  writer.BeginMap();
  WriteText(writer, "RoleARN", TextAt(destination, "RoleARN", kRole));
  WriteText(writer, "BucketARN", TextAt(destination, "BucketARN"));
  WriteText(writer, "Prefix", TextAt(destination, "Prefix"));
  WriteText(writer, "ErrorOutputPrefix", TextAt(destination, "ErrorOutputPrefix"));
  writer.Key("BufferingHints");
  writer.BeginMap();
  writer.Key("SizeInMBs");
  writer.Integer(buffering.IntAt("SizeInMBs").value_or(kDefaultMegabytes));
  writer.Key("IntervalInSeconds");
  writer.Integer(buffering.IntAt("IntervalInSeconds").value_or(kDefaultSeconds));
  writer.EndMap();
  WriteText(writer, "CompressionFormat", TextAt(destination, "CompressionFormat", "UNCOMPRESSED"));
  writer.Key("EncryptionConfiguration");
  writer.BeginMap();
  WriteText(writer, "NoEncryptionConfig", "NoEncryption");
  writer.EndMap();
  writer.EndMap();
}

void WriteDestinations(aws::Writer& writer, const json::Value& definition) {
  writer.Key("Destinations");
  writer.BeginList();
  writer.BeginMap();
  WriteText(writer, "DestinationId", "destinationId-000000000001");
  const json::Value* const extended = definition.Find("ExtendedS3DestinationConfiguration");
  const json::Value* const plain = definition.Find("S3DestinationConfiguration");
  if (extended != nullptr) {
    WriteDestination(writer, "ExtendedS3DestinationDescription", *extended);
  }
  if (extended != nullptr || plain != nullptr) {
    WriteDestination(writer, "S3DestinationDescription", extended != nullptr ? *extended : *plain);
  }
  writer.EndMap();
  writer.EndList();
  writer.Key("HasMoreDestinations");
  writer.Boolean(false);
}

}  // namespace

ApiError DeliveryStreamNotFound(std::string_view name) {
  return aws::MakeError("ResourceNotFoundException", "Firehose {} under account {} not found.",
                        name, aws::kAccount);
}

std::expected<catalog::Resource, ApiError> FindDeliveryStream(const DoorParts& parts,
                                                              std::string_view name) {
  auto resource = parts.catalog.Get(registry::kDeliveryStreamType, name);
  if (!resource) {
    return std::unexpected(resource.error().code == base::Code::kNotFound
                               ? DeliveryStreamNotFound(name)
                               : InternalFailure());
  }
  return *std::move(resource);
}

aws::Answer DescribeDeliveryStream(const DoorParts& parts, const aws::Call& call) {
  const std::string name = TextAt(call.request, "DeliveryStreamName");
  if (const auto allowed =
          aws::Authorize(parts.gate, call.identity, auth::Action::kDescribeStream, name, call.http);
      !allowed) {
    return std::unexpected(allowed.error());
  }
  const auto resource = FindDeliveryStream(parts, name);
  if (!resource) {
    return std::unexpected(resource.error());
  }
  const auto definition = json::Parse(resource->definition, kDefinitionLimits);
  if (!definition) {
    return std::unexpected(InternalFailure());
  }
  const auto writer = aws::Writer::Create(call.encoding);
  writer->BeginMap();
  writer->Key("DeliveryStreamDescription");
  writer->BeginMap();
  WriteText(*writer, "DeliveryStreamName", name);
  WriteText(*writer, "DeliveryStreamARN", aws::DeliveryStreamArn(parts.region, name));
  WriteText(*writer, "DeliveryStreamStatus", "ACTIVE");
  WriteText(*writer, "DeliveryStreamType", TypeOf(*definition));
  WriteText(*writer, "VersionId", "1");
  writer->Key("CreateTimestamp");
  writer->Time(resource->created);
  if (const auto* source = definition->Find("KinesisStreamSourceConfiguration")) {
    WriteSource(parts, *writer, *resource, *source);
  }
  WriteDestinations(*writer, *definition);
  writer->EndMap();
  writer->EndMap();
  return writer->Take();
}

aws::Answer ListDeliveryStreams(const DoorParts& parts, const aws::Call& call) {
  if (const auto allowed =
          aws::Authorize(parts.gate, call.identity, auth::Action::kDescribeStream, "", call.http);
      !allowed) {
    return std::unexpected(allowed.error());
  }
  const auto resources = parts.catalog.List(registry::kDeliveryStreamType);
  if (!resources) {
    return std::unexpected(InternalFailure());
  }
  const std::string type = TextAt(call.request, "DeliveryStreamType");
  const std::string after = TextAt(call.request, "ExclusiveStartDeliveryStreamName");
  std::vector<std::string> names;
  for (const catalog::Resource& resource : *resources) {
    const auto definition = json::Parse(resource.definition, kDefinitionLimits);
    if (resource.name > after && (type.empty() || (definition && TypeOf(*definition) == type))) {
      names.push_back(resource.name);
    }
  }
  std::ranges::sort(names);
  const auto page = static_cast<size_t>(call.request.IntAt("Limit").value_or(kDefaultPage));
  const bool more = names.size() > page;
  names.resize(std::min(names.size(), page));
  const auto writer = aws::Writer::Create(call.encoding);
  writer->BeginMap();
  writer->Key("DeliveryStreamNames");
  writer->BeginList();
  for (const std::string& name : names) {
    writer->Text(name);
  }
  writer->EndList();
  writer->Key("HasMoreDeliveryStreams");
  writer->Boolean(more);
  writer->EndMap();
  return writer->Take();
}

}  // namespace weir::ingest::firehose
