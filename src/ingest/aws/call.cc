#include "ingest/aws/call.h"

#include <utility>

#include "base/bytes.h"
#include "base/md5.h"
#include "ingest/aws/cbor_document.h"

namespace weir::ingest::aws {
namespace {

constexpr json::Limits kLimits{.max_bytes = 16 << 20, .max_depth = 32, .max_keys = 256};

// The APIs' request ids are UUIDs.
std::string Uuid(std::string_view request_id) {
  const unsigned __int128 hash = base::Md5(request_id);
  const std::string hex =
      fmt::format("{:016x}{:016x}", static_cast<uint64_t>(hash >> 64), static_cast<uint64_t>(hash));
  return fmt::format("{}-{}-{}-{}-{}", hex.substr(0, 8), hex.substr(8, 4), hex.substr(12, 4),
                     hex.substr(16, 4), hex.substr(20));
}

}  // namespace

std::string_view ContentType(Encoding encoding) {
  return encoding == Encoding::kJson ? "application/x-amz-json-1.1" : "application/x-amz-cbor-1.1";
}

net::Response MakeResponse(Encoding encoding, int status, std::string body,
                           std::string_view request_id) {
  net::Response response;
  response.status = status;
  response.content_type = ContentType(encoding);
  response.body = std::move(body);
  response.headers.emplace_back("x-amzn-RequestId", Uuid(request_id));
  response.headers.emplace_back("x-amz-id-2", base::ToBase64(request_id));
  return response;
}

net::Response MakeResponse(Encoding encoding, const ApiError& error, std::string_view request_id) {
  const std::unique_ptr<Writer> writer = Writer::Create(encoding);
  writer->BeginMap();
  writer->Key("__type");
  writer->Text(error.type);
  // The API spells this one exception's member with a capital letter.
  writer->Key(error.type == "SerializationException" ? "Message" : "message");
  writer->Text(error.message);
  writer->EndMap();
  return MakeResponse(encoding, error.status, writer->Take(), request_id);
}

net::Response MakeResponse(Encoding encoding, Answer answer, std::string_view request_id) {
  return answer ? MakeResponse(encoding, 200, *std::move(answer), request_id)
                : MakeResponse(encoding, answer.error(), request_id);
}

std::expected<json::Value, ApiError> ReadDocument(Encoding encoding, std::string_view body) {
  auto document =
      encoding == Encoding::kJson ? json::Parse(body, kLimits) : cbor::ReadDocument(body);
  if (!document) {
    return std::unexpected(ApiError{"SerializationException", document.error().message});
  }
  if (!document->IsObject()) {
    return std::unexpected(
        ApiError{"SerializationException", "Start of structure or map expected"});
  }
  return *std::move(document);
}

}  // namespace weir::ingest::aws
