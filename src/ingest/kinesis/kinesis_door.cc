#include "ingest/kinesis/kinesis_door.h"

#include <optional>
#include <utility>
#include <vector>

#include "ingest/kinesis/describe.h"
#include "ingest/kinesis/sequence_text.h"
#include "json/row_encoder.h"

namespace weir::ingest::kinesis {
namespace {

constexpr std::string_view kTargetPrefix = "Kinesis_20131202.";
constexpr size_t kMaxQuotedTarget = 128;
constexpr size_t kResultBytes = 130;

// What is wrong with the request before its operation is looked at.
std::optional<ApiError> CheckEnvelope(const net::Request& request) {
  const std::string_view type = request.Header("content-type");
  const std::string_view media = type.substr(0, type.find(';'));
  if (media == "application/x-amz-cbor-1.1") {
    return MakeError("SerializationException",
                     "CBOR is not understood: make the client send JSON (AWS_CBOR_DISABLE=true)");
  }
  if (media != "application/x-amz-json-1.1" && media != "application/json") {
    return MakeError("UnknownOperationException",
                     "content-type '{}' is not that of the Kinesis API, application/x-amz-json-1.1",
                     media.substr(0, kMaxQuotedTarget));
  }
  if (request.body.empty()) {
    return MakeError("SerializationException", "the body is empty");
  }
  return std::nullopt;
}

// How the API names a failure of the log: per record in PutRecords, for the whole request in
// PutRecord.
ApiError LogError(const base::Error& error, std::string_view stream) {
  switch (error.code) {
    case base::Code::kUnavailable:
    case base::Code::kDiskFull:
    case base::Code::kLimitExceeded:
      return MakeError("ProvisionedThroughputExceededException",
                       "Rate exceeded for stream {} under account {}: {}", stream, kAccount,
                       error.message);
    case base::Code::kInvalidArgument:
      return {"InvalidArgumentException", error.message};
    default:
      return {"InternalFailure", "Internal Service Failure.", 500};
  }
}

std::string FailedBatch(const ApiError& error, size_t records) {
  std::string one = "{\"ErrorCode\":";
  json::AppendQuoted(error.type, one);
  one.append(",\"ErrorMessage\":");
  json::AppendQuoted(error.message, one);
  one.append("}");
  std::string body = fmt::format("{{\"FailedRecordCount\":{},\"Records\":[", records);
  for (size_t i = 0; i < records; ++i) {
    body.append(i == 0 ? "" : ",").append(one);
  }
  body.append("]}");
  return body;
}

std::string StoredBatch(const std::vector<log::Placement>& placements,
                        const log::StreamDefinition& stream) {
  SequenceText text(stream);
  std::string body;
  body.reserve(placements.size() * kResultBytes + kResultBytes);
  body.append("{\"EncryptionType\":\"NONE\",\"FailedRecordCount\":0,\"Records\":[");
  for (const log::Placement& placement : placements) {
    body.push_back('{');
    text.Append(placement, body);
    body.append("},");
  }
  body.back() = ']';
  body.push_back('}');
  return body;
}

std::string StoredOne(const log::Placement& placement, const log::StreamDefinition& stream) {
  std::string body = "{\"EncryptionType\":\"NONE\",";
  SequenceText(stream).Append(placement, body);
  body.push_back('}');
  return body;
}

}  // namespace

void KinesisDoor::Handle(net::Request request, std::unique_ptr<net::Responder> responder) {
  if (const auto error = CheckEnvelope(request)) {
    return responder->Send(ApiResponse(*error, request.request_id));
  }
  const std::string_view target = request.Header("x-amz-target");
  if (!target.starts_with(kTargetPrefix)) {
    return responder->Send(
        ApiResponse(MakeError("UnknownOperationException",
                              "x-amz-target '{}' names no operation of Kinesis_20131202",
                              target.substr(0, kMaxQuotedTarget)),
                    request.request_id));
  }
  const std::string_view operation = target.substr(kTargetPrefix.size());
  if (operation == "PutRecords" || operation == "PutRecord") {
    return Put(request, operation == "PutRecords", std::move(responder));
  }
  const auto described = Describe(log_, operation, request.body);
  responder->Send(described ? ApiResponse(200, *described, request.request_id)
                            : ApiResponse(described.error(), request.request_id));
}

void KinesisDoor::Put(const net::Request& request, bool batch,
                      std::unique_ptr<net::Responder> responder) {
  thread_local PutRequest put;
  log::Stream* stream = nullptr;
  const auto prepare = [&]() -> std::expected<void, ApiError> {
    if (auto read = batch ? ReadPutRecords(request.body, put) : ReadPutRecord(request.body, put);
        !read) {
      return read;
    }
    const auto name = CheckConstraints(put, batch);
    if (!name) {
      return std::unexpected(name.error());
    }
    stream = log_.Find(*name);
    if (stream == nullptr) {
      return std::unexpected(StreamNotFound(*name));
    }
    return CheckLimits(put);
  };
  if (const auto prepared = prepare(); !prepared) {
    metrics_.malformed.Add(static_cast<double>(put.entries.size()));
    return responder->Send(ApiResponse(prepared.error(), request.request_id));
  }
  stream->Append(
      put.appended, [this, batch, stream, records = put.appended.size(), bytes = put.decoded.size(),
                     request_id = request.request_id, responder = std::move(responder)](
                        base::Result<std::vector<log::Placement>> placed) mutable {
        Answered(batch, records, bytes, *stream, request_id, std::move(placed), *responder);
      });
}

void KinesisDoor::Answered(bool batch, size_t records, size_t bytes, const log::Stream& stream,
                           const std::string& request_id,
                           base::Result<std::vector<log::Placement>> placed,
                           net::Responder& responder) {
  const log::StreamDefinition& definition = stream.definition();
  if (!placed) {
    metrics_.failed.Add(static_cast<double>(records));
    const ApiError error = LogError(placed.error(), definition.name);
    return responder.Send(batch ? ApiResponse(200, FailedBatch(error, records), request_id)
                                : ApiResponse(error, request_id));
  }
  metrics_.accepted.Add(static_cast<double>(records));
  metrics_.bytes.Add(static_cast<double>(bytes));
  responder.Send(ApiResponse(
      200, batch ? StoredBatch(*placed, definition) : StoredOne(placed->front(), definition),
      request_id));
}

}  // namespace weir::ingest::kinesis
