#include "ingest/kinesis/wire.h"

#include "base/bytes.h"
#include "base/md5.h"
#include "json/row_encoder.h"

namespace weir::ingest::kinesis {
namespace {

// The API's request ids are UUIDs.
std::string Uuid(std::string_view request_id) {
  const unsigned __int128 hash = base::Md5(request_id);
  const std::string hex =
      fmt::format("{:016x}{:016x}", static_cast<uint64_t>(hash >> 64), static_cast<uint64_t>(hash));
  return fmt::format("{}-{}-{}-{}-{}", hex.substr(0, 8), hex.substr(8, 4), hex.substr(12, 4),
                     hex.substr(16, 4), hex.substr(20));
}

}  // namespace

std::string StreamArn(std::string_view name) {
  return fmt::format("arn:aws:kinesis:{}:{}:stream/{}", kRegion, kAccount, name);
}

net::Response ApiResponse(int status, std::string body, std::string_view request_id) {
  net::Response response;
  response.status = status;
  response.content_type = "application/x-amz-json-1.1";
  response.body = std::move(body);
  response.headers.emplace_back("x-amzn-RequestId", Uuid(request_id));
  response.headers.emplace_back("x-amz-id-2", base::ToBase64(request_id));
  return response;
}

net::Response ApiResponse(const ApiError& error, std::string_view request_id) {
  std::string body = "{\"__type\":";
  json::AppendQuoted(error.type, body);
  // The API spells this one exception's member with a capital letter.
  body.append(error.type == "SerializationException" ? ",\"Message\":" : ",\"message\":");
  json::AppendQuoted(error.message, body);
  body.append("}");
  return ApiResponse(error.status, std::move(body), request_id);
}

ApiError StreamNotFound(std::string_view name) {
  return MakeError("ResourceNotFoundException", "Stream {} under account {} not found.", name,
                   kAccount);
}

ApiError ValidationError(std::string_view failures, size_t count) {
  return MakeError("ValidationException", "{} validation error{} detected: {}", count,
                   count == 1 ? "" : "s", failures);
}

std::string ConstraintFailure(std::string_view value, std::string_view member,
                              std::string_view constraint) {
  return fmt::format("Value {} at '{}' failed to satisfy constraint: Member must {}", value, member,
                     constraint);
}

}  // namespace weir::ingest::kinesis
