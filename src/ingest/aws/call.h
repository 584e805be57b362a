#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "auth/identity.h"
#include "ingest/aws/error.h"
#include "ingest/aws/writer.h"
#include "json/document.h"
#include "net/http_server.h"

namespace weir::ingest::aws {

/// One call of an operation: its envelope is right and the caller is known. What the caller may do
/// is for the operation to ask (auth::Gate::Authorize), once it knows its stream.
struct Call {
  std::string operation;  ///< "ListShards"
  Encoding encoding = Encoding::kJson;
  /// An object. Of CBOR requests, byte strings are Base64 text and times are seconds.
  json::Value request;
  auth::Identity identity;
  net::Request http;
};

/// A call whose operation reads its body by itself.
struct BodyCall {
  std::string operation;
  Encoding encoding = Encoding::kJson;
  auth::Identity identity;
  net::Request http;
};

/// The finished body, in the call's encoding, or the error.
using Answer = std::expected<std::string, ApiError>;

/// "application/x-amz-json-1.1" or "application/x-amz-cbor-1.1".
std::string_view ContentType(Encoding encoding);

/// The response with the headers of the APIs; `request_id` is the server's (Request::request_id).
net::Response MakeResponse(Encoding encoding, int status, std::string body,
                           std::string_view request_id);
net::Response MakeResponse(Encoding encoding, const ApiError& error, std::string_view request_id);
net::Response MakeResponse(Encoding encoding, Answer answer, std::string_view request_id);

/// Reads a request's body into a document. SerializationException for what is no object.
std::expected<json::Value, ApiError> ReadDocument(Encoding encoding, std::string_view body);

}  // namespace weir::ingest::aws
